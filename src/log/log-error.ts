// Why the log store could not do what was asked.

/** InvalidKey: a name that may not become a path. DiskFull: no byte was taken. Io: anything else the disk said. */
export type LogErrorCode = 'InvalidKey' | 'DiskFull' | 'Io'

export class LogError extends Error {
  readonly code: LogErrorCode
  constructor(code: LogErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'LogError'
    this.code = code
  }
}

/** What a failed file operation means; a LogError stays what it is. */
export function toLogError(error: unknown, doing: string): LogError {
  if (error instanceof LogError) return error
  const { code, message } = error as NodeJS.ErrnoException
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  return new LogError(full ? 'DiskFull' : 'Io', `${doing}: ${full ? 'the disk is full' : message}`, {
    cause: error,
  })
}
