// Opens the rows: SQLite in the data folder, or PostgreSQL when one is named. Either way the folder is this serve's alone.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../api/error.ts'
import type { LiveIdentity } from '../auth/live-identity.ts'
import { type Config, ConfigError } from '../config.ts'
import { type Database, openDatabase, takeFolder } from '../db/database.ts'
import { readServeId } from '../db/instance.ts'
import type { JobStore } from '../job/store.ts'
import { writeFileAtomic } from '../lib/atomic-file.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import type { Logger } from '../logger.ts'

export type RowsOpened = Database & {
  readonly serveId: string
  /** The database in words, without its password. */
  readonly where: string
}

/** Throws DataFolderError when the folder is taken, or the database cannot be used. */
export async function openRowsDatabase(config: Config, logger: Logger): Promise<RowsOpened> {
  await using owned = new AsyncDisposableStack()
  const { dataDir, databaseUrl: url } = config
  const open = async (): Promise<Omit<RowsOpened, keyof AsyncDisposable>> => {
    if (url === null) {
      const { db } = owned.use(await openDatabase(dataDir))
      return { db, serveId: await readServeId(dataDir), where: `SQLite in ${dataDir}` }
    }
    owned.use(await takeFolder(dataDir))
    const serveId = await readServeId(dataDir)
    const { describeDatabase, openPostgres } = await import('../db/postgres.ts')
    const where = describeDatabase(url)
    const watch = watchLog(where, logger)
    return { ...owned.use(await openPostgres({ url, serveId, ...watch })), serveId, where }
  }
  const opened = await open()
  const disposables = owned.move()
  return { ...opened, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}

/** One line when it goes and one when it is back; what fails in between says nothing new. */
function watchLog(where: string, logger: Logger) {
  let sinceMs = 0
  return {
    onAway: (cause: Error) => {
      sinceMs = performance.now()
      logger.warn({ database: where, error: cause.message }, 'the database does not answer; tasks go on')
    },
    onNoTrigrams: (cause: Error) =>
      logger.warn(
        { database: where, error: cause.message },
        'searches for a part of a name look at all names: the extension pg_trgm cannot be added',
      ),
    onBack: () => {
      const seconds = Math.round(performance.now() - sinceMs) / 1000
      logger.info({ database: where, seconds }, 'the database answers again')
    },
  }
}

/** Was this said by `watchLog` already? */
export const isDatabaseAway = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'DatabaseUnavailable'

/**
 * DIR/database tells which database the folder belongs to, by its first project: with another one all its tasks and
 * logs would be of jobs nobody knows, and swept away. Throws ConfigError.
 */
export async function recordDatabase(dataDir: string, where: string, projectId: string): Promise<void> {
  const path = join(dataDir, 'database')
  const [knownId = '', knownWhere = ''] = (await readFile(path, 'utf8').catch(() => '')).split('\n')
  if (knownId !== '' && knownId !== projectId)
    throw new ConfigError(
      `--database: got ${where}, but ${dataDir} belongs to another database (${knownWhere}), whose jobs have their logs there; valid: that database, or another data folder`,
    )
  const text = `${projectId}\n${where}\n`
  if (knownId !== projectId || knownWhere !== where) await writeFileAtomic(path, text, 0o600)
}

export type FeedParts = {
  readonly store: Pick<JobStore, 'listUnfinished'>
  readonly wake: ChangeSignal
  readonly changed: ChangeSignal
  readonly serveId: string
  readonly identity: Pick<LiveIdentity, 'reload'>
}

/** Hears of what other servers change; null for SQLite, which has one server. */
export async function openChangeFeed(
  config: Config,
  parts: FeedParts,
  logger: Logger,
): Promise<AsyncDisposable | null> {
  if (config.databaseUrl === null) return null
  const { store, wake, changed, serveId, identity } = parts
  const failed = (error: unknown): void => {
    if (!isDatabaseAway(error))
      logger.warn({ error: String(error) }, 'users and keys could not be read again')
  }
  const { openFeed } = await import('../db/postgres-feed.ts')
  return openFeed({
    url: config.databaseUrl,
    serveId,
    onJob: (jobId, mine) => {
      changed.notify(jobId)
      if (mine) wake.notify(jobId)
    },
    onIdentities: () => void identity.reload().catch(failed),
    onListening: async () => {
      await identity.reload()
      for (const id of await store.listUnfinished(serveId)) wake.notify(id)
    },
  })
}
