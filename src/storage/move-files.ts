// Moves a list of files, each between one path and one key, for callers that have decided themselves what goes where:
// moxing. Uses the engine of transfer/ for the bytes, so every file is whole under its name or not there.
import { chmod, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bareEtag } from './object-answers.ts'
import type { ObjectClient } from './object-client.ts'
import { ObjectStoreError } from './object-store-error.ts'
import { fetchObject } from './transfer/fetch-object.ts'
import { createLimit, forEachParallel, type Limit } from './transfer/parallel.ts'
import { TransferError } from './transfer/transfer-error.ts'
import { DEFAULT_CONCURRENCY, type TransferProgress } from './transfer/transfer-types.ts'
import { uploadFile } from './transfer/upload.ts'

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
  readonly limit: Limit
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
  const total = {
    totalFiles: pairs.length,
    totalBytes: pairs.reduce((sum, { size }) => sum + (size ?? 0), 0),
  }
  let files = 0
  let bytes = 0
  const counter = {
    bytes: (count: number) => {
      bytes += count
      options.onProgress({ files, bytes, ...total })
    },
    file: () => {
      files += 1
      options.onProgress({ files, bytes, ...total })
    },
  }
  const numbered = pairs.map((pair, at) => ({ pair, at }))
  try {
    await forEachParallel(numbered, order.workers, options.signal, async ({ pair, at }, signal) => {
      try {
        if (order.direction === 'upload') await upload(order, pair, { ...options, signal }, counter.bytes)
        else await download(order, pair, at, { ...options, signal }, counter.bytes)
      } catch (error) {
        signal.throwIfAborted()
        throw new MoveError(pair, error)
      }
      counter.file()
    })
  } finally {
    if (order.aside !== null) await rm(order.aside, { recursive: true, force: true })
  }
}

type Count = (bytes: number) => void

async function upload(
  { bucket, workers }: MoveOrder,
  { key, path }: MovePair,
  { client, limit, signal }: MoveOptions,
  count: Count,
): Promise<void> {
  let seen = 0
  const onProgress = ({ bytes }: TransferProgress) => {
    count(bytes - seen)
    seen = bytes
  }
  const concurrency = workers >= DEFAULT_CONCURRENCY ? 2 : DEFAULT_CONCURRENCY
  await limit(() => uploadFile({ client, bucket, key, path, concurrency, signal, onProgress }))
}

async function download(
  { bucket, aside, mode }: MoveOrder,
  pair: MovePair,
  at: number,
  { client, limit, signal }: MoveOptions,
  count: Count,
): Promise<void> {
  const { key } = pair
  const facts =
    pair.size === null ? await client.head(bucket, key, { signal }) : { size: pair.size, etag: pair.etag }
  if (!facts)
    throw new ObjectStoreError(404, 'NoSuchKey', `There is no object ${JSON.stringify(`${bucket}/${key}`)}`)
  const path = join(aside ?? '', String(at))
  const etag = bareEtag(facts.etag ?? '')
  const counter = { bytes: count, file: () => undefined }
  const width = DEFAULT_CONCURRENCY
  await fetchObject({ client, bucket, key, size: facts.size, etag, path, limit, width, counter, signal })
  await chmod(path, mode)
  await rename(path, pair.path).catch((error: NodeJS.ErrnoException) => {
    if (!CONFLICTS.includes(error.code ?? '')) throw error
    const message = `${pair.path} cannot be written for obs://${bucket}/${key}: there is a folder of that name`
    throw new TransferError('NameConflict', message, { cause: error })
  })
}

/** A limit for all moves of one process: more requests at once than this help nobody. */
export const moveLimit = (): Limit => createLimit(64, new AbortController().signal)
