// Writes that wait at the same time share one commit, and so one fsync, which costs more than all they do. Each is a
// savepoint of its own: one that fails takes nothing of the others with it, and none is told that it is done before the
// disk has it.
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { AppError } from '../api/error.ts'

/** Result code of SQLite (sqlite.org/rescode.html). */
const SQLITE_FULL = 13

type Group = ReturnType<typeof Promise.withResolvers<void>>

/** The writing side of one connection. Members take turns; `begin` is followed by `commit` or `rollback`, always. */
export class GroupCommit {
  readonly #sqlite: DatabaseSync
  #lastTurn: Promise<void> = Promise.resolve()
  #endTurn: () => void = () => undefined
  #group: Group | null = null

  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite
  }

  /** Waits for its turn. Throws when another process keeps the database busy; nothing has begun then. */
  async begin(): Promise<void> {
    await this.#takeTurn()
    try {
      this.#group ??= this.#open()
      this.#sqlite.exec('savepoint member')
    } catch (error) {
      this.#endTurn()
      throw error
    }
  }

  /** Runs statements of the member whose turn it is. Throws AppError DiskFull for a full disk. */
  run<T>(work: () => T): T {
    // A full disk ends SQLite's transaction by itself: what follows would else stay, without what came before.
    if (!this.#sqlite.isTransaction) throw new Error('the transaction was ended by an earlier error')
    try {
      return work()
    } catch (cause) {
      const error = named(cause)
      if (!this.#sqlite.isTransaction) this.#fail(error)
      throw error
    }
  }

  /** Resolves when the disk has it. */
  async commit(): Promise<void> {
    const group = this.#group
    try {
      this.run(() => this.#sqlite.exec('release member'))
    } finally {
      this.#endTurn()
    }
    await group?.promise
  }

  async rollback(): Promise<void> {
    try {
      if (this.#sqlite.isTransaction) this.#sqlite.exec('rollback to member; release member')
    } finally {
      this.#endTurn()
    }
  }

  /** Waits for what has begun and closes the connection. */
  async close(): Promise<void> {
    await this.#takeTurn()
    if (this.#group !== null) this.#end(this.#group)
    if (this.#sqlite.isOpen) this.#sqlite.close()
    this.#endTurn()
  }

  #open(): Group {
    // Readers that turn into writers half way could fail; nobody here begins as a reader.
    this.#sqlite.exec('begin immediate')
    const group = Promise.withResolvers<void>()
    // A group whose members were all rolled back has nobody to tell.
    group.promise.catch(() => undefined)
    void this.#endSoon(group)
    return group
  }

  /** After everything that has arrived by now had its turn: requests that came in one breath belong together. */
  async #endSoon(group: Group): Promise<void> {
    await setImmediate()
    await this.#takeTurn()
    if (this.#group === group) this.#end(group)
    this.#endTurn()
  }

  #end(group: Group): void {
    try {
      this.#sqlite.exec('commit')
      this.#group = null
      group.resolve()
    } catch (cause) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec('rollback')
      this.#fail(named(cause))
    }
  }

  #fail(error: unknown): void {
    this.#group?.reject(error)
    this.#group = null
  }

  async #takeTurn(): Promise<void> {
    const before = this.#lastTurn
    const turn = Promise.withResolvers<void>()
    this.#lastTurn = turn.promise
    await before
    this.#endTurn = turn.resolve
  }
}

/** AppError DiskFull for a full disk; every other error as it is. */
export function named(cause: unknown): unknown {
  if ((cause as { errcode?: number }).errcode !== SQLITE_FULL) return cause
  return new AppError('DiskFull', 'the disk of the data folder is full; running tasks go on', { cause })
}
