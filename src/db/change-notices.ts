// Tells the other servers on a PostgreSQL which jobs this one changed (they listen: postgres-feed.ts). After the commit and
// many at a time: a transaction that tells by itself lets nobody else commit while it waits for the disk.
import { sql } from 'kysely'
import type { Rows } from './tables.ts'

export const CHANNEL = 'ropeway'

/** `serveId`: the only serve that may have to move the job; null: any. `-` is none. */
export type JobNotice = { readonly jobId: string; readonly serveId: string | null }

/** Sends in the background. What is lost, with the database or this process, costs time only. */
export class ChangeNotices implements AsyncDisposable {
  readonly #db: Rows
  readonly #by: string
  readonly #waiting = new Set<string>()
  #sending: Promise<void> | null = null

  /** `by`: how the listeners know whose notices to pass over. */
  constructor(db: Rows, by: string) {
    this.#db = db
    this.#by = by
  }

  tell({ jobId, serveId }: JobNotice): void {
    this.#waiting.add(JSON.stringify({ table: 'jobs', by: this.#by, serve: serveId, job: jobId }))
    this.#sending ??= this.#send()
  }

  async #send(): Promise<void> {
    while (this.#waiting.size > 0) {
      const payloads = [...this.#waiting]
      this.#waiting.clear()
      await sql`select pg_notify(${CHANNEL}, payload) from unnest(${payloads}::text[]) as payload`
        .execute(this.#db)
        .catch(() => undefined)
    }
    this.#sending = null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sending
  }
}
