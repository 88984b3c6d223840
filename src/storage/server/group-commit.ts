// Many writers, one disk flush: whoever asks while a round is under way goes into the next one.
// A round flushes the folders that got new files and then runs every job in one SQLite transaction.
import { open } from 'node:fs/promises'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { diskFullAsRefusal, StorageError } from './storage-error.ts'

type Job = {
  readonly folders: readonly string[]
  readonly freesSpace: boolean
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
  #makeRoom: () => boolean

  /** `makeRoom` frees some disk space when it is full; false when it has none to free. */
  constructor(db: DatabaseSync, makeRoom: () => boolean = () => false) {
    this.#db = db
    this.#makeRoom = makeRoom
  }

  /** How many transactions were run so far. */
  get rounds(): number {
    return this.#rounds
  }

  /**
   * Runs `apply` (synchronous; a throw undoes this job alone) in the next transaction, after flushing `folders`.
   * Resolves with its result once the transaction is on disk. With `freesSpace` it may use up the disk's reserve.
   * Rejects with what `apply` throws, or with StorageError InsufficientStorage.
   */
  run<T>(folders: readonly string[], apply: () => T, options: { freesSpace?: boolean } = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: { value: T } | undefined
      this.#queue.push({
        folders,
        freesSpace: options.freesSpace ?? false,
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
        this.#afterFailure(jobs, diskFullAsRefusal(error))
      }
    }
  }

  /** Nothing of the round was committed. What frees space gets a second chance on a full disk. */
  #afterFailure(jobs: readonly Job[], error: unknown): void {
    const full = error instanceof StorageError
    const again = full && this.#makeRoom() ? jobs.filter((job) => job.freesSpace) : []
    for (const job of jobs) if (!again.includes(job)) job.reject(error)
    if (again.length === 0) return
    try {
      this.#transact(again)
    } catch (second) {
      for (const job of again) job.reject(diskFullAsRefusal(second))
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
          // A full disk fails the round; SQLite may have undone the whole transaction by itself.
          if (!this.#db.isTransaction || diskFullAsRefusal(error) !== error) throw error
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
