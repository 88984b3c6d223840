// Training jobs: create, show, search, change description, terminate, delete, tasks (modelarts.md §1.2 rows 1 to 7).
import { AppError } from '../api/error.ts'
import { ROUTES } from '../api/routes.ts'
import type { SearchResponse, TrainingJob } from '../api/training-job.ts'
import { createJob } from '../job/create.ts'
import { EVENTS } from '../job/events.ts'
import { can, shownPhase } from '../job/phase.ts'
import { newUuid } from '../lib/id.ts'
import type { Call, Handlers } from './handlers.ts'
import { jobBody, taskBodies } from './job-body.ts'
import { type ApiContext, type ApiParts, jobOf } from './parts.ts'

type Names =
  | 'createTrainingJob'
  | 'showTrainingJob'
  | 'changeDescription'
  | 'deleteTrainingJob'
  | 'actOnTrainingJob'
  | 'searchTrainingJobs'
  | 'listTasks'

export const trainingJobHandlers = (parts: ApiParts): Handlers<Names> => ({
  createTrainingJob: (call) => create(parts, call),
  showTrainingJob: async ({ context }) => {
    const job = await jobOf(parts, context)
    return jobBody(job, parts.inventory(), await parts.waiting.of(job))
  },
  changeDescription: async ({ context, body: { description } }) => {
    const job = await jobOf(parts, context)
    await parts.store.setDescription(job.projectId, job.id, description)
    return null
  },
  deleteTrainingJob: ({ context }) => remove(parts, context),
  actOnTrainingJob: (call) => terminate(parts, call),
  searchTrainingJobs: (call) => search(parts, call),
  listTasks: async ({ context, query: { schedule_count: asked } }) => {
    const job = await jobOf(parts, context)
    const tasks = taskBodies(job, parts.inventory())
    return asked === undefined ? tasks : tasks.filter((task) => task.schedule_count === asked)
  },
})

async function create(parts: ApiParts, { context, body }: Call<'createTrainingJob'>): Promise<TrainingJob> {
  const { projectId, userName } = context.get('principal')
  const nowMs = parts.clock.now().getTime()
  const { job, events } = await createJob(
    { id: newUuid(), projectId, userName, nowMs, body },
    {
      inventory: parts.inventory(),
      catalog: parts.catalog(projectId),
      backend: parts.backend,
      site: parts.site,
      disk: parts.disk,
    },
  )
  const stored = await parts.store.create(job, events)
  parts.wake.notify(stored.id)
  return jobBody(stored, parts.inventory())
}

/** Records the wish; the controller does the stopping. The answer shows `Terminating`. */
async function terminate(
  parts: ApiParts,
  { context, body: { action_type: action } }: Call<'actOnTrainingJob'>,
): Promise<TrainingJob> {
  if (action !== 'terminate')
    throw new AppError(
      'UnsupportedAction',
      `action_type: got ${JSON.stringify(action.slice(0, 80))}; valid: "terminate"`,
    )
  const job = await jobOf(parts, context)
  const { phase } = shownPhase(job)
  if (!can('terminate', phase)) {
    throw new AppError(
      'NotAllowedToTerminate',
      `training job ${job.id} is ${phase}; valid: Creating, Pending or Running`,
    )
  }
  await parts.store.requestStop(job.id, parts.clock.now().getTime(), EVENTS.stopRequested())
  parts.wake.notify(job.id)
  parts.changed.notify(job.id)
  const after = await jobOf(parts, context)
  return jobBody(after, parts.inventory())
}

/** A live job is stopped first, then deleted (decisions.md 3.4). The answer is an empty string (quirk 6 of §1.11). */
async function remove(parts: ApiParts, context: ApiContext): Promise<Response> {
  const job = await jobOf(parts, context)
  await parts.store.requestDelete(job.id, parts.clock.now().getTime(), EVENTS.deleteRequested())
  parts.wake.notify(job.id)
  parts.changed.notify(job.id)
  return context.body('', ROUTES.deleteTrainingJob.success)
}

async function search(
  parts: ApiParts,
  { context, body: request }: Call<'searchTrainingJobs'>,
): Promise<SearchResponse> {
  const { projectId } = context.get('principal')
  const { total, count, items } = await parts.store.search(projectId, request)
  const { limit, offset, sort_by, order, group_by, workspace_id } = request
  return {
    total,
    count,
    limit,
    offset,
    sort_by,
    order,
    group_by: group_by ?? '',
    workspace_id,
    ai_project: 'default-ai-project',
    items: items.map((job) => jobBody(job, parts.inventory())),
  }
}
