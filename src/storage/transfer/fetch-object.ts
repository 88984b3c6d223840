// Brings one object into one new file: in parallel ranges when it is big, going on where a broken
// connection stopped, always the same version (If-Match), with size and, where the ETag is one, md5 checked.
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { ObjectClient } from '../object-client.ts'
import { toObjectStoreError } from '../object-connection.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import { writePieces } from '../write-pieces.ts'
import { forEachParallel, type Limit } from './parallel.ts'
import type { Counter } from './progress.ts'
import { TransferError } from './transfer-error.ts'

const RANGE_BYTES = 16 * 1024 * 1024
const WRITE_BYTES = 1024 * 1024
const ATTEMPTS = 5

export type FetchInput = {
  readonly client: ObjectClient
  readonly bucket: string
  readonly key: string
  readonly size: number
  readonly etag: string
  /** A file that does not exist yet. */
  readonly path: string
  readonly limit: Limit
  readonly width: number
  readonly counter: Counter
  readonly signal: AbortSignal
}

type Piece = { readonly start: number; readonly end: number }
type Progressing = { position: number; etagIsMd5: boolean }

const shown = (input: FetchInput): string => JSON.stringify(`${input.bucket}/${input.key}`)

/** Reads once from where the piece stands to its end; what arrived before an error is kept. */
async function readOnce(
  input: FetchInput,
  file: FileHandle,
  piece: Piece,
  at: Progressing,
  md5?: Hash,
): Promise<void> {
  const { client, bucket, key, size, signal } = input
  const whole = at.position === 0 && piece.end === size
  const options = { signal, ...(input.etag === '' ? {} : { ifMatch: input.etag }) }
  const range = { start: at.position, end: piece.end }
  const { facts, body } = await client.getStream(bucket, key, whole ? options : { ...options, range })
  if (facts.size !== size) {
    body.destroy()
    throw new TransferError(
      'ObjectChanged',
      `${shown(input)} has ${facts.size} bytes now, the list said ${size}`,
    )
  }
  at.etagIsMd5 = facts.etagIsMd5
  let pieces: Buffer[] = []
  let waiting = 0
  const flush = async () => {
    if (waiting === 0) return
    await writePieces(file, pieces, at.position)
    for (const one of pieces) md5?.update(one)
    at.position += waiting
    input.counter.bytes(waiting)
    pieces = []
    waiting = 0
  }
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (at.position + waiting + chunk.length > piece.end)
        throw new TransferError('Damaged', `${shown(input)}: the object store sent more bytes than asked for`)
      pieces.push(chunk)
      waiting += chunk.length
      if (waiting >= WRITE_BYTES) await flush()
    }
  } catch (error) {
    if (!(error instanceof TransferError)) await flush()
    throw error
  }
  await flush()
}

const isLocal = (error: unknown): boolean =>
  error instanceof TransferError ||
  (error instanceof Error && 'syscall' in error && String(error.syscall).startsWith('write'))

async function readPiece(input: FetchInput, file: FileHandle, piece: Piece, md5?: Hash): Promise<boolean> {
  const at: Progressing = { position: piece.start, etagIsMd5: false }
  let failures = 0
  while (at.position < piece.end) {
    const before = at.position
    try {
      await readOnce(input, file, piece, at, md5)
      if (at.position < piece.end) throw new Error('the answer ended early')
    } catch (thrown) {
      input.signal.throwIfAborted()
      if (isLocal(thrown)) throw thrown
      const error = toObjectStoreError(thrown, input)
      if (error.status === 412 || error.status === 416)
        throw new TransferError('ObjectChanged', `${shown(input)} was changed while it was downloaded`, {
          cause: error,
        })
      // Whoever moves forward may fail again; only standing still is given up.
      failures = at.position > before ? 1 : failures + 1
      if (!error.retryable || failures >= ATTEMPTS) throw error
      await input.client.pause(failures, input.signal)
    }
  }
  return at.etagIsMd5
}

async function md5OfFile(file: FileHandle, size: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('md5')
  const buffer = Buffer.allocUnsafe(WRITE_BYTES)
  for (let position = 0; position < size; ) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) break
    hash.update(buffer.subarray(0, bytesRead))
    position += bytesRead
  }
  return hash.digest('hex')
}

/**
 * Fetches one object into a new file. Throws TransferError (ObjectChanged, Damaged), ObjectStoreError, a file
 * system error, or the signal's reason; then the file is there in part and is the caller's to remove.
 */
export async function fetchObject(input: FetchInput): Promise<void> {
  const { size, signal, limit } = input
  await using file = await open(input.path, 'wx+', 0o666)
  if (size === 0) return
  let md5: string | undefined
  if (size <= 2 * RANGE_BYTES) {
    const hash = createHash('md5')
    if (await limit(() => readPiece(input, file, { start: 0, end: size }, hash))) md5 = hash.digest('hex')
  } else {
    const count = Math.ceil(size / RANGE_BYTES)
    const pieces = Array.from({ length: count }, (_, at) => ({
      start: at * RANGE_BYTES,
      end: Math.min((at + 1) * RANGE_BYTES, size),
    }))
    let etagIsMd5 = false
    await forEachParallel(pieces, input.width, signal, async (piece, inner) => {
      etagIsMd5 = await limit(() => readPiece({ ...input, signal: inner }, file, piece))
    })
    if (etagIsMd5) md5 = await md5OfFile(file, size, signal)
  }
  if (md5 !== undefined && md5 !== input.etag)
    throw new TransferError(
      'Damaged',
      `${shown(input)} arrived with md5 ${md5}, the object store says ${input.etag}`,
    )
  if ((await file.stat()).size !== size)
    throw new ObjectStoreError(0, 'ConnectionFailed', `${shown(input)} arrived in part`)
}
