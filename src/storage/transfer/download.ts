// Downloads a whole folder of objects or one object: lists, plans, runs.
import { lstat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { makeFolder } from '../../lib/make-folder.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import { folderPrefix } from '../object-url.ts'
import { namingLocal } from './local-error.ts'
import { type ListedObject, planDownload } from './plan-download.ts'
import { type DownloadCounts, runDownload } from './run-download.ts'
import type { TransferOptions } from './transfer-types.ts'

/** Every object below a prefix, in order of keys. Throws ObjectStoreError. */
export async function listObjects(
  { client, bucket, signal }: Pick<TransferOptions, 'client' | 'bucket' | 'signal'>,
  prefix: string,
): Promise<ListedObject[]> {
  const objects: ListedObject[] = []
  for await (const entry of client.list(bucket, { prefix, signal }))
    if (entry.kind === 'object') objects.push(entry)
  return objects
}

/**
 * Downloads the contents of a folder of objects into `destDir`. `prefix` is taken as a folder, with or without its
 * slash. An empty prefix is an answer with no files, not an error. Throws like `runDownload`.
 */
export async function downloadPrefix(
  options: TransferOptions & { readonly prefix: string; readonly destDir: string },
): Promise<DownloadCounts> {
  const prefix = folderPrefix(options.prefix)
  const plan = planDownload(await listObjects(options, prefix), prefix, resolve(options.destDir))
  return runDownload(plan, { ...options, source: prefix })
}

/**
 * Downloads one object to `path` (its folder is made). Throws like `runDownload`, and ObjectStoreError NoSuchKey when
 * there is no such object.
 */
export async function downloadObject(
  options: TransferOptions & { readonly key: string; readonly path: string },
): Promise<DownloadCounts> {
  const { client, bucket, key, signal } = options
  const path = resolve(options.path)
  const facts = await client.head(bucket, key, { signal })
  if (!facts)
    throw new ObjectStoreError(404, 'NoSuchKey', `There is no object ${JSON.stringify(`${bucket}/${key}`)}`)
  const destDir = dirname(path)
  await namingLocal(path, async () => {
    makeFolder(destDir)
    const there = await lstat(path).catch(() => undefined)
    if (there?.isDirectory()) throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' })
  })
  const { size, etag = '' } = facts
  const plan = { files: [{ key, size, etag, facts, path: basename(path) }], folders: [], skipped: [] }
  return runDownload(plan, { ...options, destDir, source: `${key} as ${basename(path)}` })
}
