// The fake backend: runs nothing. It exits, prints and fails as the job's annotation tells (behaviour.ts), and keeps
// every promise of the seam otherwise. For tests, and for working on the console without a machine.
import { AppError } from '../../api/error.ts'
import type { AttemptRef } from '../../job/job.ts'
import { taskObjectName } from '../../job/names.ts'
import type { Backend, JobPlan, PlanInput, TaskObservation, TaskPlan } from '../../job/ports.ts'
import { sleep } from '../../lib/abort.ts'
import type { Clock } from '../../lib/clock.ts'
import { absentTask } from '../absent-task.ts'
import { type FakeBehaviour, readBehaviours } from './behaviour.ts'
import { changesOf, endOf, type FakeEnd, type FakeTask, observeFake } from './state.ts'
import { FakeStore } from './store.ts'

export type FakeRequest = { readonly address: string; readonly behaviour: FakeBehaviour }
export type FakeLog = {
  readonly jobId: string
  readonly attempt: number
  readonly task: string
  readonly text: string
}

export type FakeBackendOptions = {
  /** Keeps the tasks. */
  readonly dir: string
  readonly clock: Clock
  /** Waits by the same clock. Default: real time. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  /** Gets what a task prints, once per task, when it starts. */
  readonly onLog?: (log: FakeLog) => unknown
}

/** What a test may do beside the seam. */
export type FakeBackend = Backend &
  AsyncDisposable & {
    /** Makes a live task end now by itself; one that has ended stays as it is. */
    finish(ref: AttemptRef, task: string, end: Pick<FakeEnd, 'state' | 'exitCode' | 'message'>): Promise<void>
  }

class FilesFake implements FakeBackend {
  readonly name = 'fake'
  readonly #store: FakeStore
  readonly #clock: Clock
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly #onLog: (log: FakeLog) => unknown
  readonly #listeners = new Set<(jobId: string) => void>()
  readonly #closing = new AbortController()
  readonly #waits = new Set<Promise<void>>()

  constructor(store: FakeStore, options: FakeBackendOptions) {
    this.#store = store
    this.#clock = options.clock
    this.#sleep = options.sleep ?? sleep
    this.#onLog = options.onLog ?? (() => undefined)
  }

  plan(input: PlanInput): JobPlan {
    const tasks = input.tasks.map((task) => task.task)
    const behaviours = readBehaviours(input.annotations, tasks)
    return {
      jobId: input.jobId,
      attempt: input.attempt,
      backend: this.name,
      tasks: input.tasks.flatMap(({ task, hostAddress }): TaskPlan[] => {
        const behaviour = behaviours.get(task)
        if (behaviour === undefined) return []
        const request: FakeRequest = { address: behaviour.address ?? hostAddress, behaviour }
        return [{ task, name: taskObjectName(input.jobId, input.attempt, task), request }]
      }),
    }
  }

