// Errors of the file system as this transfer's own, where a person can do something about them.
import { TransferError } from './transfer-error.ts'

const CONFLICTS = ['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY']
const FULL = ['ENOSPC', 'EDQUOT']

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

/** Throws NameConflict and DiskFull for what means them, everything else as it is. */
export function throwLocal(path: string, error: unknown): never {
  const code = codeOf(error)
  if (CONFLICTS.includes(code))
    throw new TransferError(
      'NameConflict',
      `${path} cannot be written: a file stands where a folder is needed, or a folder where a file is`,
      { cause: error },
    )
  if (FULL.includes(code))
    throw new TransferError(
      'DiskFull',
      `${path} cannot be written: ${code === 'EDQUOT' ? 'the disk quota is used up' : 'the disk is full'}`,
      { cause: error },
    )
  throw error
}

/** Runs `work`, naming what stands in the way at `path`. */
export async function namingLocal<T>(path: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throwLocal(path, error)
  }
}

export const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error))
export const isForbidden = (error: unknown): boolean => ['EACCES', 'EPERM'].includes(codeOf(error))
