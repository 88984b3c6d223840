// Opens the rows of a data folder: one SQLite file behind Kysely, WAL with full sync, so that what was acknowledged
// survives a power cut. node:sqlite is synchronous; Kysely's connection mutex keeps transactions apart.
import { closeSync, openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, type RawBuilder, SqliteAdapter, type SqliteDatabase, SqliteDialect } from 'kysely'
import { AppError } from '../api/error.ts'
import { DataFolderError } from './data-folder-error.ts'
import { migrate } from './migrate.ts'
import { takeServeLock } from './serve-lock.ts'
import type { Rows, Tables } from './tables.ts'

export type Database = AsyncDisposable & {
  readonly db: Rows
  /** The database's clock, where several servers compare their leases. */
  readonly now?: RawBuilder<number>
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
  const sqlite = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
  try {
    sqlite.exec('pragma journal_mode = wal; pragma synchronous = full')
  } catch (cause) {
    sqlite.close()
    throw new DataFolderError(`${path} cannot be opened: ${(cause as Error).message}`, { cause })
  }
  const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect({ database: asKyselyDatabase(sqlite) }) })
  return {
    db,
    [Symbol.asyncDispose]: async () => {
      await db.destroy()
      // Kysely closes only what it has used.
      if (sqlite.isOpen) sqlite.close()
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

function asKyselyDatabase(sqlite: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, KyselyStatement>()
  return {
    close: () => sqlite.close(),
    prepare: (text) => {
      // A full disk ends the transaction by itself; the error of ending it again would hide the one that matters.
      if (text === 'rollback' && !sqlite.isTransaction) return NOTHING
      const known = kept.get(text)
      if (known !== undefined) return known
      const statement = toKyselyStatement(sqlite.prepare(text))
      // Preparing costs more than most statements do. Those with lists of any length are not worth keeping for ever.
      if (kept.size >= KEPT_STATEMENTS) kept.clear()
      kept.set(text, statement)
      return statement
    },
  }
}

type KyselyStatement = ReturnType<SqliteDatabase['prepare']>
const KEPT_STATEMENTS = 200

function toKyselyStatement(statement: StatementSync): KyselyStatement {
  const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => naming(() => statement.all(...values(parameters))),
    run: (parameters) => naming(() => statement.run(...values(parameters))),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  }
}

const NOTHING: KyselyStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [][Symbol.iterator](),
}

/** Result code of SQLite (sqlite.org/rescode.html). */
const SQLITE_FULL = 13

/** Throws AppError DiskFull for a full disk; every other error as it is. */
function naming<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if ((cause as { errcode?: number }).errcode !== SQLITE_FULL) throw cause
    throw new AppError('DiskFull', 'the disk of the data folder is full; running tasks go on', { cause })
  }
}

/** SQLite does roll back `create table`; Kysely's adapter says no, and would leave half a migration after a crash. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class NodeSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter()
  }
}
