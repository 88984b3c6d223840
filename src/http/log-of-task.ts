// What every way to a task's log asks first: which attempt, is there one, and if not, why.
import { AppError } from '../api/error.ts'
import type { Job } from '../job/job.ts'
import { deviceOfRank, logFileName } from '../job/log-export-names.ts'
import { isTerminal } from '../job/phase.ts'
import { refuseElsewhere } from './elsewhere.ts'
import type { ApiParts } from './parts.ts'

type LogParts = Pick<ApiParts, 'store' | 'logs'>

export const attemptOf = (job: Job): number => Math.max(1, job.status.attempt)

/** Names of modelarts.md §3.9. */
export function fileNameOf(job: Job, task: string, stream: string): string {
  const devices = job.status.placements.find((placement) => placement.task === task)?.physicalIds.length ?? 0
  return logFileName(job.id, task, stream, deviceOfRank(stream, devices))
}

/** Throws AppError LogExpired, with the reason, when the logs of an ended job were removed. */
export async function refuseExpired({ logs }: LogParts, job: Job): Promise<void> {
  const why = isTerminal(job.status.phase) ? await logs.expired(job.id) : null
  if (why !== null) throw new AppError('LogExpired', why)
}

/**
 * Why a task's log is empty: throws AppError OnAnotherServer, LogNotReady, LogExpired or LogNotGenerated; returns when the
 * task has printed nothing.
 */
export async function refuseEmpty(parts: LogParts, job: Job, task: string): Promise<void> {
  await refuseElsewhere(parts, job, 'its logs')
  if (!isTerminal(job.status.phase)) throw new AppError('LogNotReady', 'no log yet')
  await refuseExpired(parts, job)
  const ran = job.status.tasks.some((one) => one.task === task && one.startedAtMs !== null)
  if (!ran)
    throw new AppError(
      'LogNotGenerated',
      `task_id: ${task} never started, so it has no log; valid: a task that ran`,
    )
}
