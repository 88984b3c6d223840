// What only the server has that runs a job's tasks: its logs, and the tasks themselves.
import { AppError } from '../api/error.ts'
import type { Job } from '../job/job.ts'
import type { ApiParts } from './parts.ts'

/** Throws AppError OnAnotherServer, naming it, when another server on the same database has the job. */
export async function refuseElsewhere(
  { store }: Pick<ApiParts, 'store'>,
  job: Job,
  what: string,
): Promise<void> {
  const keeper = await store.keeper(job.id)
  if (keeper === null) return
  const { hostName, endpoint, serveId } = keeper
  const where = endpoint === '' ? '' : `at ${endpoint} on ${hostName} `
  throw new AppError(
    'OnAnotherServer',
    `training_job_id: got a job of the server ${where}(serve ${serveId}), which alone has ${what}; valid: a job of this server`,
  )
}
