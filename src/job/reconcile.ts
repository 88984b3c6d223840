// The heart: from what was asked and what is seen to the one next step. Pure.
// A step is an action, a write, or both in this order; every action is safe to repeat, so the program may die anywhere:
// the intent to start is written before the start, results are collected before they are written as final.
import { admitted, ended, noteSeen, nowRunning, restarted, stopping } from './changes.ts'
import { EVENTS } from './events.ts'
import type { Job, NewEvent, StopCause } from './job.ts'
import { betterKnown, firstFailure, foldObservations, hasEnded, isAlive } from './observed.ts'
import { isTerminal } from './phase.ts'
import { RETRY_ADVICE, retriesLeft, retryLimit } from './retry.ts'
import type { Outcome, Step, World } from './step.ts'
import type { JobChange } from './store.ts'

/** The next step of a job. Repeat until it rests. */
export function reconcile(job: Job, world: World): Step {
  if (isTerminal(job.status.phase)) return afterEnd(job, world)
  if (job.status.startIntentAtMs === null) return beforeStart(job, world)
  const tasks = foldObservations(job.status.tasks, world.seen)
  if (job.status.stoppingSinceMs !== null) return whileStopping(job, tasks, world)
  const cause = reasonToStop(job, tasks, world)
  if (cause) return { change: stopping(job, tasks, cause, world) }
  if (tasks.every(hasEnded)) return finish(job, tasks, world)
  const neverSeen = tasks.some((task) => task.state === 'unknown')
  if (neverSeen) return { action: 'start', ...noteSeen(job, tasks, world.nowMs) }
  if (job.status.phase !== 'Running' && tasks.every((task) => task.state !== 'starting')) {
    return { change: nowRunning(job, tasks, world.nowMs) }
  }
  return noteSeen(job, tasks, world.nowMs)
}

/** Ended: let the backend forget it, then note that; erase the row when that was asked. */
function afterEnd(job: Job, world: World): Step {
  const change = (cleanedAtMs?: number): JobChange => ({
    status: job.status,
    events: [],
    atMs: world.nowMs,
    bookings: null,
    ...(cleanedAtMs === undefined ? {} : { cleanedAtMs }),
  })
  if (job.cleanedAtMs === null) return { action: 'remove', change: change(world.nowMs) }
  return job.deleteRequestedAtMs === null ? {} : { action: 'erase' }
}

function beforeStart(job: Job, world: World): Step {
  const wanted = stopRequest(job)
  if (wanted)
    return {
      change: ended(
        job,
        job.status.tasks,
        { phase: 'Terminated', message: sentence(wanted), exitCode: null },
        world.nowMs,
      ),
    }
  const { admission } = world
  if (admission?.admitted) return { change: admitted(job, admission.placements, world.nowMs) }
  if (job.status.phase !== 'Creating') return {}
  const events: NewEvent[] = admission ? [EVENTS.waiting(admission.position, admission.reason)] : []
  return {
    change: {
      status: { ...job.status, phase: 'Pending', secondaryPhase: 'Queuing' },
      events,
      atMs: world.nowMs,
      bookings: null,
    },
  }
}

function stopRequest(job: Job): { cause: StopCause; atMs: number } | null {
  if (job.stopRequestedAtMs !== null) return { cause: 'user', atMs: job.stopRequestedAtMs }
  if (job.deleteRequestedAtMs !== null) return { cause: 'delete', atMs: job.deleteRequestedAtMs }
  return null
}

/** Why the tasks must be stopped now, if they must. Exits recorded before a request win over it (decisions.md 3.4). */
function reasonToStop(job: Job, tasks: Job['status']['tasks'], world: World): StopCause | null {
  const request = stopRequest(job)
  if (request) {
    const finishedBefore = tasks.every(
      (task) => hasEnded(task) && (task.endedAtMs ?? Infinity) < request.atMs,
    )
    return finishedBefore ? null : request.cause
  }
  if (!tasks.every(hasEnded) && autoStopDue(job, world.nowMs)) return 'auto-stop'
  if (world.startError !== null) return 'start-failed'
  if (tasks.every(hasEnded)) return null
  const failure = firstFailure(tasks)
  if (failure) return failure.state === 'lost' ? 'task-lost' : 'task-failed'
  if (world.overBudget !== null) return 'over-budget'
  // A task alone ends its ranks itself, and its program may yet make something of it.
  return world.rankFailure !== null && tasks.length > 1 ? 'task-failed' : null
}

