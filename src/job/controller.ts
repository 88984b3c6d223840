// The one loop that moves jobs: read, observe, reconcile, act, one guarded write; again until the job rests.
// It may die at any line and be run again. Wake-ups carry no data; a slow periodic look replaces lost ones.
import { AppError } from '../api/error.ts'
import type { ErrorName } from '../api/errors.ts'
import { sleep } from '../lib/abort.ts'
import { cancelOnStop } from './cancel-on-stop.ts'
import { type ControllerParts, PACE } from './controller-parts.ts'
import { decideAdmission } from './decide-admission.ts'
import { EVENTS } from './events.ts'
import type { Job, NewEvent } from './job.ts'
import { isTerminal } from './phase.ts'
import { attemptRef, planInputOf } from './plan-input.ts'
import { autoStopAtMs, reconcile } from './reconcile.ts'
import type { Action, Step, World } from './step.ts'
import type { JobChange, Lease } from './store.ts'

const SERVER_GRACE_MS = 20_000
const START_TRIES = 3
const OF_DATABASE: readonly ErrorName[] = ['DatabaseUnavailable', 'DatabaseBusy']
/** So many writes wait for the database at once. */
const ASKING_AT_ONCE = 64

/** What one turn of the loop came to; an error is a start that failed. */
type Moved = 'again' | 'started' | 'rest' | 'erased' | Error

/** Moves all jobs of one serve until it is disposed. */
export class Controller implements AsyncDisposable {
  readonly #parts: Required<ControllerParts>
  readonly #stop = new AbortController()
  readonly #moving = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #unlisten: (() => void)[] = []
  readonly #asking: { readonly job: Job; readonly asked: PromiseWithResolvers<Moved> }[] = []
  #admitting: Promise<unknown> = Promise.resolve()
  #lookTimer: NodeJS.Timeout | undefined

  constructor(parts: ControllerParts) {
    this.#parts = { pace: PACE, ...parts }
  }

