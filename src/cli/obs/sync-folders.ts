// `obs sync`: the contents of one folder into another, leaving out what is there already. Nothing is removed.

import { join } from 'node:path'
import { makeFolder } from '../../lib/make-folder.ts'
import { folderPrefix, formatObjectUrl, type ObjectUrl } from '../../storage/object-url.ts'
import { downloadObject } from '../../storage/transfer/download.ts'
import { forEachParallel } from '../../storage/transfer/parallel.ts'
import { planDownload } from '../../storage/transfer/plan-download.ts'
import { DEFAULT_CONCURRENCY, type TransferOptions } from '../../storage/transfer/transfer-types.ts'
import { uploadFile } from '../../storage/transfer/upload.ts'
import { walkFolder } from '../../storage/transfer/walk-folder.ts'
import { CliError } from '../errors.ts'
import { absent, type CopyOptions, type CopyResult, copyPairs, inBucket, statLocal } from './copy.ts'
import { type Found, hasChanged, keyBelow, type Place } from './plan.ts'

/** Copies what `hasChanged` says. Throws CliError and what transfers throw. */
export async function syncFolders(from: Place, to: Place, options: CopyOptions): Promise<CopyResult> {
  if (from.kind === 'local' && to.kind === 'object') return syncUp(from.path, to.url, options)
  if (from.kind === 'object' && to.kind === 'local') return syncDown(from.url, to.path, options)
  if (from.kind === 'object' && to.kind === 'object') return syncInside(from.url, to.url, options)
  throw new CliError('Neither side is an object', 'Write obs://bucket/folder/ on at least one side.')
}

type Listed = Found & { readonly key: string; readonly etag: string }

/** The objects below a folder, by their name in it. */
async function listBelow(url: ObjectUrl, { client, signal }: CopyOptions): Promise<Map<string, Listed>> {
  const prefix = folderPrefix(url.key)
  const found = new Map<string, Listed>()
  for await (const entry of client.list(url.bucket, { prefix, signal })) {
    if (entry.kind !== 'object' || entry.key === prefix) continue
    const { key, size, etag, modified } = entry
    found.set(key.slice(prefix.length), { key, size, etag, modifiedMs: modified.getTime() })
  }
  return found
}

/** Runs many transfers of one file each and tells their progress as one. */
async function transferAll<T extends { readonly size: number }>(
  items: readonly T[],
  options: CopyOptions,
  transfer: (
    item: T,
    own: Pick<TransferOptions, 'signal' | 'onProgress' | 'concurrency'>,
  ) => Promise<unknown>,
): Promise<{ files: number; bytes: number }> {
  const totalBytes = items.reduce((sum, { size }) => sum + size, 0)
  let bytes = 0
  let files = 0
  const tell = () => options.onProgress({ files, bytes, totalFiles: items.length, totalBytes })
  await forEachParallel(items, DEFAULT_CONCURRENCY, options.signal, async (item, signal) => {
    let own = 0
    const onProgress = (progress: { bytes: number }) => {
      bytes += progress.bytes - own
      own = progress.bytes
      tell()
    }
    // Several files at once already fill the line: two parts each are enough for large ones.
    await transfer(item, { signal, onProgress, concurrency: 2 })
    files += 1
    tell()
  })
  return { files, bytes }
}

async function syncUp(dir: string, to: ObjectUrl, options: CopyOptions): Promise<CopyResult> {
  if (!(await statLocal(dir))) throw absent(dir)
  const { files, skipped } = await walkFolder(dir, folderPrefix(to.key), options.signal)
  const present = await listBelow(to, options)
  const changed: typeof files = []
  for (const file of files) {
    const facts = await statLocal(file.path)
    if (facts && hasChanged({ size: facts.size, modifiedMs: facts.mtimeMs }, present.get(file.name)))
      changed.push(file)
  }
  const done = await transferAll(changed, options, ({ name, path }, own) =>
    uploadFile({ ...inBucket(options, to), ...own, path, key: keyBelow(to, name) }),
  )
  return { ...done, unchanged: files.length - changed.length, skipped }
}

async function syncDown(from: ObjectUrl, dir: string, options: CopyOptions): Promise<CopyResult> {
  const objects = await listBelow(from, options)
  if (objects.size === 0) throw absent(formatObjectUrl(from))
  const prefix = folderPrefix(from.key)
  const { files, folders, skipped } = planDownload([...objects.values()], prefix, dir)
  for (const folder of ['', ...folders]) makeFolder(join(dir, folder))
  const changed: (typeof files)[number][] = []
  for (const file of files) {
    const object = objects.get(file.key.slice(prefix.length))
    const facts = await statLocal(join(dir, file.path))
    // A local file has no etag: its size and time decide.
    const present = facts && { size: facts.size, modifiedMs: facts.mtimeMs }
    if (object && hasChanged(object, present)) changed.push(file)
  }
  const done = await transferAll(changed, options, ({ key, path }, own) =>
    downloadObject({ ...inBucket(options, from), ...own, key, path: join(dir, path) }),
  )
  return { ...done, unchanged: files.length - changed.length, skipped }
}

async function syncInside(from: ObjectUrl, to: ObjectUrl, options: CopyOptions): Promise<CopyResult> {
  const objects = await listBelow(from, options)
  if (objects.size === 0) throw absent(formatObjectUrl(from))
  const present = await listBelow(to, options)
  const pairs = [...objects]
    .filter(([name, object]) => hasChanged(object, present.get(name)))
    .map(([name, { key, size }]) => ({
      from: { bucket: from.bucket, key },
      to: { bucket: to.bucket, key: keyBelow(to, name) },
      size,
    }))
  return { ...(await copyPairs(pairs, options)), unchanged: objects.size - pairs.length }
}
