// The pool as Kysely uses it, with one promise more: what fails because the database is away fails as AppError
// DatabaseUnavailable, and the connection it failed on is never used again: an answer may still be under way on it. What took
// the database too long fails as DatabaseBusy; the database is there, so nobody is told that it went.
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import { AppError } from '../api/error.ts'
import { isDatabaseAway, isDatabaseBusy } from './database-away.ts'
import { toParameters } from './to-text.ts'

export type PoolWatch = {
  /** The database went; told once, until it is back. */
  readonly onAway: (cause: Error) => void
  readonly onBack: () => void
}

/** Nobody wants to hear of it. */
export const UNWATCHED: PoolWatch = { onAway: () => undefined, onBack: () => undefined }

/** Wraps a pool. Its `end` waits for connections in use, as the pool's own does. */
export function watchedPool(pool: pg.Pool, { onAway, onBack }: PoolWatch): PostgresPool {
  let isAway = false
  const failed = (error: unknown): unknown => {
    if (isDatabaseBusy(error))
      return new AppError('DatabaseBusy', 'the database did not come to an end with this in time', {
        cause: error,
      })
    if (!isDatabaseAway(error)) return error
    if (!isAway) {
      isAway = true
      onAway(error as Error)
    }
    return new AppError('DatabaseUnavailable', 'the database does not answer; running tasks go on', {
      cause: error,
    })
  }
  const worked = (): void => {
    if (!isAway) return
    isAway = false
    onBack()
  }
  // An idle connection broke. The next query tells what that means.
  pool.on('error', () => undefined)
  // The pool stops listening to a connection that it is closing; an error then would end the whole server.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return {
    connect: async () => {
      const client = await pool.connect().catch((error: unknown) => {
        throw failed(error)
      })
      return watchedClient(client, failed, worked)
    },
    end: () => pool.end(),
    options: pool.options,
  }
}

/** One connection while it is taken from the pool. */
function watchedClient(
  client: pg.PoolClient,
  failed: (error: unknown) => unknown,
  worked: () => void,
): PostgresPoolClient {
  let broken: unknown
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    // The rollback of what failed would wait as long again.
    if (broken !== undefined) throw broken
    try {
      const result = await client.query(text, [...toParameters(values)])
      worked()
      return result
    } catch (error) {
      const told = failed(error)
      if (isDatabaseAway(error)) broken = told
      throw told
    }
  }
  return {
    query: query as PostgresPoolClient['query'],
    release: (discard?: boolean) => client.release(discard === true || broken !== undefined),
  }
}