  /** Takes this serve's jobs up again and begins to listen. */
  async start(): Promise<void> {
    const { store, serveId, wake, backend } = this.#parts
    await store.releaseOwn(serveId)
    this.#unlisten.push(wake.listen((jobId) => this.#enqueue(jobId)))
    this.#unlisten.push(backend.watch((jobId) => this.#enqueue(jobId)))
    for (const jobId of await store.listUnfinished(serveId)) this.#enqueue(jobId)
    const failed = (error: unknown): void => this.#parts.onError('(all)', error)
    this.#lookTimer = setInterval(() => this.#lookAround().catch(failed), this.#parts.pace.lookAroundMs)
    this.#lookTimer.unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const unlisten of this.#unlisten) unlisten()
    this.#stop.abort(new Error('the server is stopping'))
    clearInterval(this.#lookTimer)
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await Promise.allSettled([...this.#moving.values(), this.#admitting])
    // Others may go on at once. Where this fails, they do when the leases end.
    await this.#parts.store.releaseOwn(this.#parts.serveId).catch(() => undefined)
  }

  #enqueue(jobId: string): void {
    if (this.#stop.signal.aborted) return
    if (this.#moving.has(jobId)) {
      this.#again.add(jobId)
      return
    }
    const done = this.#move(jobId)
      .catch((error: unknown) => {
        if (this.#stop.signal.aborted) return
        this.#parts.onError(jobId, error)
        this.#later(jobId, this.#parts.pace.lookAgainMs)
      })
      .finally(() => {
        this.#moving.delete(jobId)
        if (this.#again.delete(jobId)) this.#enqueue(jobId)
      })
    this.#moving.set(jobId, done)
  }

  #later(jobId: string, ms: number): void {
    clearTimeout(this.#timers.get(jobId))
    const timer = setTimeout(() => {
      this.#timers.delete(jobId)
      this.#enqueue(jobId)
    }, ms)
    timer.unref()
    this.#timers.set(jobId, timer)
  }

  async #move(jobId: string): Promise<void> {
    let startError: string | null = null
    let failedStarts = 0
    let starts = 0
    while (!this.#stop.signal.aborted) {
      this.#again.delete(jobId)
      const { store, serveId, gate } = this.#parts
      const job = await store.hold(jobId, serveId, this.#nowMs(), this.#parts.pace.leaseMs)
      if (!job) return gate.close(jobId)
      const isWaiting = !isTerminal(job.status.phase) && job.status.startIntentAtMs === null
      const moved: Moved = isWaiting ? await this.#moveWaiting(job) : await this.#moveStarted(job, startError)
      if (moved === 'rest') return this.#rest(job)
      if (moved === 'erased') return
      // A start that left no trace yet is not repeated in a hurry.
      if (moved === 'started' && ++starts > 1) return this.#later(jobId, this.#parts.pace.lookAgainMs)
      if (moved instanceof Error) {
        failedStarts++
        if (moved instanceof AppError || failedStarts >= START_TRIES) startError = moved.message
        else await sleep(500 * 2 ** failedStarts, this.#stop.signal)
      }
    }
  }

  /** A job that holds devices may change without a word: look again after a while. */
  #rest(job: Job): void {
    if (isTerminal(job.status.phase) || job.status.startIntentAtMs === null) return
    const due = autoStopAtMs(job)
    const untilDue = due === null ? this.#parts.pace.lookAgainMs : due - this.#nowMs()
    this.#later(job.id, Math.max(0, Math.min(this.#parts.pace.lookAgainMs, untilDue)))
  }

  async #moveStarted(job: Job, startError: string | null): Promise<Moved> {
    const { backend, gate } = this.#parts
    const live = !isTerminal(job.status.phase)
    // A socket that cannot be made must not keep the job from being observed and stopped.
    if (live) await gate.open(job).catch((error: unknown) => this.#parts.onError(job.id, error))
    const seen = live ? await backend.observe(attemptRef(job), this.#stop.signal) : []
    return this.#take(job, reconcile(job, this.#world(job, { seen, startError })))
  }

  #world(job: Job, known: Partial<World>): World {
    const { rankFailures, budgets } = this.#parts
    const nothing = { seen: [], admission: null, startError: null, nowMs: this.#nowMs() }
    return { ...nothing, rankFailure: rankFailures.of(job), overBudget: budgets.exceeded(job), ...known }
  }

  /**
   * Deciding and the writes that book are one at a time, so no two jobs are promised the same core. Who asks meanwhile
   * shares the next decision: it looks at the whole queue.
   */
  #moveWaiting(job: Job): Promise<Moved> {
    const asked = Promise.withResolvers<Moved>()
    this.#asking.push({ job, asked })
    this.#admitting = this.#admitting.then(() => this.#admitAsking())
    return asked.promise
  }

  async #admitAsking(): Promise<void> {
    const all = this.#asking.splice(0, ASKING_AT_ONCE)
    if (all.length === 0) return
    try {
      const fresh = await this.#freshOf(all.map(({ job }) => job))
      const admissions = await decideAdmission(this.#parts, [...fresh.values()])
      const moves = all.map(async ({ job: { id }, asked }) => {
        const job = fresh.get(id)
        if (!job) return asked.resolve('again')
        const step = reconcile(job, this.#world(job, { admission: admissions.get(id) ?? null }))
        await this.#take(job, step).then(asked.resolve, asked.reject)
      })
      await Promise.all(moves)
    } catch (error) {
      for (const { asked } of all) asked.reject(error)
    }
  }

  /** Those of the jobs, by id, that nobody has changed since they were read. None when the server is stopping. */
  async #freshOf(jobs: readonly Job[]): Promise<Map<string, Job>> {
    if (this.#stop.signal.aborted) return new Map()
    const versions = new Map(jobs.map(({ id, version }) => [id, version]))
    const now = await this.#parts.store.getMany([...versions.keys()])
    return new Map(now.filter(({ id, version }) => version === versions.get(id)).map((job) => [job.id, job]))
  }

  /** Does one step under a lease: the action, then the write. */
  async #take(job: Job, step: Step): Promise<Moved> {
    if (!step.action && !step.change) return 'rest'
    const { store, serveId } = this.#parts
    const claimed = await store.claimOne(job.id, serveId, this.#nowMs(), this.#parts.pace.leaseMs)
    if (!claimed) return 'rest'
    if (claimed.job.version !== job.version) return 'again'
    if (step.action === 'erase') {
      await this.#act('erase', job)
      await store.erase(claimed.lease, job.version)
      this.#tell(job.id)
      return 'erased'
    }
    if (step.action) {
      const failed = await this.#act(step.action, job)
      if (failed) return failed
    }
    if (step.change) await this.#write(claimed.lease, job, step.change)
    return step.action === 'start' ? 'started' : 'again'
  }

  async #write(lease: Lease, job: Job, change: JobChange): Promise<void> {
    const { store, faultPoint } = this.#parts
    faultPoint('before:write')
    const written = await store.write(lease, job.version, change)
    faultPoint('after:write')
    if (written) this.#tell(job.id)
    const leftQueue = job.status.startIntentAtMs === null && isTerminal(change.status.phase)
    if (change.bookings?.length === 0 || leftQueue) await this.#wakeAdmitted()
  }

  /** Something was freed: those who fit now may move. The rest of the queue sleeps on. */
  async #wakeAdmitted(): Promise<void> {
    for (const [jobId, admission] of await decideAdmission(this.#parts))
      if (admission.admitted) this.#enqueue(jobId)
  }

  /** Replaces lost wake-ups, and finds jobs whose serve is gone. */
  async #lookAround(): Promise<void> {
    const { store, serveId } = this.#parts
    for (const jobId of await store.listDue(serveId, this.#nowMs())) this.#enqueue(jobId)
    await this.#wakeAdmitted()
  }

  #tell(jobId: string): void {
    this.#parts.changed.notify(jobId)
  }

  /** Returns an error only for a start that failed; everything else throws and is tried again later. */
  async #act(action: Action, job: Job): Promise<Error | null> {
    const { faultPoint } = this.#parts
    faultPoint(`before:${action}`)
    const failed = await this.#perform(action, job)
    faultPoint(`after:${action}`)
    return failed
  }

  async #perform(action: Action, job: Job): Promise<Error | null> {
    const { backend, gate, inventory, site, store } = this.#parts
    const signal = this.#stop.signal
    switch (action) {
      case 'start':
        await this.#forgetEarlier(job)
        try {
          const { attempt, placements } = job.status
          const plan = backend.plan(planInputOf(job, { attempt, placements, inventory: inventory(), site }))
          await cancelOnStop(this.#parts, job.id, signal, (until) =>
            backend.start(plan, until, (event) => this.#say(job.id, event)),
          )
          return null
        } catch (cause) {
          // The start did not fail; the one who asked lost sight of it, and asks again.
          if (cause instanceof AppError && OF_DATABASE.includes(cause.code)) throw cause
          return cause instanceof Error ? cause : new Error(String(cause))
        }
      case 'stop':
        try {
          await backend.stop(attemptRef(job), SERVER_GRACE_MS, signal)
        } catch (cause) {
          if (signal.aborted) throw cause
          const why = EVENTS.stopRetried(cause instanceof Error ? cause.message : String(cause))
          await store.addEvents(job.id, [why], this.#nowMs())
          throw cause
        }
        return null
      case 'collect':
        await gate.collect(job)
        this.#parts.rankFailures.forget(job.id)
        return null
      case 'remove':
        await gate.close(job.id)
        for (let attempt = 1; attempt <= job.status.attempt; attempt++)
          await backend.remove(attemptRef(job, attempt), signal)
        return null
      case 'erase':
        await gate.erase(job.id)
        return null
    }
  }

  /** Of an attempt that another follows nothing is needed any more. What cannot be removed now is removed with the job. */
  async #forgetEarlier(job: Job): Promise<void> {
    const { backend, onError } = this.#parts
    if (job.status.attempt < 2) return
    const earlier = attemptRef(job, job.status.attempt - 1)
    await backend.remove(earlier, this.#stop.signal).catch((error: unknown) => onError(job.id, error))
  }

  /** What a backend says while it works; readers hear of it at once. */
  #say(jobId: string, event: NewEvent): void {
    this.#parts.store
      .addEvents(jobId, [event], this.#nowMs())
      .then(() => this.#tell(jobId))
      .catch((error: unknown) => this.#parts.onError(jobId, error))
  }

  #nowMs(): number {
    return this.#parts.clock.now().getTime()
  }
}
