// What a fake task is at a moment: a pure function of what was told, when it began, and how it was made to end.
import type { TaskObservation } from '../../job/ports.ts'
import { absentTask } from '../absent-task.ts'
import type { FakeBehaviour } from './behaviour.ts'

/** Ended by a stop, or by a test's hand; otherwise the clock decides. */
export type FakeEnd = {
  readonly state: 'exited' | 'lost'
  readonly exitCode: number | null
  readonly atMs: number
  readonly message: string
}

/** One file of the fake's folder. */
export type FakeTask = {
  readonly jobId: string
  readonly attempt: number
  readonly task: string
  readonly address: string
  readonly behaviour: FakeBehaviour
  readonly startedAtMs: number
  readonly end: FakeEnd | null
}

/** When it changes by itself, in order; empty for one that waits for somebody. */
export function changesOf({ behaviour, startedAtMs }: FakeTask): number[] {
  if (behaviour.outcome === 'never-start') return []
  const runningAtMs = startedAtMs + behaviour.startDelayMs
  return behaviour.runMs === null ? [runningAtMs] : [runningAtMs, runningAtMs + behaviour.runMs]
}

/** How it ended, or will have ended by `nowMs`; null while it lives. */
export function endOf(fake: FakeTask, nowMs: number): FakeEnd | null {
  const [, ownEnd] = changesOf(fake)
  const { behaviour } = fake
  if (ownEnd !== undefined && ownEnd <= Math.min(nowMs, fake.end?.atMs ?? nowMs)) {
    return behaviour.outcome === 'lost'
      ? {
          state: 'lost',
          exitCode: null,
          atMs: ownEnd,
          message: behaviour.message || 'Lost, as the annotation says',
        }
      : { state: 'exited', exitCode: behaviour.exitCode, atMs: ownEnd, message: behaviour.message }
  }
  return fake.end
}

/** What `observe` says of it. */
export function observeFake(fake: FakeTask, nowMs: number): TaskObservation {
  const seen = { ...absentTask(fake.task), address: fake.address, startedAtMs: fake.startedAtMs }
  const end = endOf(fake, nowMs)
  if (end === null) {
    const [runningAtMs] = changesOf(fake)
    return { ...seen, state: runningAtMs !== undefined && runningAtMs <= nowMs ? 'running' : 'starting' }
  }
  return {
    ...seen,
    state: end.state,
    exitCode: end.exitCode,
    endedAtMs: end.atMs,
    message: end.message,
    imageDigest: null,
    oomKilled: end.state === 'exited' && fake.end === null && fake.behaviour.oomKilled ? 'yes' : 'unknown',
  }
}
