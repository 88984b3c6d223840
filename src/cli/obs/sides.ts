// What is on either side of a copy: files below a folder, objects below a prefix.
import { stat } from 'node:fs/promises'
import type { ObjectClient } from '../../storage/object-client.ts'
import { folderPrefix, formatObjectUrl, type ObjectUrl } from '../../storage/object-url.ts'
import { walkFolder } from '../../storage/transfer/walk-folder.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Named } from './select.ts'

export type Reach = { readonly client: ObjectClient; readonly signal: AbortSignal }

export type ListedKey = Named & { readonly key: string; readonly etag: string }

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

/** The objects below a folder, in order, without the folder's own marker. */
export async function listBelow(url: ObjectUrl, { client, signal }: Reach): Promise<ListedKey[]> {
  const prefix = folderPrefix(url.key)
  const found: ListedKey[] = []
  for await (const entry of client.list(url.bucket, { prefix, signal })) {
    if (entry.kind !== 'object' || entry.key === prefix) continue
    const { key, size, etag, modified } = entry
    found.push({ name: key.slice(prefix.length), key, size, etag, modifiedMs: modified.getTime() })
  }
  return found
}

/** The same, where nothing at all is a mistake of whoever typed the name. */
export async function listSource(url: ObjectUrl, reach: Reach): Promise<ListedKey[]> {
  const found = await listBelow(url, reach)
  if (found.length > 0) return found
  if (
    (await reach.client.head(url.bucket, folderPrefix(url.key) || '/', { signal: reach.signal })) ===
    undefined
  )
    throw absent(formatObjectUrl(url))
  return found
}

/** What a destination has by name; a bucket that is not there is not hidden. */
export const byName = <T extends Named>(found: readonly T[]): Map<string, T> =>
  new Map(found.map((one) => [one.name, one]))

/** Files of a local folder by name, with their times; an absent folder has none. */
export async function localFiles(dir: string, signal: AbortSignal): Promise<Map<string, Named>> {
  const found = new Map<string, Named>()
  if (!(await statLocal(dir))) return found
  const { files, skipped } = await walkFolder(dir, '', signal)
  for (const { name, size, modifiedMs } of files) found.set(name, { name, size, modifiedMs })
  // Links and the like stand there too, though nothing would be uploaded of them.
  for (const { name, reason } of skipped)
    if (reason.startsWith('symbolic link')) found.set(name, { name, size: -1, modifiedMs: 0 })
  return found
}
