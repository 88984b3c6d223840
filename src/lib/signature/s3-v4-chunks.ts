// Signatures of aws-chunked bodies: every chunk is signed together with the signature before it, the
// first with the request's own. Mirrors AWS's "Signature Calculations for the Authorization Header:
// Transferring Payload in Multiple Chunks", with and without trailing headers.
import { EMPTY_SHA256, hmacSha256, sha256Hex } from './canonical.ts'

/** What checking the chunks of one request takes; plain data. `keyHex` is the day's signing key. */
export type ChunkSigning = {
  readonly keyHex: string
  readonly date: string
  readonly scope: string
  readonly seedSignature: string
}

const sign = (signing: ChunkSigning, lines: readonly string[]): string =>
  hmacSha256(Buffer.from(signing.keyHex, 'hex'), lines.join('\n')).toString('hex')

/** Hex signature of one chunk, given the signature before it and the hex sha256 of the chunk's data. */
export const chunkSignature = (signing: ChunkSigning, previous: string, dataSha256: string): string =>
  sign(signing, ['AWS4-HMAC-SHA256-PAYLOAD', signing.date, signing.scope, previous, EMPTY_SHA256, dataSha256])

/** Hex signature of trailing headers; `trailer` is `name:value\n` for each, in the order sent. */
export const trailerSignature = (signing: ChunkSigning, previous: string, trailer: string): string =>
  sign(signing, ['AWS4-HMAC-SHA256-TRAILER', signing.date, signing.scope, previous, sha256Hex(trailer)])
