// Downloads objects into files: a whole folder or one object. Everything is written aside and renamed when
// it is complete and checked, so a file under its own name is never half an object.
import { lstat, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { newShortId } from '../../lib/id.ts'
import { makeFolder } from '../../lib/make-folder.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import { folderPrefix } from '../object-url.ts'
import { fetchObject } from './fetch-object.ts'
import { createLimit, forEachParallel } from './parallel.ts'
import { type ListedObject, planDownload } from './plan-download.ts'
import { countProgress } from './progress.ts'
import { requireRoom } from './require-room.ts'
import { TransferError } from './transfer-error.ts'
import { DEFAULT_CONCURRENCY, type TransferCounts, type TransferOptions } from './transfer-types.ts'

const CONFLICTS = ['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY']

/** Names what stands in the way when a file is where a folder should be, or the other way round. */
async function refusingConflicts<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && CONFLICTS.includes(String(error.code)))) throw error
    throw new TransferError(
      'NameConflict',
      `${path} cannot be written: a file stands where a folder is needed, or a folder where a file is`,
      { cause: error },
    )
  }
}

async function listAll(options: TransferOptions, prefix: string): Promise<ListedObject[]> {
  const { client, bucket, signal } = options
  const objects: ListedObject[] = []
  for await (const entry of client.list(bucket, { prefix, signal }))
    if (entry.kind === 'object') objects.push(entry)
  return objects
}

/**
 * Downloads the contents of a folder of objects into `destDir`, which is made if it is not there. `prefix` is
 * taken as a folder, with or without its slash; existing files of the same names are replaced. An empty prefix
 * is an answer with no files, not an error. Throws TransferError, ObjectStoreError, a file system error, or the
 * signal's reason; files complete by then stay.
 */
export async function downloadPrefix(
  options: TransferOptions & { readonly prefix: string; readonly destDir: string },
): Promise<TransferCounts> {
  const { client, bucket, concurrency = DEFAULT_CONCURRENCY, signal } = options
  const destDir = resolve(options.destDir)
  const prefix = folderPrefix(options.prefix)
  const plan = planDownload(await listAll(options, prefix), prefix, destDir)
  const bytes = plan.files.reduce((sum, file) => sum + file.size, 0)
  const counter = countProgress(options.onProgress, plan.files.length, bytes)
  await refusingConflicts(destDir, async () => makeFolder(destDir))
  for (const folder of plan.folders)
    await refusingConflicts(join(destDir, folder), async () => makeFolder(join(destDir, folder)))
  await requireRoom(plan.files, destDir, signal)
  // Inside the destination, so that the rename stays on one file system.
  const aside = join(destDir, `.ropeway-${newShortId()}`)
  await mkdir(aside)
  try {
    const items = plan.files.map((file, at) => ({ file, path: join(aside, String(at)) }))
    const stop = new AbortController()
    const limit = createLimit(concurrency, signal ?? stop.signal)
    await forEachParallel(items, concurrency, signal, async ({ file, path }, inner) => {
      const { key, size, etag } = file
      await fetchObject({
        client,
        bucket,
        key,
        size,
        etag,
        path,
        limit,
        width: concurrency,
        counter,
        signal: inner,
      })
      await refusingConflicts(join(destDir, file.path), () => rename(path, join(destDir, file.path)))
      counter.file()
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  return { files: plan.files.length, bytes, skipped: plan.skipped }
}

/**
 * Downloads one object to `path` (its folder is made). Throws like `downloadPrefix`, and ObjectStoreError
 * NoSuchKey when there is no such object.
 */
export async function downloadObject(
  options: TransferOptions & { readonly key: string; readonly path: string },
): Promise<TransferCounts> {
  const { client, bucket, key, concurrency = DEFAULT_CONCURRENCY } = options
  const signal = options.signal ?? new AbortController().signal
  const path = resolve(options.path)
  const facts = await client.head(bucket, key, { signal })
  if (!facts)
    throw new ObjectStoreError(404, 'NoSuchKey', `There is no object ${JSON.stringify(`${bucket}/${key}`)}`)
  await refusingConflicts(path, async () => {
    makeFolder(dirname(path))
    const there = await lstat(path).catch(() => undefined)
    if (there?.isDirectory()) throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' })
  })
  const { size, etag = '' } = facts
  const counter = countProgress(options.onProgress, 1, size)
  const aside = join(dirname(path), `.ropeway-${newShortId()}`)
  const limit = createLimit(concurrency, signal)
  try {
    await fetchObject({
      client,
      bucket,
      key,
      size,
      etag,
      path: aside,
      limit,
      width: concurrency,
      counter,
      signal,
    })
    await refusingConflicts(path, () => rename(aside, path))
  } finally {
    await rm(aside, { force: true })
  }
  counter.file()
  return { files: 1, bytes: size, skipped: [] }
}
