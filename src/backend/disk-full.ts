// A full disk is the one failure of making a task's folders that a user can mend.
import { AppError } from '../api/error.ts'

/** AppError DiskFull for a full disk; everything else as it is. */
export function asDiskFull(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException | null)?.code !== 'ENOSPC') return error
  return new AppError('DiskFull', 'The data folder has no space left for the folders of a task', {
    cause: error,
  })
}
