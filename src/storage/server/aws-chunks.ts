// Decodes aws-chunked bodies (x-amz-content-sha256: STREAMING-…): size and signature before each piece of
// data, headers behind the last. Checks the signatures when it is given the means; the pieces come out before
// their signature is known, so whoever stores them must forget them when this throws.
import { createHash } from 'node:crypto'
import { EMPTY_SHA256, sameSignature } from '../../lib/signature/canonical.ts'
import { type ChunkSigning, chunkSignature, trailerSignature } from '../../lib/signature/s3-v4-chunks.ts'
import { StorageError } from './storage-error.ts'

const MAX_LINE_BYTES = 8 * 1024
const CRLF = Buffer.from('\r\n')

/** Reads lines and counted bytes from a stream of pieces. */
class PieceReader {
  #source: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next()
    if (done) return false
    const piece = Buffer.from(value.buffer, value.byteOffset, value.length)
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    return true
  }

  /** The next line without its end; undefined at the end of the stream. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const at = this.#rest.indexOf(CRLF)
      if (at >= 0) {
        const line = this.#rest.toString('latin1', 0, at)
        this.#rest = this.#rest.subarray(at + 2)
        return line
      }
      if (this.#rest.length > MAX_LINE_BYTES)
        throw new StorageError('InvalidRequest', 'A line of the aws-chunked body is too long')
      if (await this.#more()) continue
      if (this.#rest.length > 0) throw new StorageError('IncompleteBody')
      return undefined
    }
  }

  /** Exactly `count` bytes, in pieces. Throws IncompleteBody. */
  async *bytes(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#more())) throw new StorageError('IncompleteBody')
      const piece = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(piece.length)
      left -= piece.length
      if (piece.length > 0) yield piece
    }
  }

  async stop(): Promise<void> {
    await this.#source.return?.()
  }
}

function checkSignature(expected: string, sent: string | undefined, what: string): void {
  if (sent === undefined || !sameSignature(expected, sent))
    throw new StorageError('SignatureDoesNotMatch', `The signature of ${what} does not match`)
}

async function readTrailers(
  reader: PieceReader,
  signing: ChunkSigning | undefined,
  previous: string,
): Promise<Map<string, string>> {
  const trailers = new Map<string, string>()
  let signed = ''
  for (let line = await reader.line(); line !== undefined && line !== ''; line = await reader.line()) {
    const at = line.indexOf(':')
    const name = line.slice(0, Math.max(at, 0)).trim().toLowerCase()
    const value = line.slice(at + 1).trim()
    trailers.set(name, value)
    if (name !== 'x-amz-trailer-signature') signed += `${name}:${value}\n`
  }
  if (signing && signed !== '')
    checkSignature(
      trailerSignature(signing, previous, signed),
      trailers.get('x-amz-trailer-signature'),
      'the trailing headers',
    )
  return trailers
}

/**
 * The data of an aws-chunked body. `onTrailers` hears the headers behind it (lower-case names) before the end.
 * Throws StorageError (IncompleteBody, InvalidRequest, SignatureDoesNotMatch).
 */
export async function* decodeAwsChunks(
  source: AsyncIterable<Uint8Array>,
  signing: ChunkSigning | undefined,
  onTrailers: (trailers: ReadonlyMap<string, string>) => void,
): AsyncGenerator<Uint8Array> {
  const reader = new PieceReader(source)
  let previous = signing?.seedSignature ?? ''
  try {
    for (let number = 1; ; number += 1) {
      const line = await reader.line()
      const match = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line ?? '')
      if (line === undefined) throw new StorageError('IncompleteBody')
      if (!match)
        throw new StorageError(
          'InvalidRequest',
          `Chunk ${number} of the aws-chunked body has no valid size line`,
        )
      const size = Number.parseInt(match[1] ?? '', 16)
      const hash = signing && size > 0 ? createHash('sha256') : undefined
      for await (const piece of reader.bytes(size)) {
        hash?.update(piece)
        yield piece
      }
      if (signing) {
        const expected = chunkSignature(signing, previous, hash?.digest('hex') ?? EMPTY_SHA256)
        checkSignature(expected, match[2], `chunk ${number}`)
        previous = expected
      }
      if (size === 0) break
      if ((await reader.line()) !== '')
        throw new StorageError(
          'InvalidRequest',
          `Chunk ${number} of the aws-chunked body is longer than its size`,
        )
    }
    onTrailers(await readTrailers(reader, signing, previous))
  } finally {
    await reader.stop()
  }
}
