// The writes a reconciled job can need: each is a whole new status with its events and bookings. Pure.
import type { Placement } from '../accelerator/device.ts'
import { EVENTS } from './events.ts'
import type { AttemptRecord, Job, JobStatus, NewEvent, StopCause, TaskStatus } from './job.ts'
import { firstFailure, isAlive } from './observed.ts'
import { unseenTask } from './phase.ts'
import type { Outcome, Step, World } from './step.ts'
import type { JobChange } from './store.ts'

/** Devices are booked and the intent to start is on record, in one write. */
export function admitted(job: Job, placements: readonly Placement[], nowMs: number): JobChange {
  const attempt = job.status.attempt + 1
  const where = placements
    .map(
      ({ task, hostId, physicalIds }) =>
        `${task} on ${hostId}${physicalIds.length > 0 ? ` devices ${physicalIds.join(',')}` : ''}`,
    )
    .join('; ')
  const record: AttemptRecord = {
    attempt,
    startAtMs: nowMs,
    runningAtMs: null,
    endAtMs: null,
    endReason: '',
    imageDigest: null,
    exitCode: null,
  }
  return {
    status: {
      ...job.status,
      phase: 'Pending',
      secondaryPhase: 'Queuing',
      attempt,
      placements,
      tasks: job.status.tasks.map(({ task }) => unseenTask(task)),
      startIntentAtMs: nowMs,
      addressesComplete: false,
      records: [...job.status.records, record],
    },
    events: [EVENTS.admitted(attempt, where)],
    atMs: nowMs,
    bookings: placements.map((placement) => ({ ...placement, jobId: job.id, attempt })),
  }
}

/** Remembers what was seen, if it is new. */
export function noteSeen(job: Job, tasks: readonly TaskStatus[], nowMs: number): Step {
  const status = withTasks(job.status, tasks)
  const events = taskEvents(job.status.tasks, tasks)
  if (events.length === 0 && JSON.stringify(status.tasks) === JSON.stringify(job.status.tasks)) return {}
  return { change: { status, events, atMs: nowMs, bookings: null } }
}

/** Every task runs, or has run. */
export function nowRunning(job: Job, tasks: readonly TaskStatus[], nowMs: number): JobChange {
  const status = withTasks(job.status, tasks)
  return {
    status: {
      ...status,
      phase: 'Running',
      secondaryPhase: 'Running',
      startTimeMs: job.status.startTimeMs ?? nowMs,
      nodeCountMetrics: [...status.nodeCountMetrics, [nowMs, tasks.filter(isAlive).length]],
      records: amendLast(status.records, { runningAtMs: nowMs, imageDigest: imageOf(tasks) }),
    },
    events: [...taskEvents(job.status.tasks, tasks), EVENTS.running(nowMs - job.createTimeMs)],
    atMs: nowMs,
    bookings: null,
  }
}

/** The decision to stop the tasks, with what caused it; nothing is stopped before this is on record. */
export function stopping(
  job: Job,
  tasks: readonly TaskStatus[],
  cause: StopCause,
  { nowMs, startError, rankFailure, overBudget }: World,
): JobChange {
  const isFailure = cause === 'task-failed' || cause === 'task-lost'
  const failure = isFailure ? (firstFailure(tasks) ?? rankFailure) : null
  const message = failure
    ? `${failure.task}: ${failure.message}`
    : (startError ?? (cause === 'over-budget' ? overBudget : null) ?? '')
  const said: NewEvent[] =
    cause === 'auto-stop'
      ? [EVENTS.autoStop(job.request.spec?.auto_stop?.duration ?? 0)]
      : failure
        ? [EVENTS.stoppingOthers(message)]
        : cause === 'over-budget'
          ? [EVENTS.overBudget(message)]
          : []
  return {
    status: {
      ...withTasks(job.status, tasks),
      stoppingSinceMs: nowMs,
      stopCause: cause,
      message,
      exitCode: failure?.exitCode ?? null,
    },
    events: [...taskEvents(job.status.tasks, tasks), ...said],
    atMs: nowMs,
    bookings: null,
  }
}

