// Moves a list of files, each between one path and one key, for callers that have decided themselves what goes where:
// moxing. Uses the engine of transfer/ for the bytes, so every file is whole under its name or not there.
import { chmod, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { bareEtag } from './object-answers.ts'
import type { ObjectClient } from './object-client.ts'
import { ObjectStoreError } from './object-store-error.ts'
import { createEngine, type Engine } from './transfer/engine.ts'
import { fetchFile } from './transfer/fetch-file.ts'
import { createPace, type Pace } from './transfer/pace.ts'
import { forEachParallel } from './transfer/parallel.ts'
import { type SendContext, sendFile, sendingContext } from './transfer/send-file.ts'
import { TransferError } from './transfer/transfer-error.ts'
import type { TransferProgress } from './transfer/transfer-types.ts'

/** One file. Of a download, size and ETag as a list told them; null when it was not listed. */
export type MovePair = {
  readonly key: string
  readonly path: string
  readonly size: number | null
  readonly etag: string | null
}

export type MoveOrder = {
  readonly direction: 'upload' | 'download'
  readonly bucket: string
  /** Files at once. */
  readonly workers: number
  /** Of a download: an empty folder on the file system of the targets, removed at the end. */
  readonly aside: string | null
  /** Permissions of files that are made. */
  readonly mode: number
}

export type MoveOptions = {
  readonly client: ObjectClient
  /** Bounds what all moves of this process do at once. */
  readonly pace: Pace
  readonly signal: AbortSignal
  readonly onProgress: (progress: TransferProgress) => void
}

/** A file that could not be moved; `cause` says why. */
export class MoveError extends Error {
  override readonly name = 'MoveError'
  readonly pair: MovePair

  constructor(pair: MovePair, cause: unknown) {
    super(`${pair.key}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.pair = pair
  }
}

const CONFLICTS = ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY']

/** Throws MoveError for the first file that failed, or the reason of the signal; files complete by then stay. */
export async function moveFiles(
  order: MoveOrder,
  pairs: readonly MovePair[],
  options: MoveOptions,
): Promise<void> {
  const { client, pace, onProgress } = options
  const totals = { files: pairs.length, bytes: pairs.reduce((sum, { size }) => sum + (size ?? 0), 0) }
  const engine = createEngine({ client, pace, onProgress, bucket: order.bucket }, totals)
  const sending = sendingContext(engine)
  const numbered = pairs.map((pair, at) => ({ pair, at }))
  try {
    await forEachParallel(numbered, order.workers, options.signal, async ({ pair, at }, signal) => {
      try {
        const own = { ...engine, signal }
        if (order.direction === 'upload') await upload({ ...sending, engine: own }, pair)
        else await download(own, order, pair, at)
      } catch (error) {
        signal.throwIfAborted()
        throw new MoveError(pair, error)
      }
      engine.counter.file()
    })
  } finally {
    if (order.aside !== null) await rm(order.aside, { recursive: true, force: true })
  }
}

const upload = (context: SendContext, { key, path }: MovePair) =>
  sendFile(context, { name: basename(path), path, key })

async function download(
  engine: Engine,
  { aside, mode }: MoveOrder,
  pair: MovePair,
  at: number,
): Promise<void> {
  const { client, bucket, signal } = engine
  const { key } = pair
  const facts =
    pair.size === null ? await client.head(bucket, key, { signal }) : { size: pair.size, etag: pair.etag }
  if (!facts)
    throw new ObjectStoreError(404, 'NoSuchKey', `There is no object ${JSON.stringify(`${bucket}/${key}`)}`)
  const path = join(aside ?? '', String(at))
  await fetchFile(engine, { key, size: facts.size, etag: bareEtag(facts.etag ?? '') }, path)
  await chmod(path, mode)
  await rename(path, pair.path).catch((error: NodeJS.ErrnoException) => {
    if (!CONFLICTS.includes(error.code ?? '')) throw error
    const message = `${pair.path} cannot be written for obs://${bucket}/${key}: there is a folder of that name`
    throw new TransferError('NameConflict', message, { cause: error })
  })
}

/** A pace for all moves of one process: more requests at once than this help nobody. */
export const movePace = (): Pace => createPace(64)
