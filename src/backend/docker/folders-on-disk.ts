// A task's folders on this machine: made before its container, deleted after it.
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeCacheFolder, removeCacheFolder } from '../cache-folder.ts'
import { deleteTree } from '../delete-tree.ts'
import { asDiskFull } from '../disk-full.ts'
import { GRAVES_DIR } from '../task-folder.ts'
import { checkVolumePaths } from '../volume-paths.ts'
import { type DeleteParts, deleteFolder } from './delete-as-root.ts'
import type { DockerMachine, DockerRequest } from './plan.ts'
import type { RootPlan } from './root-plan.ts'

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
  { folder, cache, volumes, hostFolders, uid, gid }: DockerRequest,
  root: Pick<RootPlan, 'hostFolders' | 'files'>,
): Promise<void> {
  try {
    await makePrivate(folder)
    await checkVolumePaths(volumes)
    if (!cache.startsWith(`${folder}/`)) await makeCacheFolder(folder, cache)
    for (const { path, mode, owner } of [...hostFolders, ...root.hostFolders]) {
      await mkdir(path, { recursive: true })
      // Only root can give folders away; else everybody may write, below a folder that only the server can enter.
      await chmod(path, owner === 'task' && !machine.isRoot ? 0o777 : mode)
      if (machine.isRoot && owner === 'task') await chown(path, uid, gid)
    }
    for (const { path, text } of root.files) await writeFile(path, text, { mode: 0o644 })
  } catch (error) {
    throw asDiskFull(error)
  }
}

async function makePrivate(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
}

/** The task's own folder, and /cache where that lies on another disk. Safe to repeat. */
export async function removeFolders(parts: DeleteParts, folder: string): Promise<void> {
  await removeCacheFolder(folder, (path) => deleteFolder(parts, path))
  const grave = await buryFolder(folder)
  if (grave !== null) await deleteFolder(parts, grave)
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
