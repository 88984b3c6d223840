// The rows in PostgreSQL: the same schema, stores and leases as in SQLite, for several servers on one database.
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { DataFolderError } from './data-folder-error.ts'
import type { Database } from './database.ts'
import { migrate } from './migrate.ts'
import { applicationName, connectionOf } from './postgres-connection.ts'
import { ensureFeed } from './postgres-feed.ts'
import type { Tables } from './tables.ts'

/** A query that takes longer has failed: requests get an error instead of hanging. */
const QUERY_TIMEOUT_MS = 10_000
const POOL_SIZE = 10
const INT8 = 20

export type PostgresOptions = {
  readonly url: string
  /** Names this serve to the others; changes of its own are not told to itself. */
  readonly serveId: string
  /** An idle connection broke; the next query makes a new one. */
  readonly onError: (error: Error) => void
}

/** Opens the database and brings it to this version's schema. Throws DataFolderError, never with the password. */
export async function openPostgres({ url, serveId, onError }: PostgresOptions): Promise<Database> {
  const where = describeDatabase(url)
  const pool = new pg.Pool({
    ...connectionOf(url),
    application_name: applicationName(serveId),
    max: POOL_SIZE,
    statement_timeout: QUERY_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    // Our numbers stay below 2^53: times in milliseconds, counters, bytes.
    types: {
      getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)),
    } as pg.CustomTypesConfig,
  })
  pool.on('error', onError)
  // The pool stops listening to a connection that it is closing; an error then would end the whole server.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  try {
    await migrate(db, where)
    await ensureFeed(db)
  } catch (cause) {
    await db.destroy()
    if (cause instanceof DataFolderError) throw cause
    throw new DataFolderError(`--database: ${where} cannot be used: ${(cause as Error).message}`, { cause })
  }
  return { db, [Symbol.asyncDispose]: () => db.destroy() }
}

/** The database without its password. */
export function describeDatabase(url: string): string {
  try {
    const { host, database } = new pg.Client({ connectionString: url })
    return `PostgreSQL ${database ?? ''} at ${host}`
  } catch {
    return 'PostgreSQL'
  }
}
