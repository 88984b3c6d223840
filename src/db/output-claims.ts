// The output folders of unfinished jobs. Two jobs that write into one folder, or one into a folder inside the other's,
// would mix their files, so the second is refused unless it says that this is meant. A bucket's name means something
// within its project only: another project's bucket of that name is in another store, or is none that it may write to.
import { AppError } from '../api/error.ts'
import { ANNOTATION } from '../job/annotations.ts'
import { outputChannels } from '../job/channels.ts'
import { parseObjectPath } from '../job/object-path.ts'
import type { NewJob } from '../job/store.ts'
import { type Lock, lockNames } from './locks.ts'
import type { Rows } from './tables.ts'

type Claim = { readonly field: string; readonly bucket: string; readonly folder: string }

/** Within the transaction that makes the job. Throws AppError OutputInUse. */
export async function claimOutputs(transaction: Rows, job: NewJob): Promise<void> {
  const claims = claimsOf(job)
  if (claims.length === 0) return
  await lockNames(
    transaction,
    claims.flatMap((claim) => locksOf(job.projectId, claim)),
  )
  if (job.request.metadata.annotations?.[ANNOTATION.sharedOutputs] !== 'true')
    for (const claim of claims) await refuseTaken(transaction, job, claim)
  await transaction
    .insertInto('output_claims')
    .values(claims.map(({ bucket, folder }) => ({ job_id: job.id, bucket, folder })))
    .execute()
}

/** When the job writes no more. */
export async function freeOutputs(transaction: Rows, jobId: string): Promise<void> {
  await transaction.deleteFrom('output_claims').where('job_id', '=', jobId).execute()
}

function claimsOf(job: NewJob): Claim[] {
  return outputChannels(job).flatMap(({ url }, index): Claim[] => {
    const path = parseObjectPath(url)
    if (path === null) return []
    const field = `algorithm.outputs[${index}].remote.obs.obs_url`
    return [{ field, bucket: path.bucket, folder: path.key }]
  })
}

async function refuseTaken(transaction: Rows, job: NewJob, { field, bucket, folder }: Claim): Promise<void> {
  const other = await transaction
    .selectFrom('output_claims')
    .innerJoin('jobs', 'jobs.id', 'output_claims.job_id')
    .select(['jobs.id', 'jobs.name', 'output_claims.folder'])
    .where('jobs.project_id', '=', job.projectId)
    .where('bucket', '=', bucket)
    .where(({ eb, or, and }) =>
      or([
        eb('folder', 'in', ['', ...foldersAbove(folder), folder]),
        and([eb('folder', '>', folder), eb('folder', '<', `${folder}\u{10FFFF}`)]),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  if (other === undefined) return
  throw new AppError(
    'OutputInUse',
    `${field}: got obs://${bucket}/${folder}, but job ${JSON.stringify(other.name)} (${other.id}) is not finished and writes to obs://${bucket}/${other.folder}; valid: another folder, or the annotation ${ANNOTATION.sharedOutputs}: "true" where both are meant to write there`,
  )
}

/**
 * The folder alone and those around it shared: two that lie in each other, or are one, meet; two beside each other do
 * not. Of very deep folders what lies below the last level counted is one.
 */
function locksOf(projectId: string, { bucket, folder }: Claim): Lock[] {
  const path = ['', ...foldersAbove(folder), ...(folder === '' ? [] : [folder])].slice(0, LOCKED_LEVELS)
  return path.map((one, index) => ({
    name: `output ${projectId} ${bucket} ${one}`,
    shared: index < path.length - 1,
  }))
}
const LOCKED_LEVELS = 16

/** `a/`, `a/b/` of `a/b/c/`. */
function foldersAbove(folder: string): string[] {
  const parts = folder.split('/').slice(0, -2)
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`)
}
