// Opens the rows: SQLite in the data folder, or PostgreSQL when one is named. Either way the folder is this serve's alone.
import type { Config } from '../config.ts'
import { openDatabase, takeFolder } from '../db/database.ts'
import { readServeId } from '../db/instance.ts'
import type { Rows } from '../db/tables.ts'
import type { JobStore } from '../job/store.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import type { Logger } from '../logger.ts'

export type RowsOpened = AsyncDisposable & { readonly db: Rows; readonly serveId: string }

/** Throws DataFolderError when the folder is taken, or the database cannot be used. */
export async function openRowsDatabase(config: Config, logger: Logger): Promise<RowsOpened> {
  await using owned = new AsyncDisposableStack()
  const { dataDir, databaseUrl: url } = config
  const onError = (error: Error) =>
    logger.warn({ error: error.message }, 'a connection to the database broke')
  const open = async (): Promise<Omit<RowsOpened, keyof AsyncDisposable>> => {
    if (url === null) {
      const { db } = owned.use(await openDatabase(dataDir))
      return { db, serveId: await readServeId(dataDir) }
    }
    owned.use(await takeFolder(dataDir))
    const serveId = await readServeId(dataDir)
    const { openPostgres } = await import('../db/postgres.ts')
    const { db } = owned.use(await openPostgres({ url, serveId, onError }))
    return { db, serveId }
  }
  const opened = await open()
  const disposables = owned.move()
  return { ...opened, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}

export type FeedParts = {
  readonly store: JobStore
  readonly wake: ChangeSignal
  readonly changed: ChangeSignal
  readonly serveId: string
  readonly reloadKeys: () => Promise<unknown>
}

/** Hears of what other servers change; null for SQLite, which has one server. */
export async function openChangeFeed(
  config: Config,
  parts: FeedParts,
  logger: Logger,
): Promise<AsyncDisposable | null> {
  if (config.databaseUrl === null) return null
  const { store, wake, changed, serveId } = parts
  const failed = (error: unknown) =>
    logger.warn({ error: String(error) }, 'a change of another server was missed')
  const { openFeed } = await import('../db/postgres-feed.ts')
  return openFeed({
    url: config.databaseUrl,
    serveId,
    onJob: (jobId, mine) => {
      changed.notify(jobId)
      if (mine) wake.notify(jobId)
    },
    onAccessKeys: () => void parts.reloadKeys().catch(failed),
    onReconnect: () => {
      parts.reloadKeys().catch(failed)
      store
        .listUnfinished(serveId)
        .then((ids) => {
          for (const id of ids) wake.notify(id)
        })
        .catch(failed)
    },
  })
}
