// The rows in PostgreSQL: the same schema, stores and leases as in SQLite, for several servers on one database.
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { ChangeNotices } from './change-notices.ts'
import { DataFolderError } from './data-folder-error.ts'
import type { Database } from './database.ts'
import { isDatabaseAway, isDatabaseBusy } from './database-away.ts'
import { migrate } from './migrate.ts'
import { applicationName, connectionOf, Sockets } from './postgres-connection.ts'
import { ensureFeed } from './postgres-feed.ts'
import { type PoolWatch, UNWATCHED, watchedPool } from './postgres-pool.ts'
import { ensureTrigrams } from './postgres-trigrams.ts'
import type { Tables } from './tables.ts'

const POOL_SIZE = 10
const INT8 = 20

export type PostgresOptions = PoolWatch & {
  readonly url: string
  /** Names this serve to the others; changes of its own are not told to itself. */
  readonly serveId: string
  /** Why parts of names have no index here (postgres-trigrams.ts). */
  readonly onNoTrigrams?: (cause: Error) => void
}

/** The server's own clock in milliseconds: the one clock that all serves share. */
const databaseNow = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`

/** Opens the database and brings it to this version's schema. Throws DataFolderError, never with the password. */
export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { url, serveId } = options
  const where = describeDatabase(url)
  const sockets = new Sockets()
  const open = (use: 'requests' | 'migrating', max: number): Kysely<Tables> => {
    const pool = new pg.Pool({
      ...connectionOf(url, serveId, sockets, use),
      max,
      // Our numbers stay below 2^53: times in milliseconds, counters, bytes.
      types: {
        getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)),
      } as pg.CustomTypesConfig,
    })
    const watch = use === 'requests' ? options : UNWATCHED
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: watchedPool(pool, watch) }) })
  }
  try {
    const migrating = open('migrating', 2)
    await prepare(migrating, where, options).finally(() => sockets.close(migrating.destroy()))
    const db = open('requests', POOL_SIZE)
    const notices = new ChangeNotices(db, applicationName(serveId))
    return {
      db,
      now: databaseNow,
      onChange: (notice) => notices.tell(notice),
      [Symbol.asyncDispose]: () => sockets.close(notices[Symbol.asyncDispose]().then(() => db.destroy())),
    }
  } catch (cause) {
    if (cause instanceof DataFolderError) throw cause
    throw new DataFolderError(`--database: ${where} cannot be used: ${wordsOf(cause)}`, { cause })
  }
}

async function prepare(db: Kysely<Tables>, where: string, { onNoTrigrams }: PostgresOptions): Promise<void> {
  await migrate(db, where)
  await ensureFeed(db)
  const missing = await ensureTrigrams(db)
  if (missing !== null) onNoTrigrams?.(missing)
}

/** What the client said is closer to the reason than our sentence for the API. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isDatabaseAway(error.cause) || isDatabaseBusy(error.cause) ? wordsOf(error.cause) : error.message
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
