// Opens the rows of a data folder: one SQLite file behind Kysely, WAL with full sync, so that what was acknowledged
// survives a power cut.
import { closeSync, openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, type RawBuilder } from 'kysely'
import type { JobNotice } from './change-notices.ts'
import { DataFolderError } from './data-folder-error.ts'
import { migrate } from './migrate.ts'
import { takeServeLock } from './serve-lock.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import type { Rows, Tables } from './tables.ts'

export type Database = AsyncDisposable & {
  readonly db: Rows
  /** The database's clock, where several servers compare their leases. */
  readonly now?: RawBuilder<number>
  /** Tells the other serves on the database of a job that this one changed. */
  readonly onChange?: (notice: JobNotice) => void
}

const BUSY_TIMEOUT_MS = 5_000
export const DATABASE_FILE = 'ropeway.sqlite'

/**
 * Takes the folder for this process, opens DIR/ropeway.sqlite and brings it to this version's schema.
 * Throws DataFolderError when another serve has the folder, or when the schema is newer than this program.
 */
export async function openDatabase(dir: string): Promise<Database> {
  await using resources = new AsyncDisposableStack()
  resources.use(await takeFolder(dir))
  const path = join(dir, DATABASE_FILE)
  const { db } = resources.use(openDatabaseFile(path))
  await migrate(db, path)
  const owned = resources.move()
  return { db, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Makes the folder and takes it for this process. Throws DataFolderError when another serve has it. */
export async function takeFolder(dir: string): Promise<AsyncDisposable> {
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch((cause: Error) => {
    throw new DataFolderError(`the data folder ${dir} cannot be made: ${cause.message}`, { cause })
  })
  return takeServeLock(dir)
}

/** Opens one SQLite file without the folder's lock and without migrating: for tools that only look, and tests. */
export function openDatabaseFile(path: string): Database {
  createPrivately(path)
  using opened = new DisposableStack()
  const connect = (settings: string): DatabaseSync => {
    const sqlite = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
    opened.defer(() => sqlite.close())
    try {
      sqlite.exec(settings)
    } catch (cause) {
      throw new DataFolderError(`${path} cannot be opened: ${(cause as Error).message}`, { cause })
    }
    return sqlite
  }
  const writer = connect('pragma journal_mode = wal; pragma synchronous = full')
  const reader = connect('pragma query_only = on')
  const db = new Kysely<Tables>({ dialect: sqliteDialect(writer, reader) })
  const connections = opened.move()
  return {
    db,
    [Symbol.asyncDispose]: async () => {
      await db.destroy()
      // Kysely closes only what it has used.
      if (writer.isOpen) connections.dispose()
    },
  }
}

/** SQLite would make the file readable for everybody; its -wal and -shm take over the mode of the file. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new DataFolderError(`${path} cannot be made: ${(error as Error).message}`, { cause: error })
  }
}
