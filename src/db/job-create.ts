// The one transaction that makes a job: its row, its place in an experiment, its claims and first events.
import { createHmac } from 'node:crypto'
import { AppError } from '../api/error.ts'
import type { Job, NewEvent } from '../job/job.ts'
import type { ClientToken, NewJob } from '../job/store.ts'
import { takeNumbers } from './counter.ts'
import { joinExperiment } from './experiment-store.ts'
import { insertEvents } from './job-events.ts'
import { toJob, toNewRow } from './job-rows.ts'
import type { JobStoreOptions } from './job-store.ts'
import { lockNames } from './locks.ts'
import { claimOutputs } from './output-claims.ts'
import { refuseOverQuota } from './quota-store.ts'
import type { Rows } from './tables.ts'

/** Each look at other jobs first locks what must not change before the end (locks.ts). */
export async function createJob(
  db: Rows,
  options: JobStoreOptions,
  job: NewJob,
  events: readonly NewEvent[],
): Promise<Job> {
  const serveId = options.ownership === 'shared' ? null : options.serveId
  const { secretKey } = options
  return await db.transaction().execute(async (transaction) => {
    const { clientToken } = job
    if (clientToken !== null) {
      await lockNames(transaction, [{ name: `token ${job.projectId} ${clientToken.token}` }])
      const made = await findByToken(transaction, secretKey, job.projectId, clientToken)
      if (made) return made
    }
    await refuseOverQuota(transaction, job)
    const experiment = await joinExperiment(transaction, job)
    const [seq = 0] = await takeNumbers(transaction, 'job', 1)
    const row = await transaction
      .insertInto('jobs')
      .values({
        ...toNewRow(job, seq, serveId, secretKey, experiment),
        client_token: clientToken?.token ?? null,
        request_digest: clientToken === null ? null : sealedDigest(secretKey, clientToken),
      })
      .onConflict((conflict) => conflict.columns(['project_id', 'workspace_id', 'name']).doNothing())
      .returningAll()
      .executeTakeFirst()
    if (row === undefined) throw duplicateName(job)
    await claimOutputs(transaction, job)
    await insertEvents(transaction, job.id, events, job.createTimeMs)
    return toJob(row)
  })
}

const duplicateName = ({ request: { metadata } }: NewJob): AppError =>
  new AppError(
    'DuplicateJobName',
    `metadata.name is ${JSON.stringify(metadata.name)}, which another job of workspace ${JSON.stringify(metadata.workspace_id ?? '0')} has; it must be new there`,
  )

/** The job that was made with this token, if there is one. Throws AppError InvalidParam when its body was another. */
export async function findByToken(
  db: Rows,
  secretKey: Uint8Array,
  projectId: string,
  clientToken: ClientToken,
): Promise<Job | null> {
  const row = await db
    .selectFrom('jobs')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('client_token', '=', clientToken.token)
    .executeTakeFirst()
  if (row === undefined) return null
  if (row.request_digest === sealedDigest(secretKey, clientToken)) return toJob(row)
  throw new AppError(
    'InvalidParam',
    `X-Client-Token: got ${JSON.stringify(clientToken.token)}, which made job ${row.id} from another body; valid: the same body, or a new token`,
  )
}

/** A body may hold secrets that can be guessed; a plain digest would confirm the guess. */
const sealedDigest = (secretKey: Uint8Array, { bodyDigest }: ClientToken): string =>
  createHmac('sha256', secretKey).update(bodyDigest).digest('hex')

/** Has a job of the workspace this name? */
export async function isNameTaken(
  db: Rows,
  projectId: string,
  workspaceId: string,
  name: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('jobs')
    .select('id')
    .where('project_id', '=', projectId)
    .where('workspace_id', '=', workspaceId)
    .where('name', '=', name)
    .executeTakeFirst()
  return row !== undefined
}
