// The smaller calls around training jobs: name check, batch delete, stages, route plan (clients.md §1).
import { AppError } from '../api/error.ts'
import { EVENTS } from '../job/events.ts'
import type { Job } from '../job/job.ts'
import { stagesOf } from '../job/stages.ts'
import type { Call, Handlers } from './handlers.ts'
import { type ApiParts, findJob, jobOf } from './parts.ts'

type Names = 'checkJobName' | 'batchDeleteTrainingJobs' | 'listStages' | 'showRoutePlan' | 'listPoolJobs'

export const jobCallHandlers = (parts: ApiParts): Handlers<Names> => ({
  checkJobName: async ({ context, query: { job_name: name, workspace_id: workspaceId } }) => {
    const { projectId } = context.get('principal')
    return { is_duplicate: await parts.store.isNameTaken(projectId, workspaceId || '0', name) }
  },
  batchDeleteTrainingJobs: (call) => batchDelete(parts, call),
  listStages: async ({ context }) => stagesOf(await jobOf(parts, context)),
  // The order of tasks is the order of ranks here; ModelArts calls that a plan that was not made.
  showRoutePlan: async ({ context }) => {
    const job = await jobOf(parts, context)
    const rank_mapping = job.status.tasks.map((_, index) => `${index}-${index}`).join(',')
    return { job_id: job.id, status: 'failed', rank_mapping }
  },
  // Nodes of a pool are not replaced, restarted or reset by us.
  listPoolJobs: () => ({ count: 0, items: [] }),
})

/** All are looked for before the first is deleted. */
async function batchDelete(
  parts: ApiParts,
  { context, body }: Call<'batchDeleteTrainingJobs'>,
): Promise<Response> {
  const { projectId } = context.get('principal')
  const ids = [...new Set(body.jobs.map(({ metadata }) => metadata.id))]
  const jobs: Job[] = []
  for (const [index, id] of ids.entries())
    jobs.push(await findJob(parts, projectId, id, `jobs[${index}].metadata.id`))
  const workspaces = new Set(jobs.map(({ request }) => request.metadata.workspace_id || '0'))
  if (workspaces.size > 1)
    throw new AppError(
      'InvalidParam',
      `jobs: got jobs of workspaces ${[...workspaces].join(', ')}; valid: jobs of one workspace`,
    )
  for (const { id } of jobs) await deleteJob(parts, id)
  return context.body('', 202)
}

/** Records the wish; a live job is stopped first (decisions.md 3.4). */
export async function deleteJob({ store, clock, wake, changed }: ApiParts, id: string): Promise<void> {
  await store.requestDelete(id, clock.now().getTime(), EVENTS.deleteRequested())
  wake.notify(id)
  changed.notify(id)
}
