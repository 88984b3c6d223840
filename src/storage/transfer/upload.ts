// Uploads files into objects: one file or a whole folder. Big files go as multipart uploads in parallel; every
// piece carries its md5, so what the store holds is what was read. An object appears whole or not at all.
import { stat } from 'node:fs/promises'
import type { ObjectClient } from '../object-client.ts'
import { folderPrefix } from '../object-url.ts'
import { FileSnapshot } from './file-snapshot.ts'
import { createLimit, forEachParallel, type Limit } from './parallel.ts'
import { type Counter, countProgress } from './progress.ts'
import { DEFAULT_CONCURRENCY, type TransferCounts, type TransferOptions } from './transfer-types.ts'
import { walkFolder } from './walk-folder.ts'

const PART_BYTES = 8 * 1024 * 1024
const MAX_PARTS = 10_000

type UploadInput = {
  readonly client: ObjectClient
  readonly bucket: string
  readonly key: string
  readonly path: string
  readonly limit: Limit
  readonly width: number
  readonly counter: Counter
  readonly signal: AbortSignal
}

/** Returns the ETag of the object. */
async function sendParts(input: UploadInput, file: FileSnapshot): Promise<string> {
  const { size } = file
  const { client, bucket, key, counter, signal, limit } = input
  const partBytes = Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS))
  const uploadId = await client.startUpload(bucket, key, { signal })
  const upload = { bucket, key, uploadId }
  const etags: string[] = []
  const numbers = Array.from({ length: Math.ceil(size / partBytes) }, (_, at) => at)
  try {
    await forEachParallel(numbers, input.width, signal, (at, inner) =>
      limit(async () => {
        const start = at * partBytes
        const part = await file.read(start, Math.min(partBytes, size - start))
        etags[at] = await client.putPart(upload, at + 1, part, { signal: inner })
        counter.bytes(part.length)
      }),
    )
    const parts = etags.map((etag, at) => ({ number: at + 1, etag }))
    await file.confirm()
    return await client.completeUpload(upload, parts, { signal })
  } catch (error) {
    // Not under the caller's signal: it may be what ended the upload. What fails here is swept by the store.
    await client.abortUpload(upload, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
    throw error
  }
}

type Sent = { readonly size: number; readonly etag: string }

/** Sends the bytes the file has now. Throws TransferError FileChanged, with nothing stored, when it is rewritten meanwhile. */
async function sendFile(input: UploadInput): Promise<Sent> {
  const { client, bucket, key, path, counter, signal, limit } = input
  await using file = await FileSnapshot.open(path)
  const sendWhole = () =>
    limit(async () => {
      const body = await file.read(0, file.size)
      await file.confirm()
      const { etag } = await client.put(bucket, key, body, { signal })
      counter.bytes(body.length)
      return etag
    })
  const etag = file.size > PART_BYTES ? await sendParts(input, file) : await sendWhole()
  counter.file()
  return { size: file.size, etag }
}

/** Uploads one file; answers the object's ETag too. Throws TransferError, ObjectStoreError, a file system error, or the signal's reason. */
export async function uploadFile(
  options: TransferOptions & { readonly path: string; readonly key: string },
): Promise<TransferCounts & { readonly etag: string }> {
  const { client, bucket, key, path, concurrency = DEFAULT_CONCURRENCY } = options
  const signal = options.signal ?? new AbortController().signal
  const counter = countProgress(options.onProgress, 1, (await stat(path)).size)
  const limit = createLimit(concurrency, signal)
  const sent = await sendFile({ client, bucket, key, path, limit, width: concurrency, counter, signal })
  return { files: 1, bytes: sent.size, etag: sent.etag, skipped: [] }
}

/**
 * Uploads the contents of a folder under `prefix` (taken as a folder, with or without its slash). Empty folders
 * become folder markers. Links and special files that are left out stand in `skipped`. Throws like `uploadFile`;
 * objects complete by then stay.
 */
export async function uploadFolder(
  options: TransferOptions & { readonly dir: string; readonly prefix: string },
): Promise<TransferCounts> {
  const { client, bucket, concurrency = DEFAULT_CONCURRENCY, signal } = options
  const prefix = folderPrefix(options.prefix)
  const { files, emptyFolders, skipped } = await walkFolder(options.dir, prefix, signal)
  const total = files.reduce((sum, file) => sum + file.size, 0)
  const counter = countProgress(options.onProgress, files.length, total)
  const limit = createLimit(concurrency, signal ?? new AbortController().signal)
  let bytes = 0
  await forEachParallel(files, concurrency, signal, async ({ name, path }, inner) => {
    const input = {
      client,
      bucket,
      key: prefix + name,
      path,
      limit,
      width: concurrency,
      counter,
      signal: inner,
    }
    const sent = await sendFile(input)
    bytes += sent.size
  })
  await forEachParallel(emptyFolders, concurrency, signal, async (folder, inner) => {
    await client.put(bucket, `${prefix}${folder}/`, new Uint8Array(), { signal: inner })
  })
  return { files: files.length, bytes, skipped }
}
