// A request's whole body, up to a limit that is checked while reading.
import type { IncomingMessage } from 'node:http'
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

/** The same from Node's own request: a third of the work of a web stream, for what comes by the megabyte. */
export async function readIncoming(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > limit) throw tooLarge(declared, limit)
  const body = Buffer.allocUnsafe(declared)
  const more: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (size + chunk.length > limit) throw tooLarge(size + chunk.length, limit)
    // Pieces are copied out at once, or each would keep its own 64 KiB alive.
    if (size + chunk.length <= declared) chunk.copy(body, size)
    else more.push(chunk)
    size += chunk.length
  }
  return more.length === 0 ? body.subarray(0, size) : Buffer.concat([body.subarray(0, declared), ...more])
}

const tooLarge = (size: number, limit: number): AppError =>
  new AppError('BodyTooLarge', `body: got ${size} bytes or more; valid: at most ${limit} bytes`)
