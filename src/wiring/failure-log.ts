// Failures that nobody foresaw, on their way into the server log.
import { AppError } from '../api/error.ts'
import type { Logger } from '../logger.ts'
import { isDatabaseAway } from './database.ts'

/** A database that is away and a full disk are told of once, by who watches them, and not by everybody they stop. */
export const failureLog =
  (logger: Logger, words: string, label = 'job', level: 'error' | 'warn' = 'error') =>
  (subject: string, error: unknown): void => {
    const isTold = isDatabaseAway(error) || (error instanceof AppError && error.code === 'DiskFull')
    if (!isTold) logger[level]({ [label]: subject, error: textOf(error) }, words)
  }

export const objectFailure = (logger: Logger) => (error: Error) =>
  logger.error({ error: textOf(error) }, 'an object request failed')

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
