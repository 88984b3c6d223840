// `obs cp`: one file or object, or all below a folder, between this machine and the store or inside the store.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectClient } from '../../storage/object-client.ts'
import { folderPrefix, formatObjectUrl, type ObjectUrl } from '../../storage/object-url.ts'
import { downloadObject, downloadPrefix } from '../../storage/transfer/download.ts'
import { forEachParallel } from '../../storage/transfer/parallel.ts'
import {
  DEFAULT_CONCURRENCY,
  type Skipped,
  type TransferOptions,
  type TransferProgress,
} from '../../storage/transfer/transfer-types.ts'
import { uploadFile, uploadFolder } from '../../storage/transfer/upload.ts'
import { CliError, EXIT } from '../errors.ts'
import { baseName, keyBelow, keyForOne, type Place } from './plan.ts'

export type CopyOptions = {
  readonly client: ObjectClient
  readonly signal: AbortSignal
  readonly onProgress: (progress: TransferProgress) => void
}

/** `unchanged` is only counted by sync. */
export type CopyResult = {
  readonly files: number
  readonly bytes: number
  readonly unchanged?: number
  readonly skipped: readonly Skipped[]
}

/** What a transfer in one bucket takes. */
export const inBucket = (options: CopyOptions, { bucket }: ObjectUrl): TransferOptions => ({
  ...options,
  bucket,
})

/** A failure because there is nothing of that name. */
export const absent = (what: string): CliError =>
  new CliError(
    `There is nothing at ${what}`,
    'Check the name; "ropeway obs ls" shows what is in the store.',
    EXIT.failed,
  )

/** Facts of a local path; undefined when it is not there. */
export async function statLocal(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined
    throw error
  }
}

/** Copies one thing, or with `recursive` the contents of a folder into another. Throws CliError and what transfers throw. */
export async function copy(
  from: Place,
  to: Place,
  recursive: boolean,
  options: CopyOptions,
): Promise<CopyResult> {
  if (from.kind === 'local' && to.kind === 'object') return upload(from.path, to.url, recursive, options)
  if (from.kind === 'object' && to.kind === 'local') return download(from.url, to.path, recursive, options)
  if (from.kind === 'object' && to.kind === 'object') return copyInside(from.url, to.url, recursive, options)
  throw new CliError('Neither side is an object', 'Write obs://bucket/key on at least one side.')
}

async function upload(
  path: string,
  to: ObjectUrl,
  recursive: boolean,
  options: CopyOptions,
): Promise<CopyResult> {
  const facts = await statLocal(path)
  if (!facts) throw absent(path)
  if (recursive && facts.isDirectory())
    return uploadFolder({ ...inBucket(options, to), dir: path, prefix: to.key })
  if (facts.isDirectory()) throw new CliError(`${path} is a folder`, 'Copy folders with -r.')
  const key = recursive ? keyBelow(to, baseName(path)) : keyForOne(to, baseName(path))
  return uploadFile({ ...inBucket(options, to), path, key })
}

async function download(
  from: ObjectUrl,
  path: string,
  recursive: boolean,
  options: CopyOptions,
): Promise<CopyResult> {
  if (recursive) {
    if (!(await hasObjects(from, options))) throw absent(formatObjectUrl(from))
    return downloadPrefix({ ...inBucket(options, from), prefix: from.key, destDir: path })
  }
  const name = baseName(from.key)
  const isFolder = path.endsWith('/') || (await statLocal(path))?.isDirectory()
  return downloadObject({
    ...inBucket(options, from),
    key: from.key,
    path: isFolder ? join(path, name) : path,
  })
}

async function hasObjects({ bucket, key }: ObjectUrl, { client, signal }: CopyOptions): Promise<boolean> {
  for await (const _ of client.list(bucket, { prefix: folderPrefix(key), pageSize: 1, signal })) return true
  return false
}

type Pair = { readonly from: ObjectUrl; readonly to: ObjectUrl; readonly size: number }

async function copyInside(
  from: ObjectUrl,
  to: ObjectUrl,
  recursive: boolean,
  options: CopyOptions,
): Promise<CopyResult> {
  const { client, signal } = options
  const pairs: Pair[] = []
  if (recursive) {
    const prefix = folderPrefix(from.key)
    for await (const entry of client.list(from.bucket, { prefix, signal }))
      if (entry.kind === 'object') {
        const key = keyBelow(to, entry.key.slice(prefix.length))
        // The folder's own marker has no name below it.
        if (key !== '')
          pairs.push({
            from: { bucket: from.bucket, key: entry.key },
            to: { bucket: to.bucket, key },
            size: entry.size,
          })
      }
  } else {
    const facts = await client.head(from.bucket, from.key, { signal })
    if (facts)
      pairs.push({
        from,
        to: { bucket: to.bucket, key: keyForOne(to, baseName(from.key)) },
        size: facts.size,
      })
  }
  if (pairs.length === 0) throw absent(formatObjectUrl(from))
  return copyPairs(pairs, options)
}

/** Copies objects inside the store, several at a time. */
export async function copyPairs(pairs: readonly Pair[], options: CopyOptions): Promise<CopyResult> {
  const totalBytes = pairs.reduce((sum, { size }) => sum + size, 0)
  let bytes = 0
  let files = 0
  await forEachParallel(pairs, DEFAULT_CONCURRENCY, options.signal, async ({ from, to, size }, signal) => {
    await options.client.copy(from, to, { signal })
    bytes += size
    files += 1
    options.onProgress({ files, bytes, totalFiles: pairs.length, totalBytes })
  })
  return { files, bytes, skipped: [] }
}