  async start(plan: JobPlan, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    let failure: AppError | null = null
    for (const { task, name, request } of plan.tasks) {
      const { address, behaviour } = request as FakeRequest
      if (behaviour.outcome === 'fail-start') {
        failure ??= new AppError(
          'BackendUnavailable',
          behaviour.message || `${task} cannot be started, as the annotation says`,
        )
        continue
      }
      const fake: FakeTask = {
        ...{ jobId: plan.jobId, attempt: plan.attempt, task, address, behaviour },
        ...{ startedAtMs: this.#clock.now().getTime(), end: null },
      }
      if (!(await this.#store.create(name, fake))) continue
      const text = behaviour.logs.map((line) => `${line}\n`).join('')
      // What a task printed is there before its end can be seen, as with every backend.
      if (text !== '') await this.#onLog({ jobId: plan.jobId, attempt: plan.attempt, task, text })
      this.follow(fake)
    }
    if (failure !== null) throw failure
  }

  async exec(): Promise<never> {
    throw new AppError('NotSupported', 'The fake backend runs nothing a command could be run in')
  }

  async observe(ref: AttemptRef, signal: AbortSignal): Promise<TaskObservation[]> {
    signal.throwIfAborted()
    const nowMs = this.#clock.now().getTime()
    return Promise.all(
      ref.tasks.map(async (task) => {
        const fake = await this.#read(ref, task)
        return fake === null ? absentTask(task) : observeFake(fake, nowMs)
      }),
    )
  }

  async stop(ref: AttemptRef, graceMs: number, signal: AbortSignal): Promise<void> {
    await Promise.all(ref.tasks.map((task) => this.#stopTask(ref, task, graceMs, signal)))
  }

  async remove(ref: AttemptRef, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await Promise.all(
      ref.tasks.map(async (task) => {
        if ((await this.#read(ref, task)) !== null) await this.#store.remove(nameOf(ref, task))
      }),
    )
  }

  runDir(): null {
    return null
  }

  watch(onChange: (jobId: string) => void): () => void {
    this.#listeners.add(onChange)
    return () => this.#listeners.delete(onChange)
  }

  async finish(
    ref: AttemptRef,
    task: string,
    end: Pick<FakeEnd, 'state' | 'exitCode' | 'message'>,
  ): Promise<void> {
    await this.#end(ref, task, end)
    this.#notify(ref.jobId)
  }

  /** Tells the listeners at each moment the task changes by itself. */
  follow(fake: FakeTask): void {
    const wait = async (): Promise<void> => {
      for (const atMs of changesOf(fake)) {
        // A timer may fire a moment early by the clock.
        for (let ms = this.#msUntil(atMs); ms > 0; ms = this.#msUntil(atMs))
          await this.#sleep(ms, this.#closing.signal)
        this.#notify(fake.jobId)
      }
    }
    const waiting = wait()
      .catch(() => undefined)
      .finally(() => this.#waits.delete(waiting))
    this.#waits.add(waiting)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#listeners.clear()
    await Promise.all(this.#waits)
  }

  async #stopTask(ref: AttemptRef, task: string, graceMs: number, signal: AbortSignal): Promise<void> {
    const fake = await this.#read(ref, task)
    if (fake === null || endOf(fake, this.#clock.now().getTime()) !== null) return
    if (fake.behaviour.onStop === 'ignore') {
      await this.#sleep(graceMs, signal)
      await this.#end(ref, task, { state: 'exited', exitCode: 137, message: '' })
      return
    }
    await this.#end(ref, task, { state: 'exited', exitCode: fake.behaviour.stopExitCode, message: '' })
  }

  async #end(
    ref: AttemptRef,
    task: string,
    end: Pick<FakeEnd, 'state' | 'exitCode' | 'message'>,
  ): Promise<void> {
    const fake = await this.#read(ref, task)
    const atMs = this.#clock.now().getTime()
    if (fake === null || endOf(fake, atMs) !== null) return
    await this.#store.replace(nameOf(ref, task), { ...fake, end: { ...end, atMs } })
  }

  async #read(ref: AttemptRef, task: string): Promise<FakeTask | null> {
    const fake = await this.#store.read(nameOf(ref, task))
    return fake?.jobId === ref.jobId ? fake : null
  }

  #msUntil(atMs: number): number {
    return atMs - this.#clock.now().getTime()
  }

  #notify(jobId: string): void {
    for (const listener of this.#listeners) listener(jobId)
  }
}

const nameOf = (ref: AttemptRef, task: string): string => taskObjectName(ref.jobId, ref.attempt, task)

/** Opens the fake on its folder and takes up the tasks a former server left there. */
export async function createFakeBackend(options: FakeBackendOptions): Promise<FakeBackend> {
  const store = await FakeStore.open(options.dir)
  const fake = new FilesFake(store, options)
  for (const task of await store.all()) fake.follow(task)
  return fake
}
