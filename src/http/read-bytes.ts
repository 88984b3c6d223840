// A request's whole body, up to a limit that is checked while reading.
import { AppError } from '../api/error.ts'

/** Throws AppError BodyTooLarge as soon as the limit (bytes) is passed. */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > limit) throw tooLarge(declared, limit)
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.length
    if (size > limit) throw tooLarge(size, limit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const tooLarge = (size: number, limit: number): AppError =>
  new AppError('BodyTooLarge', `body: got ${size} bytes or more; valid: at most ${limit} bytes`)
