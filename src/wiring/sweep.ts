// Clears away what nobody needs any more: at the start of a server and every ten minutes. Everything here can be cut
// off anywhere and done again; what cannot be removed is left for the next time.
import { type EndedLogs, logsToRemove } from '../job/disk-retention.ts'
import { EVENTS } from '../job/events.ts'
import { isTerminal } from '../job/phase.ts'
import type { Site } from '../job/site.ts'
import type { JobStore } from '../job/store.ts'
import { sleep } from '../lib/abort.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import type { LogStore } from '../log/log-store.ts'
import { attemptsUnderWay, type Inherited, type RuntimeSweep, sweepRuntimes } from './sweep-runtime.ts'
import { sweepTasks, type TaskSweep } from './sweep-tasks.ts'

export type SweepParts = TaskSweep & {
  readonly runtimeDir: RuntimeSweep['runtimeDir']
  readonly disk: Site['disk']
  readonly store: Pick<JobStore, 'listUnfinished' | 'getById' | 'addEvents'>
  readonly logs: Pick<LogStore, 'jobs' | 'usage' | 'expire' | 'expired' | 'remove'>
  /** The export of a job's logs has nothing left to bring. */
  readonly forgetExport: (jobId: string) => Promise<void>
  readonly changed: ChangeSignal
  readonly nowMs: () => number
}

const ROUND_MS = 10 * 60_000

/** Sweeps from `start` until it is disposed. */
export class Sweeper implements AsyncDisposable {
  readonly #parts: SweepParts
  readonly #inherited: readonly Inherited[]
  readonly #stop = new AbortController()
  /** Logs of ended jobs never change, so they are measured once. */
  readonly #ended = new Map<string, EndedLogs>()
  #loop: Promise<void> = Promise.resolve()

  private constructor(parts: SweepParts, inherited: readonly Inherited[]) {
    this.#parts = parts
    this.#inherited = inherited
  }

  /** Before this server starts tasks of its own: what is under way now may use an earlier runtime. */
  static async create(parts: SweepParts): Promise<Sweeper> {
    return new Sweeper(parts, await attemptsUnderWay(parts))
  }

  start(): void {
    this.#loop = this.#run()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server is stopping'))
    await this.#loop
  }

  /** One round over everything. Rejects only when the signal of the owner aborts. */
  async sweep(): Promise<void> {
    const { signal } = this.#stop
    await this.#try('tasks of jobs that are gone', () => sweepTasks(this.#parts, signal))
    await this.#try('earlier runtimes', () => sweepRuntimes(this.#parts, this.#inherited, signal))
    await this.#try('logs', () => this.#sweepLogs(signal))
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.sweep().catch(() => undefined)
      await sleep(ROUND_MS, this.#stop.signal).catch(() => undefined)
    }
  }

  async #try(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#stop.signal.throwIfAborted()
      this.#parts.onError(what, error)
    }
  }

  async #sweepLogs(signal: AbortSignal): Promise<void> {
    const { logs, nowMs } = this.#parts
    const { logBytes, logDays } = this.#parts.disk
    let totalBytes = 0
    const ended: EndedLogs[] = []
    for (const jobId of await logs.jobs()) {
      signal.throwIfAborted()
      const found = this.#ended.get(jobId) ?? (await this.#measure(jobId))
      totalBytes += found.sizeBytes
      if (found.endedAtMs !== Number.POSITIVE_INFINITY) ended.push(found)
    }
    for (const { jobId, why } of logsToRemove(ended, { logBytes, logDays, totalBytes, nowMs: nowMs() })) {
      signal.throwIfAborted()
      await this.#expire(jobId, why)
    }
  }

  /** Logs of a job that lives, or whose logs are gone already, never end. Those of a deleted job are removed here. */
  async #measure(jobId: string): Promise<EndedLogs> {
    const { logs, store } = this.#parts
    const nothing = { jobId, endedAtMs: Number.POSITIVE_INFINITY, sizeBytes: 0 }
    const job = await store.getById(jobId)
    if (job === null) {
      await logs.remove(jobId)
      return nothing
    }
    if (!isTerminal(job.status.phase)) return { ...nothing, sizeBytes: await logs.usage(jobId) }
    // Half a removal is finished; what it leaves is a sentence.
    const why = await logs.expired(jobId)
    if (why !== null) await logs.expire(jobId, why)
    const endedAtMs = why === null ? (job.status.endTimeMs ?? job.createTimeMs) : Number.POSITIVE_INFINITY
    const found = { jobId, endedAtMs, sizeBytes: why === null ? await logs.usage(jobId) : 0 }
    this.#ended.set(jobId, found)
    return found
  }

  async #expire(jobId: string, why: string): Promise<void> {
    const { logs, store, changed, nowMs, forgetExport } = this.#parts
    await forgetExport(jobId)
    await store.addEvents(jobId, [EVENTS.logsRemoved(why)], nowMs())
    await logs.expire(jobId, why)
    this.#ended.set(jobId, { jobId, endedAtMs: Number.POSITIVE_INFINITY, sizeBytes: 0 })
    changed.notify(jobId)
  }
}
