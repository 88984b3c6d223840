// Kysely over node:sqlite, which is synchronous: one connection that reads what is committed, and one that writes in
// groups (group-commit.ts). A transaction reads and writes on the second one.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { GroupCommit } from './group-commit.ts'
import { toParameters } from './to-text.ts'

/** Owns both connections. */
export const sqliteDialect = (writer: DatabaseSync, reader: DatabaseSync): Dialect => ({
  createAdapter: () => new GroupingSqliteAdapter(),
  createDriver: () => new SqliteDriver(writer, reader),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
})

class GroupingSqliteAdapter extends SqliteAdapter {
  /** Borrowers need not wait for each other: `GroupCommit` keeps them apart. */
  override get supportsMultipleConnections(): boolean {
    return true
  }

  /** SQLite does roll back `create table`; Kysely says no, and would leave half a migration after a crash. */
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class SqliteDriver implements Driver {
  readonly #reader: DatabaseSync
  readonly #group: GroupCommit
  readonly #reads: Statements
  readonly #writes: Statements

  constructor(writer: DatabaseSync, reader: DatabaseSync) {
    this.#reader = reader
    this.#group = new GroupCommit(writer)
    this.#reads = new Statements(reader)
    this.#writes = new Statements(writer)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteConnection> {
    return new SqliteConnection(this.#group, this.#writes, this.#reads)
  }

  async beginTransaction(connection: SqliteConnection): Promise<void> {
    await this.#group.begin()
    connection.inTransaction = true
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    connection.inTransaction = false
    await this.#group.commit()
  }

  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    // A commit that failed has ended it already.
    if (!connection.inTransaction) return
    connection.inTransaction = false
    await this.#group.rollback()
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    await this.#group.close()
    if (this.#reader.isOpen) this.#reader.close()
  }
}

/** One borrower of the database; it holds nothing unless it is in a transaction. */
class SqliteConnection implements DatabaseConnection {
  inTransaction = false
  readonly #group: GroupCommit
  readonly #writes: Statements
  readonly #reads: Statements

  constructor(group: GroupCommit, writes: Statements, reads: Statements) {
    this.#group = group
    this.#writes = writes
    this.#reads = reads
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.inTransaction) return this.#group.run(() => this.#writes.run<R>(query))
    if (isRead(query)) return this.#reads.run<R>(query)
    await this.#group.begin()
    let result: QueryResult<R>
    try {
      result = this.#group.run(() => this.#writes.run<R>(query))
    } catch (error) {
      await this.#group.rollback()
      throw error
    }
    await this.#group.commit()
    return result
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query)
  }
}

const isRead = ({ query, sql }: CompiledQuery): boolean =>
  SelectQueryNode.is(query) || /^\s*select\s/i.test(sql)

type Prepared = { readonly statement: StatementSync; readonly answers: boolean }
const KEPT_STATEMENTS = 200

/** Preparing costs more than most statements do. Those with lists of any length are not worth keeping for ever. */
class Statements {
  readonly #sqlite: DatabaseSync
  readonly #kept = new Map<string, Prepared>()

  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite
  }

  run<R>({ sql, parameters }: CompiledQuery): QueryResult<R> {
    const { statement, answers } = this.#prepared(sql)
    const values = toParameters(parameters) as readonly SQLInputValue[]
    if (answers) return { rows: statement.all(...values) as R[] }
    const { changes, lastInsertRowid } = statement.run(...values)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  #prepared(text: string): Prepared {
    const known = this.#kept.get(text)
    if (known !== undefined) return known
    const statement = this.#sqlite.prepare(text)
    const prepared = { statement, answers: statement.columns().length > 0 }
    if (this.#kept.size >= KEPT_STATEMENTS) this.#kept.clear()
    this.#kept.set(text, prepared)
    return prepared
  }
}
