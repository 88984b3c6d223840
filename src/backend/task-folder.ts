// The folder of one task on this machine: `<data>/tasks/<job>-<attempt>-<task>`, 0700 and the server's. Its name is a
// function of the attempt, so that a restarted server finds it again.
import { join } from 'node:path'
import { AppError } from '../api/error.ts'
import { taskObjectName } from '../job/names.ts'

/** Folder that becomes /run/ropeway, and the one in it that the task's uid may write. */
export const RUN_DIR = 'run'
export const SPOOL_DIR = 'run/spool'
/** Holds folders that are being deleted; no task name begins with a dot. */
export const GRAVES_DIR = '.gone'

/** sun_path holds 108 bytes with the closing NUL (unix(7)). */
const SOCKET_PATH_LIMIT = 107

/** A folder to make on this machine, relative to the task's own; `task` means the task's uid owns it. */
export type TaskSubfolder = {
  readonly path: string
  readonly mode: number
  readonly owner: 'task' | 'server'
}

export const taskFolderOf = (tasksDir: string, jobId: string, attempt: number, task: string): string =>
  join(tasksDir, taskObjectName(jobId, attempt, task))

/** Throws AppError BackendUnavailable when the task's socket could not be bound, saying by how much it is too long. */
export function checkSocketPath(folder: string, dataDir: string): void {
  const path = join(folder, RUN_DIR, 'task.sock')
  const length = Buffer.byteLength(path)
  if (length <= SOCKET_PATH_LIMIT) return
  throw new AppError(
    'BackendUnavailable',
    `The data folder ${dataDir} is too long: the task's socket ${path} would have ${length} bytes, the limit is ${SOCKET_PATH_LIMIT}; use a data folder at least ${length - SOCKET_PATH_LIMIT} bytes shorter`,
  )
}
