// How large a document may be that is kept for as long as its job or algorithm: each answer about it carries all of it,
// and a page of a search carries fifty.
import { AppError } from '../api/error.ts'

const MAX_STORED_BYTES = 1 << 20

/** Throws AppError BodyTooLarge for a request that is longer than this as JSON. */
export function checkSize(request: object): void {
  const size = Buffer.byteLength(JSON.stringify(request))
  if (size > MAX_STORED_BYTES)
    throw new AppError(
      'BodyTooLarge',
      `body: got ${size} bytes of JSON to keep; valid: at most ${MAX_STORED_BYTES} bytes`,
    )
}
