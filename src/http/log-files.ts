// Log files that a task wants in a folder of the host (`log_export_path.host_path`). The task's word is checked: only
// below its own two folders, no more than a budget, and how it is written there is the wiring's care.
import { AppError } from '../api/error.ts'
import { logExportTargetOf } from '../job/check-log-export.ts'
import type { Job } from '../job/job.ts'
import { exportedFolders } from '../job/log-export-names.ts'
import { sizeText } from '../lib/size.ts'
import type { TaskIdentity } from './task-api.ts'

/** Bytes to a file below a folder of the host; offset 0 makes it anew. Rejects with a sentence. */
export type WriteLogFile = (folder: string, name: string, offset: number, bytes: Uint8Array) => Promise<void>

/** Of one task, as long as the server runs: an honest launcher stays below by itself. */
const MAX_BYTES = 32 * 2 ** 30
const MAX_FILES = 50_000

/** Takes the files of one task, a piece at a time. Throws AppError. */
export function logFileTaker({ writeLogFile }: { readonly writeLogFile: WriteLogFile }, who: TaskIdentity) {
  const sizes = new Map<string, number>()
  let total = 0
  return async (
    job: Job,
    { name, offset }: { name: string; offset: number },
    bytes: Uint8Array,
  ): Promise<void> => {
    const target = logExportTargetOf(job.request)
    if (target?.kind !== 'folder')
      throw new AppError('NotSupported', 'the job has no log_export_path.host_path; valid: objects')
    const folders = Object.values(exportedFolders(who.jobId, who))
    if (!folders.some((folder) => name.startsWith(folder)) || !isPlain(name))
      throw new AppError(
        'QueryParamsError',
        `name: got ${JSON.stringify(name.slice(0, 200))}; valid: a path without "." and ".." below ${folders.join(' or ')}`,
      )
    const size = offset + bytes.length
    const after = total - (sizes.get(name) ?? 0) + size
    if (after > MAX_BYTES || (!sizes.has(name) && sizes.size >= MAX_FILES))
      throw new AppError(
        'NotSupported',
        `log files: got more than ${sizeText(MAX_BYTES)} or ${MAX_FILES} files; valid: less`,
      )
    await writeLogFile(target.path, name, offset, bytes).catch((error: NodeJS.ErrnoException) => {
      const message = `${name} could not be written below ${target.path}: ${error.message}`
      throw new AppError(error.code === 'ENOSPC' ? 'DiskFull' : 'InvalidParam', message, { cause: error })
    })
    sizes.set(name, size)
    total = after
  }
}

const isPlain = (name: string): boolean =>
  !/\p{Cc}/u.test(name) && name.split('/').every((part) => !['', '.', '..'].includes(part))
