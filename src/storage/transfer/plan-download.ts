// Decides where the objects of a folder go on disk, before a byte moves. Keys are opaque, files are not:
// what would leave the folder is refused, what cannot be named is left out and reported.
import type { FetchedFile } from './fetch-span.ts'
import { TransferError } from './transfer-error.ts'
import type { Skipped, SkipReason } from './transfer-types.ts'

export type ListedObject = FetchedFile

/** A file to make; `path` is relative to the destination. */
export type PlannedFile = ListedObject & { readonly path: string }

export type DownloadPlan = {
  readonly files: readonly PlannedFile[]
  /** Folders to make, relative, parents before children. */
  readonly folders: readonly string[]
  readonly skipped: readonly Skipped[]
}

// NAME_MAX and PATH_MAX of Linux; the first is also ModelArts' rule for file names (longer ones are skipped).
const MAX_NAME_BYTES = 255
const MAX_PATH_BYTES = 4095

/** Why the object cannot be a file here; undefined when it can. Throws TransferError UnsafeKey. */
function skipReason(relative: string, key: string, destDir: string): SkipReason | undefined {
  const names = relative.replace(/\/$/, '').split('/')
  if (names.some((name) => name === '.' || name === '..') || relative.includes('\0'))
    throw new TransferError('UnsafeKey', `The key ${JSON.stringify(key)} would leave the folder ${destDir}`)
  if (names.includes('')) return 'empty name between slashes'
  if (names.some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES)) return 'name longer than 255 bytes'
  if (Buffer.byteLength(relative) + Buffer.byteLength(destDir) + 1 > MAX_PATH_BYTES)
    return 'path longer than 4095 bytes'
  return undefined
}

const parentsOf = (path: string): string[] => {
  const names = path.split('/')
  return names.slice(0, -1).map((_, at) => names.slice(0, at + 1).join('/'))
}

/**
 * Plans the objects of `prefix` (empty or ending with `/`) as files below `destDir`. Keys ending with `/` are folders.
 * Throws TransferError: UnsafeKey for `.` and `..` in a key, NameConflict when one name is a file and a folder.
 */
export function planDownload(
  objects: readonly ListedObject[],
  prefix: string,
  destDir: string,
): DownloadPlan {
  const files: PlannedFile[] = []
  const folders = new Set<string>()
  const skipped: Skipped[] = []
  for (const object of objects) {
    const relative = object.key.slice(prefix.length)
    // The marker of the folder itself.
    if (relative === '') continue
    const reason = skipReason(relative, object.key, destDir)
    if (reason !== undefined) {
      skipped.push({ name: object.key, reason })
      continue
    }
    const path = relative.replace(/\/$/, '')
    for (const parent of parentsOf(path)) folders.add(parent)
    if (path === relative) {
      files.push({ key: object.key, size: object.size, etag: object.etag, path })
      continue
    }
    folders.add(path)
    if (object.size > 0) skipped.push({ name: object.key, reason: 'folder marker with content' })
  }
  for (const file of files)
    if (folders.has(file.path))
      throw new TransferError(
        'NameConflict',
        `${JSON.stringify(file.key)} is an object and a folder of others; on disk it cannot be both`,
      )
  return { files, folders: [...folders].sort(), skipped }
}