/** `auto_stop` counts from the start of the job's run, in hours. */
function autoStopDue(job: Job, nowMs: number): boolean {
  const due = autoStopAtMs(job)
  return due !== null && nowMs >= due
}

/** When a running job must be stopped; null when it has no limit or has not started. */
export function autoStopAtMs(job: Job): number | null {
  const hours = job.request.spec?.auto_stop?.duration
  return hours && job.status.startTimeMs !== null ? job.status.startTimeMs + hours * 3_600_000 : null
}

function whileStopping(job: Job, tasks: Job['status']['tasks'], world: World): Step {
  if (tasks.some(isAlive)) return { action: 'stop', ...noteSeen(job, tasks, world.nowMs) }
  return finish(job, tasks, world)
}

/** All tasks are gone: collect what they left, and say how the job ended, or begin another attempt. */
function finish(job: Job, tasks: Job['status']['tasks'], world: World): Step {
  const outcome = outcomeOf(job, tasks, world)
  const next = outcome.retry ? retriesLeft(job, outcome.retry) : 0
  if (next > 0) return { action: 'collect', change: restarted(job, tasks, outcome, next - 1, world.nowMs) }
  return { action: 'collect', change: ended(job, tasks, outcome, world.nowMs) }
}

function outcomeOf(job: Job, tasks: Job['status']['tasks'], world: World): Outcome {
  const cause = job.status.stopCause
  if (cause === 'user' || cause === 'delete' || cause === 'auto-stop') {
    return { phase: 'Terminated', message: sentence({ cause }), exitCode: null }
  }
  if (cause === 'start-failed') {
    return {
      phase: 'Abnormal',
      message: job.status.message || world.startError || 'it could not be started',
      exitCode: null,
    }
  }
  // Another attempt would fill the same disk.
  if (cause === 'over-budget') return { phase: 'Failed', message: job.status.message, exitCode: null }
  if (cause === 'task-lost') return lost(job, job.status.message)
  if (cause === 'task-failed') {
    const better = betterKnown(tasks, job.status.message)
    if (better !== null) return failureOf(job, better)
    // What failed first was written down before the others were stopped; their exits are ours, not theirs.
    return { phase: 'Failed', message: job.status.message, exitCode: job.status.exitCode, retry: 'failed' }
  }
  const failure = firstFailure(tasks)
  return failure === null ? { phase: 'Completed', message: '', exitCode: 0 } : failureOf(job, failure)
}

function failureOf(job: Job, failure: Job['status']['tasks'][number]): Outcome {
  const message = `${failure.task}: ${failure.message}`
  return failure.state === 'lost'
    ? lost(job, message)
    : { phase: 'Failed', message, exitCode: failure.exitCode, retry: 'failed' }
}

const lost = (job: Job, message: string): Outcome => ({
  phase: 'Abnormal',
  message: retryLimit(job) > 0 ? message : `${message}; ${RETRY_ADVICE}`,
  exitCode: null,
  retry: 'lost',
})

function sentence({ cause }: { cause: StopCause }): string {
  switch (cause) {
    case 'user':
      return 'by its user'
    case 'delete':
      return 'because it is being deleted'
    case 'auto-stop':
      return 'because its time (auto_stop) was over'
    case 'task-failed':
      return 'a task failed'
    case 'task-lost':
      return 'a task was lost'
    case 'start-failed':
      return 'it could not be started'
    case 'over-budget':
      return 'a task kept more on the disk than it may'
  }
}
