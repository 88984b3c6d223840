// Many writers, one disk flush: whoever asks while a round is under way goes into the next one.
// A round flushes the folders that got new files and then runs every job in one SQLite transaction.
import { open } from 'node:fs/promises'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'

type Job = {
  readonly folders: readonly string[]
  readonly apply: () => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Makes new names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}

/** Shares transactions among concurrent writers of one database. */
export class GroupCommit implements AsyncDisposable {
  #db: DatabaseSync
  #queue: Job[] = []
  #running: Promise<void> | undefined
  #rounds = 0

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** How many transactions were run so far. */
  get rounds(): number {
    return this.#rounds
  }

  /**
   * Runs `apply` (synchronous; a throw undoes this job alone) in the next transaction, after flushing `folders`.
   * Resolves with its result once the transaction is on disk.
   */
  run<T>(folders: readonly string[], apply: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: { value: T } | undefined
      this.#queue.push({
        folders,
        apply: () => {
          result = { value: apply() }
        },
        resolve: () => (result ? resolve(result.value) : reject(new Error('The job did not run'))),
        reject,
      })
      this.#running ??= this.#drain().finally(() => {
        this.#running = undefined
      })
    })
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // One turn of the loop lets everybody join who became ready together.
      await setImmediate()
      const jobs = this.#queue
      this.#queue = []
      try {
        await Promise.all([...new Set(jobs.flatMap((job) => job.folders))].map(syncFolder))
        this.#transact(jobs)
      } catch (error) {
        for (const job of jobs) job.reject(error)
      }
    }
  }

  #transact(jobs: readonly Job[]): void {
    const failed = new Map<Job, unknown>()
    this.#rounds += 1
    this.#db.exec('begin immediate')
    try {
      for (const job of jobs) {
        this.#db.exec('savepoint job')
        try {
          job.apply()
          this.#db.exec('release job')
        } catch (error) {
          // A full disk can make SQLite undo the whole transaction; then nobody's job is done.
          if (!this.#db.isTransaction) throw error
          this.#db.exec('rollback to job; release job')
          failed.set(job, error)
        }
      }
      this.#db.exec('commit')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback')
      throw error
    }
    for (const job of jobs) {
      if (failed.has(job)) job.reject(failed.get(job))
      else job.resolve()
    }
  }

  /** Waits for what was asked so far. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running
  }
}
