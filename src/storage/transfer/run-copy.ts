// Copies objects inside a store, several at a time, without their bytes passing here: big ones piece by piece.

import type { UploadId } from '../object-options.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import type { ObjectUrl } from '../object-url.ts'
import { abandonUpload } from './abandon-upload.ts'
import { createEngine, type Engine } from './engine.ts'
import { forEachParallel } from './parallel.ts'
import { TransferError } from './transfer-error.ts'
import type { TransferCounts, TransferOptions } from './transfer-types.ts'

/** One object to copy, and its size and version as they were seen. */
export type CopyPair = {
  readonly from: ObjectUrl
  readonly to: ObjectUrl
  readonly size: number
  readonly etag?: string | undefined
}

/** What one request copies: a store says nothing before it is done, and must not be taken for dead meanwhile. */
const MAX_COPY_BYTES = 1024 ** 3
const PIECE_BYTES = 512 * 1024 ** 2

/** Makes an object of pieces that `send` brings, one behind the other; it appears whole or not at all. */
async function inPieces(
  { client, signal }: Engine,
  { to, size }: CopyPair,
  pieceBytes: number,
  send: (upload: UploadId, number: number, start: number, end: number) => Promise<string>,
): Promise<void> {
  const upload = { ...to, uploadId: await client.startUpload(to.bucket, to.key, { signal }) }
  try {
    const parts: Array<{ number: number; etag: string }> = []
    for (let start = 0; start < size; start += pieceBytes) {
      const number = parts.length + 1
      parts.push({ number, etag: await send(upload, number, start, Math.min(start + pieceBytes, size)) })
    }
    await client.completeUpload(upload, parts, { signal, size })
  } catch (error) {
    await abandonUpload(client, upload, signal)
    throw error
  }
}

async function copyOne(engine: Engine, pair: CopyPair): Promise<void> {
  const { client, signal } = engine
  if (pair.size <= MAX_COPY_BYTES) await client.copy(pair.from, pair.to, { signal })
  else
    await inPieces(engine, pair, PIECE_BYTES, (upload, number, start, end) =>
      client.copyPart(upload, number, { ...pair.from, etag: pair.etag, start, end }, { signal }),
    ).catch((error: unknown) => {
      if (!(error instanceof ObjectStoreError && error.status === 412)) throw error
      const name = JSON.stringify(`${pair.from.bucket}/${pair.from.key}`)
      throw new TransferError('ObjectChanged', `${name} changed while it was copied`, { cause: error })
    })
}

/** Copies every pair. Throws ObjectStoreError or the signal's reason; copies complete by then stay. */
export async function runCopy(
  pairs: readonly CopyPair[],
  options: Omit<TransferOptions, 'bucket' | 'resume'>,
): Promise<TransferCounts> {
  const bytes = pairs.reduce((sum, { size }) => sum + size, 0)
  const totals = { files: pairs.length, bytes }
  const engine = createEngine({ ...options, bucket: '' }, totals)
  await forEachParallel(pairs, engine.width, engine.signal, async (pair, signal) => {
    await engine.pace.run(
      signal,
      () => copyOne({ ...engine, signal }, pair),
      () => 0,
    )
    engine.counter.bytes(pair.size)
    engine.counter.file()
    engine.onEvent({ kind: 'moved', name: pair.to.key, bytes: pair.size })
  })
  return { ...totals, kept: 0, skipped: [] }
}
