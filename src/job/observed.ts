// Folds what a backend says of tasks into what we remember of them. Pure.
// Memory matters: a task seen once and then absent is lost, and an exit is never forgotten (decisions.md 1.5).
import { explainEnd } from './explain-end.ts'
import type { TaskStatus } from './job.ts'
import type { TaskObservation } from './ports.ts'

const DISAPPEARED =
  'disappeared: it was running and is gone without a trace; something on its machine removes containers or processes'

/** The remembered status of every task after an observation. A task that has ended never changes again. */
export function foldObservations(
  known: readonly TaskStatus[],
  seen: readonly TaskObservation[],
): TaskStatus[] {
  const byTask = new Map(seen.map((observation) => [observation.task, observation]))
  return known.map((task) => {
    const observation = byTask.get(task.task)
    return observation && !hasEnded(task) ? fold(task, observation) : task
  })
}

/** Ended and verified gone, one way or the other. */
export const hasEnded = (task: TaskStatus): boolean => task.state === 'exited' || task.state === 'lost'

/** Takes up a host's resources now, or may. */
export const isAlive = (task: TaskStatus): boolean => task.state === 'starting' || task.state === 'running'

function fold(task: TaskStatus, seen: TaskObservation): TaskStatus {
  const address = seen.address ?? task.address
  const startedAtMs = seen.startedAtMs ?? task.startedAtMs
  const known = { ...task, address, startedAtMs, imageDigest: seen.imageDigest ?? task.imageDigest }
  switch (seen.state) {
    case 'absent':
      return task.state === 'unknown' ? task : { ...task, state: 'lost', message: DISAPPEARED }
    case 'starting':
    case 'running':
      return { ...known, state: seen.state }
    case 'lost':
      return { ...known, state: 'lost', endedAtMs: seen.endedAtMs, message: seen.message }
    case 'exited': {
      const exitCode = seen.exitCode ?? 1
      const message = exitCode === 0 ? '' : seen.message || explainEnd(exitCode, seen)
      const outOfMemory = seen.oomKilled === 'yes' ? { outOfMemory: true } : {}
      return { ...known, state: 'exited', exitCode, endedAtMs: seen.endedAtMs, message, ...outOfMemory }
    }
  }
}

/** The task that failed first, by the time it ended; null when none did. Lost tasks count as failures. */
export function firstFailure(tasks: readonly TaskStatus[]): TaskStatus | null {
  const failed = tasks.filter(
    (task) => task.state === 'lost' || (task.state === 'exited' && task.exitCode !== 0),
  )
  const time = (task: TaskStatus) => task.endedAtMs ?? Number.MAX_SAFE_INTEGER
  return failed.reduce<TaskStatus | null>(
    (first, task) => (first && time(first) <= time(task) ? first : task),
    null,
  )
}

/**
 * The task that `message` blames ("worker-1: rank 5 ended with …"), where its end tells more than that: a rank is reported
 * before anybody knows that memory ran out or that the engine ended the whole task. null where it does not.
 */
export function betterKnown(tasks: readonly TaskStatus[], message: string): TaskStatus | null {
  const blamed = tasks.find(({ task }) => message.startsWith(`${task}: `))
  if (blamed === undefined) return null
  return blamed.state === 'lost' || (blamed.outOfMemory === true && blamed.exitCode !== 0) ? blamed : null
}