/** The final write: bookings go free because every task is verified gone. */
export function ended(job: Job, tasks: readonly TaskStatus[], outcome: Outcome, nowMs: number): JobChange {
  const { phase, message, exitCode } = outcome
  const status = withTasks(job.status, tasks)
  return {
    status: {
      ...status,
      phase,
      secondaryPhase: secondaryOf(job, outcome),
      startTimeMs: status.startTimeMs ?? firstStart(tasks),
      endTimeMs: nowMs,
      message,
      exitCode,
      nodeCountMetrics:
        status.startTimeMs === null ? status.nodeCountMetrics : [...status.nodeCountMetrics, [nowMs, 0]],
      records: amendLast(status.records, {
        endAtMs: nowMs,
        endReason: message,
        exitCode,
        imageDigest: imageOf(tasks),
      }),
    },
    events: [...taskEvents(job.status.tasks, tasks), endEvent(job, outcome, nowMs)],
    atMs: nowMs,
    bookings: [],
  }
}

/** The attempt is over and the job goes back to the queue. */
export function restarted(
  job: Job,
  tasks: readonly TaskStatus[],
  outcome: Outcome,
  left: number,
  nowMs: number,
): JobChange {
  return {
    status: {
      ...job.status,
      phase: 'Pending',
      secondaryPhase: 'Queuing',
      placements: [],
      tasks: job.status.tasks.map(({ task }) => unseenTask(task)),
      startIntentAtMs: null,
      stoppingSinceMs: null,
      stopCause: null,
      message: '',
      exitCode: null,
      addressesComplete: false,
      records: amendLast(job.status.records, {
        endAtMs: nowMs,
        endReason: outcome.message,
        exitCode: outcome.exitCode,
        imageDigest: imageOf(tasks),
      }),
    },
    events: [
      ...taskEvents(job.status.tasks, tasks),
      EVENTS.restarting(job.status.attempt + 1, left, outcome.message),
    ],
    atMs: nowMs,
    bookings: [],
  }
}

/** All tasks of an attempt run one image. */
const imageOf = (tasks: readonly TaskStatus[]): string | null =>
  tasks.find((task) => task.imageDigest !== null)?.imageDigest ?? null

/** A job can be over before anybody saw it run; its tasks know when they began. */
function firstStart(tasks: readonly TaskStatus[]): number | null {
  const starts = tasks.flatMap((task) => (task.startedAtMs === null ? [] : [task.startedAtMs]))
  return starts.length > 0 ? Math.min(...starts) : null
}

function secondaryOf(job: Job, { phase }: Outcome): JobStatus['secondaryPhase'] {
  if (phase !== 'Abnormal') return phase
  return job.status.stopCause === 'start-failed' ? 'CreateFailed' : 'Lost'
}

function endEvent(job: Job, { phase, message }: Outcome, nowMs: number): NewEvent {
  switch (phase) {
    case 'Completed':
      return EVENTS.completed(nowMs - (job.status.startTimeMs ?? job.createTimeMs))
    case 'Failed':
      return EVENTS.failed(message)
    case 'Terminated':
      return EVENTS.terminated(message)
    case 'Abnormal':
      return EVENTS.abnormal(message)
  }
}

/** Remembers tasks, and that the table can be completed once every task's address was observed. */
function withTasks(status: JobStatus, tasks: readonly TaskStatus[]): JobStatus {
  return {
    ...status,
    tasks,
    addressesComplete:
      tasks.length > 0 && tasks.every((task) => task.address !== null && task.state !== 'starting'),
  }
}

function taskEvents(before: readonly TaskStatus[], after: readonly TaskStatus[]): NewEvent[] {
  return after.flatMap((task, index) => {
    const known = before[index]
    if (!known || known.state === task.state) return []
    if (task.state === 'exited') {
      const ran = task.startedAtMs !== null || known.state === 'running'
      return [EVENTS.taskExited(task.task, task.exitCode ?? 1, task.message, ran)]
    }
    if (task.state === 'lost') return [EVENTS.taskLost(task.task, task.message)]
    if (task.state === 'running')
      return [EVENTS.taskStarted(task.task, task.address ?? 'an address not known yet')]
    return []
  })
}

const amendLast = (records: readonly AttemptRecord[], change: Partial<AttemptRecord>): AttemptRecord[] =>
  records.map((record, index) => (index === records.length - 1 ? { ...record, ...change } : record))
