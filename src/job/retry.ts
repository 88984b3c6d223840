// May a failed attempt be followed by another? (modelarts.md §1.3.1 annotations, §6.6)
import { MAX_RETRIES, RETRY } from './annotations.ts'
import type { Job } from './job.ts'

/** To the owner of a job that was lost and may not be restarted. */
export const RETRY_ADVICE = `with the annotation ${RETRY.count} such a job starts again by itself`

/** How often the job may be restarted: annotation `fault-tolerance/job-retry-num`; absent or out of 1..128 = 0. */
export function retryLimit(job: Pick<Job, 'request'>): number {
  const asked = Number(job.request.metadata.annotations?.[RETRY.count] ?? 0)
  return Number.isInteger(asked) && asked >= 1 && asked <= MAX_RETRIES ? asked : 0
}

/**
 * Restarts left for an attempt that ended this way. A failure of the user's own code is not retried
 * unless the job says so; a lost task is.
 */
export function retriesLeft(job: Pick<Job, 'request' | 'status'>, ended: 'failed' | 'lost'): number {
  const unconditional = job.request.metadata.annotations?.[RETRY.unconditional] === 'true'
  if (ended === 'failed' && !unconditional) return 0
  return Math.max(0, retryLimit(job) - (job.status.attempt - 1))
}
