// A server with the jobs of a year: a million finished ones and ten thousand live ones, unless told otherwise.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { DATABASE_FILE, openDatabaseFile } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import type { Rows, Tables } from '../src/db/tables.ts'
import { idOf, migrateBefore, seedJobs } from '../test/conformance/seeded-jobs.ts'
import { Ropeway } from '../test/e2e/harness.ts'
import { startPostgres } from '../test/engines/postgres.ts'

/** A limit per user that a bench of one user does not meet. */
export const NO_LIMIT = 'api:\n  requests_per_second: 1000000\n'

export type SeededServer = {
  readonly database: string
  readonly ropeway: Ropeway
  readonly jobs: number
  /** The id of some job; those of neighbours lie far apart. */
  readonly jobAt: (n: number) => string
}

/** Makes the rows in the database of the kind, starts a server on it, lets `use` do with it, and ends both. */
export async function onSeededServer<T>(
  database: 'SQLite' | 'PostgreSQL',
  finished: number,
  use: (server: SeededServer) => Promise<T>,
): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ropeway-bench-'))
  const jobs = { finished, live: Math.floor(finished / 100), untilMs: Date.now() }
  try {
    await using engine = database === 'PostgreSQL' ? await startPostgres({ fsync: true }) : null
    const url = (await engine?.newDatabase()) ?? null
    if (url !== null) await seedPostgres(url, jobs)
    else await seedSqlite(dataDir, jobs)
    const env = url === null ? {} : { ROPEWAY_DATABASE: url }
    await using ropeway = await Ropeway.start({ backend: 'fake', dataDir, site: NO_LIMIT, env })
    const all = jobs.finished + jobs.live
    return await use({ database, ropeway, jobs: all, jobAt: (n) => idOf(1 + ((n * 7919) % all)) })
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

type Seeds = Parameters<typeof seedJobs>[1]

async function seedSqlite(dataDir: string, jobs: Seeds): Promise<void> {
  mkdirSync(dataDir, { recursive: true })
  const path = join(dataDir, DATABASE_FILE)
  await using database = openDatabaseFile(path)
  await seed(database.db, path, jobs)
}

/** Without the limits of a request, and as a database that has run for a while: with statistics. */
async function seedPostgres(url: string, jobs: Seeds): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  await seed(db, url, jobs)
  await pool.query('vacuum analyze')
  await db.destroy()
}

/** The triggers that keep counts come after the rows: with them, a million rows take ten times as long. */
async function seed(db: Rows, where: string, jobs: Seeds): Promise<void> {
  await migrateBefore(db, '0011-search')
  await seedJobs(db, jobs)
  await migrate(db, where)
}
