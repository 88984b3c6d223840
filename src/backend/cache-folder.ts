// /cache of one task on the disk the administrator chose for it: `<cacheDir>/ropeway-<task>/cache`, the outer folder
// 0700 and the server's. A file in the task's own folder says where it is, so that it is found again to be wiped.
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../api/error.ts'

const CACHE_FILE = 'cache-path'

/** Makes what lies around `cache`. Throws AppError BackendUnavailable when the disk's folder is not there. */
export async function makeCacheFolder(taskFolder: string, cache: string): Promise<void> {
  const own = dirname(cache)
  const cacheDir = dirname(own)
  // Where the disk is not mounted another one would fill up.
  if ((await stat(cacheDir).catch(() => null)) === null)
    throw new AppError(
      'BackendUnavailable',
      `The folder for /cache, cache_dir ${cacheDir}, is not there; is its disk mounted?`,
    )
  await writeFile(join(taskFolder, CACHE_FILE), own, { mode: 0o600 })
  await mkdir(own, { recursive: true, mode: 0o700 })
  await chmod(own, 0o700)
}

/** Wipes it, if the task has one. Safe to repeat. */
export async function removeCacheFolder(
  taskFolder: string,
  remove: (path: string) => Promise<void>,
): Promise<void> {
  const own = await readFile(join(taskFolder, CACHE_FILE), 'utf8').catch(() => '')
  if (own !== '') await remove(own)
}

/** What else of a task's folder its program fills as it likes: homes and /tmp, where a backend has them there. */
const FILLED = ['cache', 'root', 'tmp', 'home-work', 'ma-user']

/** Folders that count against a task's budget: /cache, wherever it lies, homes and /tmp. Empty when there are none (yet). */
export async function filledFolders(taskFolder: string): Promise<string[]> {
  const elsewhere = await readFile(join(taskFolder, CACHE_FILE), 'utf8').catch(() => '')
  const folders = [...(elsewhere === '' ? [] : [elsewhere]), ...FILLED.map((name) => join(taskFolder, name))]
  const found = await Promise.all(folders.map((path) => stat(path).catch(() => null)))
  return folders.filter((_, index) => found[index]?.isDirectory() === true)
}
