// Uploads files into objects: one file or a whole folder. Big files go as multipart uploads in parallel; every
// piece carries its md5, so what the store holds is what was read. An object appears whole or not at all.
import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { ObjectClient } from '../object-client.ts'
import { folderPrefix } from '../object-url.ts'
import { createLimit, forEachParallel, type Limit } from './parallel.ts'
import { type Counter, countProgress } from './progress.ts'
import { TransferError } from './transfer-error.ts'
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

async function readExactly(file: FileHandle, path: string, position: number, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size)
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(buffer, done, size - done, position + done)
    if (bytesRead === 0)
      throw new TransferError('FileChanged', `${path} became shorter while it was uploaded`)
    done += bytesRead
  }
  return buffer
}

async function sendParts(input: UploadInput, file: FileHandle, size: number): Promise<void> {
  const { client, bucket, key, path, counter, signal, limit } = input
  const partBytes = Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS))
  const uploadId = await client.startUpload(bucket, key, { signal })
  const upload = { bucket, key, uploadId }
  const etags: string[] = []
  const numbers = Array.from({ length: Math.ceil(size / partBytes) }, (_, at) => at)
  try {
    await forEachParallel(numbers, input.width, signal, (at, inner) =>
      limit(async () => {
        const start = at * partBytes
        const part = await readExactly(file, path, start, Math.min(partBytes, size - start))
        etags[at] = await client.putPart(upload, at + 1, part, { signal: inner })
        counter.bytes(part.length)
      }),
    )
    const parts = etags.map((etag, at) => ({ number: at + 1, etag }))
    await client.completeUpload(upload, parts, { signal })
  } catch (error) {
    // Not under the caller's signal: it may be what ended the upload. What fails here is swept by the store.
    await client.abortUpload(upload, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
    throw error
  }
}

/** Sends the bytes the file has now; what is appended meanwhile is not part of it. Returns their number. */
async function sendFile(input: UploadInput): Promise<number> {
  const { client, bucket, key, path, counter, signal, limit } = input
  // NONBLOCK: a pipe in the place of the file must not hold us up.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const info = await file.stat()
  if (!info.isFile()) throw new TransferError('NotAFile', `${path} is no regular file`)
  if (info.size > PART_BYTES) await sendParts(input, file, info.size)
  else
    await limit(async () => {
      const body = await readExactly(file, path, 0, info.size)
      await client.put(bucket, key, body, { signal })
      counter.bytes(body.length)
    })
  counter.file()
  return info.size
}

/** Uploads one file. Throws TransferError, ObjectStoreError, a file system error, or the signal's reason. */
export async function uploadFile(
  options: TransferOptions & { readonly path: string; readonly key: string },
): Promise<TransferCounts> {
  const { client, bucket, key, path, concurrency = DEFAULT_CONCURRENCY } = options
  const signal = options.signal ?? new AbortController().signal
  const counter = countProgress(options.onProgress, 1, (await stat(path)).size)
  const limit = createLimit(concurrency, signal)
  const bytes = await sendFile({ client, bucket, key, path, limit, width: concurrency, counter, signal })
  return { files: 1, bytes, skipped: [] }
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
    bytes += sent
  })
  await forEachParallel(emptyFolders, concurrency, signal, async (folder, inner) => {
    await client.put(bucket, `${prefix}${folder}/`, new Uint8Array(), { signal: inner })
  })
  return { files: files.length, bytes, skipped }
}
