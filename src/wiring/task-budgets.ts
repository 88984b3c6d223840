// Watches how much each running task keeps in /cache, its homes and /tmp. File systems rarely have quotas of folders, so
// the files are counted, by du(1): a program of its own does not hold up the server, and reads trees of any depth.
import { execFile } from 'node:child_process'
import { setPriority } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { filledFolders } from '../backend/cache-folder.ts'
import type { Job } from '../job/job.ts'
import { isTerminal } from '../job/phase.ts'
import { attemptRef } from '../job/plan-input.ts'
import type { Backend } from '../job/ports.ts'
import type { JobStore } from '../job/store.ts'
import {
  type BudgetLevel,
  budgetEvent,
  budgetLevel,
  type OverBudget,
  overBudget,
  type TaskBudgets,
} from '../job/task-budget.ts'
import { sleep } from '../lib/abort.ts'
import type { ChangeSignal } from '../lib/signal.ts'

export type TaskBudgetParts = {
  readonly backend: Pick<Backend, 'runDir'>
  readonly store: Pick<JobStore, 'listUnfinished' | 'getById' | 'addEvents'>
  readonly serveId: string
  /** null: nothing is counted. */
  readonly budgetBytes: number | null
  readonly over: OverBudget
  readonly wake: ChangeSignal
  readonly changed: ChangeSignal
  readonly nowMs: () => number
  readonly onError: (what: string, error: unknown) => void
}

const LOOK_MS = 5_000
/** Counting takes at most this share of the time: a tree of millions of files is looked at less often. */
const SHARE = 1 / 20
/** Behind everything that trains. */
const LOW_PRIORITY = 10

type Seen = { readonly level: BudgetLevel; readonly over: string | null }

/** Watches from `start` until it is disposed. What was told is forgotten with the process: a restart may tell it again. */
export class TaskBudgetWatch implements TaskBudgets, AsyncDisposable {
  readonly #parts: TaskBudgetParts
  readonly #stop = new AbortController()
  #seen: ReadonlyMap<string, Seen> = new Map()
  #loop: Promise<void> = Promise.resolve()

  constructor(parts: TaskBudgetParts) {
    this.#parts = parts
  }

  start(): void {
    const { budgetBytes } = this.#parts
    if (budgetBytes !== null) this.#loop = this.#watch(budgetBytes)
  }

  exceeded(job: Pick<Job, 'id' | 'status'>): string | null {
    if (this.#parts.over === 'warn') return null
    const over = job.status.tasks.map(({ task }) => this.#seen.get(keyOf(job, task))?.over ?? null)
    return over.find((sentence) => sentence !== null) ?? null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server is stopping'))
    await this.#loop
  }

  async #watch(budgetBytes: number): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const begun = performance.now()
      await this.#look(budgetBytes).catch((error: unknown) => {
        if (!signal.aborted) this.#parts.onError('the budget of tasks', error)
      })
      const pauseMs = Math.max(LOOK_MS, (performance.now() - begun) / SHARE)
      await sleep(pauseMs, signal).catch(() => undefined)
    }
  }

  async #look(budgetBytes: number): Promise<void> {
    const { store, serveId } = this.#parts
    const seen = new Map<string, Seen>()
    for (const jobId of await store.listUnfinished(serveId)) {
      const job = await store.getById(jobId)
      if (job === null || isTerminal(job.status.phase) || job.status.startIntentAtMs === null) continue
      for (const { task } of job.status.tasks) {
        const key = keyOf(job, task)
        seen.set(key, await this.#count(job, task, budgetBytes, this.#seen.get(key)?.level ?? 0))
      }
    }
    this.#seen = seen
    for (const [key, { over }] of seen)
      if (over !== null && this.#parts.over === 'stop')
        this.#parts.wake.notify(key.slice(0, key.indexOf(' ')))
  }

  async #count(job: Job, task: string, budgetBytes: number, before: BudgetLevel): Promise<Seen> {
    const { backend, store, changed, nowMs } = this.#parts
    const runDir = backend.runDir(attemptRef(job), task)
    const bytes =
      runDir === null ? 0 : await bytesBelow(await filledFolders(dirname(runDir)), this.#stop.signal)
    const level = budgetLevel(bytes, budgetBytes)
    const isOver = bytes > budgetBytes
    if (level > before) {
      await store.addEvents(job.id, [budgetEvent(task, bytes, budgetBytes, level)], nowMs())
      changed.notify(job.id)
    }
    return { level, over: isOver ? overBudget(task, bytes, budgetBytes) : null }
  }
}

const keyOf = ({ id, status }: Pick<Job, 'id' | 'status'>, task: string): string =>
  `${id} ${status.attempt} ${task}`

/** What the files below take on the disk; what this user may not read, or what goes meanwhile, is left out. */
export async function bytesBelow(folders: readonly string[], signal: AbortSignal): Promise<number> {
  if (folders.length === 0) return 0
  const counting = promisify(execFile)('du', ['-skx', '--', ...folders], { signal, maxBuffer: 1 << 20 })
  const { pid } = counting.child
  if (pid !== undefined) setPriority(pid, LOW_PRIORITY)
  const text = await counting.then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; code?: unknown }) => {
      // 1: not all could be read. Its sums are there all the same.
      if (error.code !== 1) throw error
      return error.stdout ?? ''
    },
  )
  const sums = text.split('\n').map((line) => Number(/^(\d+)\t/.exec(line)?.[1] ?? 0))
  return sums.reduce((sum, kilobytes) => sum + kilobytes * 1024, 0)
}
