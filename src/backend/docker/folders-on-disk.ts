// A task's folders on this machine: made before its container, deleted after it.
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../../api/error.ts'
import { deleteTree } from '../delete-tree.ts'
import { asDiskFull } from '../disk-full.ts'
import { GRAVES_DIR } from '../task-folder.ts'
import type { DockerMachine, DockerRequest } from './plan.ts'

/** In the task's folder: where its /cache lies when that is on another disk. */
const CACHE_FILE = 'cache-path'

/** Makes `<dataDir>/tasks` and finishes deletions that a killed server left. */
export async function openFolders({ tasksDir, isRoot }: DockerMachine): Promise<void> {
  const graves = join(tasksDir, GRAVES_DIR)
  for (const path of [tasksDir, graves]) {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await chmod(path, 0o700)
  }
  // What cannot be deleted now is only space; it must not keep the server from starting.
  for (const name of await readdir(graves))
    await deleteTree(join(graves, name), isRoot).catch(() => undefined)
}

/** Folders of this machine that become folders of the task. Only before its container is made: then they are its own. */
export async function makeFolders(
  machine: DockerMachine,
  { folder, cache, hostFolders, uid, gid }: DockerRequest,
): Promise<void> {
  try {
    await makePrivate(folder)
    if (!cache.startsWith(`${folder}/`)) {
      await writeFile(join(folder, CACHE_FILE), dirname(cache), { mode: 0o600 })
      await makeCacheFolder(dirname(cache))
    }
    for (const { path, mode, owner } of hostFolders) {
      await mkdir(path, { recursive: true })
      // Only root can give folders away; else everybody may write, below a folder that only the server can enter.
      await chmod(path, owner === 'task' && !machine.isRoot ? 0o777 : mode)
      if (machine.isRoot && owner === 'task') await chown(path, uid, gid)
    }
  } catch (error) {
    throw asDiskFull(error)
  }
}

async function makePrivate(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
}

/** On the disk the administrator chose; where that is not mounted another one would fill up. */
async function makeCacheFolder(path: string): Promise<void> {
  const cacheDir = dirname(path)
  if ((await stat(cacheDir).catch(() => null)) === null)
    throw new AppError(
      'BackendUnavailable',
      `The folder for /cache, cacheDir ${cacheDir}, is not there; is its disk mounted?`,
    )
  await makePrivate(path)
}

/** The task's own folder, and /cache where that lies on another disk. Safe to repeat. */
export async function removeFolders({ isRoot }: DockerMachine, folder: string): Promise<void> {
  const elsewhere = await readFile(join(folder, CACHE_FILE), 'utf8').catch(() => '')
  if (elsewhere !== '') await deleteTree(elsewhere, isRoot)
  const grave = await buryFolder(folder)
  if (grave !== null) await deleteTree(grave, isRoot)
}

/** Out of the way at once: half a deletion must not look like a task. Returns where it is; null when there was none. */
async function buryFolder(folder: string): Promise<string | null> {
  const graves = join(dirname(folder), GRAVES_DIR)
  const grave = join(graves, `${basename(folder)}.${randomBytes(6).toString('hex')}`)
  try {
    await rename(folder, grave)
    return grave
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
