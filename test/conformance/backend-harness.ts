// What the conformance suite asks of whoever brings a backend, and the words its cases are written in.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { containerOptionsOf } from '../../src/job/container-options.ts'
import type { AttemptRef } from '../../src/job/job.ts'
import { podName, taskObjectName } from '../../src/job/names.ts'
import { WRITABLE_DIRS } from '../../src/job/places.ts'
import type { Backend, PlanInput, TaskObservation } from '../../src/job/ports.ts'
import { DEFAULT_SITE } from '../../src/job/site.ts'
import { sleep } from '../../src/lib/abort.ts'
import type { Capability } from './backend-capabilities.ts'

/** What a task of a case does; each harness says it in its backend's own way. */
export type Behaviour =
  | { readonly kind: 'exit'; readonly code: number }
  /** Ends by sending itself a signal. */
  | { readonly kind: 'signal'; readonly signal: 'KILL' | 'SEGV' }
  /** Runs until asked to end, and then does (143). */
  | { readonly kind: 'polite' }
  /** Runs on when asked to end. */
  | { readonly kind: 'stubborn' }
  /** Runs until `tell`, then exits. */
  | { readonly kind: 'told'; readonly code: number }
  /** POSIX sh; for cases that need real processes. Can write to /run/ropeway/spool, which `readSpool` reads. */
  | { readonly kind: 'script'; readonly text: string }

export type Harness = AsyncDisposable & {
  readonly backend: Backend
  /** Addresses of tasks of the suite look like this; on each backend the first has another one than the second. */
  readonly addresses: RegExp
  /** Milliseconds by the clock the backend lives by. */
  nowMs(): number
  /** The same tasks seen by a server that was killed and started again. */
  reopen(): Promise<Backend>
  /** Makes the input such that its tasks behave; called before `plan`. */
  prepare(input: PlanInput, behaviours: ReadonlyMap<string, Behaviour>): Promise<PlanInput>
  /** How often the task's program was started. */
  timesRun(ref: AttemptRef, task: string): Promise<number>
  tell(ref: AttemptRef, task: string): Promise<void>
  /** Whatever the machine still holds of the attempt, in words; empty after `remove`. */
  leftovers(ref: AttemptRef): Promise<string[]>
  /** Only with real processes. */
  readonly real: RealParts | null
}

export type RealParts = {
  readonly dataDir: string
  /** A file the task wrote into its spool; null while it is not there. */
  readSpool(ref: AttemptRef, task: string, file: string): Promise<string | null>
  /** kill -9. */
  kill(ref: AttemptRef, task: string, who: 'supervisor' | 'first-process' | 'sandbox'): Promise<void>
  /** An image this backend cannot run, and what it says then. */
  readonly refused: { readonly image: string; readonly words: RegExp }
  /** Names of the variables a task's first process has, sorted, each followed by a space. */
  readonly environment: RegExp
  /** pids of all processes inside the task. */
  processes(ref: AttemptRef, task: string): Promise<number[]>
}

/** A case is handed a harness that others use too, so it makes its own job and removes it. */
export type Case = {
  readonly title: string
  readonly needs?: Capability
  run(harness: Harness): Promise<void>
}

export const states = (seen: readonly TaskObservation[]): string[] => seen.map((task) => task.state)

export type JobOverrides = Partial<
  Pick<PlanInput, 'writableDirs' | 'hostNames' | 'runUser' | 'mountRunTrain' | 'image'>
> & {
  readonly memoryBytes?: number
}

/** The input a controller would make for tasks worker-0 … */
export function planInput(tasks: readonly string[], overrides: JobOverrides = {}): PlanInput {
  const { memoryBytes = 256 * 1024 ** 2, ...rest } = overrides
  const jobId = randomUUID()
  return {
    jobId,
    projectId: 'p',
    attempt: 1,
    generation: 2,
    image: 'host',
    runUser: { uid: 1000, gid: 100 },
    writableDirs: WRITABLE_DIRS,
    hostNames: [],
    mountRunTrain: true,
    annotations: {},
    container: containerOptionsOf({ request: { kind: 'job', metadata: { name: 'suite' } } }, DEFAULT_SITE),
    tasks: tasks.map((task, taskIndex) => ({
      task,
      name: taskObjectName(jobId, 1, task),
      podName: podName(2, jobId, taskIndex),
      hostAddress: `127.0.0.${taskIndex + 2}`,
      placement: { task, taskIndex, hostId: `sim-${taskIndex}`, physicalIds: [], cpuCores: 1, memoryBytes },
    })),
    ...rest,
  }
}

/** A job of the suite: planned, not started. Give behaviours in task order. */
export async function makeJob(harness: Harness, behaviours: readonly Behaviour[], overrides?: JobOverrides) {
  const tasks = behaviours.map((_, index) => `worker-${index}`)
  const told = new Map(behaviours.map((behaviour, index) => [`worker-${index}`, behaviour]))
  const input = await harness.prepare(planInput(tasks, overrides), told)
  const ref: AttemptRef = { jobId: input.jobId, attempt: input.attempt, tasks }
  return { ref, input, plan: harness.backend.plan(input) }
}

export const SIGNAL = AbortSignal.timeout(600_000)

/** Asks until `done` says yes; fails with the last answer after ten seconds. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  done: (answer: T) => boolean,
): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const answer = await ask()
    if (done(answer)) return answer
    if (performance.now() > deadline)
      assert.fail(`not within 10 s: ${what}; last seen ${JSON.stringify(answer)}`)
    await sleep(5)
  }
}

/** Observes until every task is in one of the states. */
export function untilState(
  backend: Backend,
  ref: AttemptRef,
  ...states: TaskObservation['state'][]
): Promise<TaskObservation[]> {
  return until(
    `all tasks ${states.join(' or ')}`,
    () => backend.observe(ref, SIGNAL),
    (seen) => seen.every((task) => states.includes(task.state)),
  )
}

/** Waits until the task's own program runs: a stop before would meet the default action of its signals. */
export async function untilUp(harness: Harness, ref: AttemptRef): Promise<void> {
  for (const task of ref.tasks)
    await until(
      `${task} up`,
      () => harness.timesRun(ref, task),
      (count) => count > 0,
    )
}
