// Training jobs: create, show, search, change description, terminate, delete, tasks (modelarts.md §1.2 rows 1 to 7).
import { createHash } from 'node:crypto'
import { CLIENT_TOKEN_HEADER } from '../api/client-token.ts'
import { AppError } from '../api/error.ts'
import type { TrainingJob, UpdateRequest } from '../api/job-answer.ts'
import type { SearchResponse } from '../api/job-search.ts'
import { isFilled } from '../job/check-fields.ts'
import { createJob } from '../job/create.ts'
import { EVENTS } from '../job/events.ts'
import type { Job } from '../job/job.ts'
import { type JobCondition, readSearch } from '../job/job-query.ts'
import { can, shownPhase } from '../job/phase.ts'
import type { ClientToken } from '../job/store.ts'
import { newUuid } from '../lib/id.ts'
import type { Call, Handlers } from './handlers.ts'
import { userNameOf } from './identity/find.ts'
import { jobBody, taskBodies } from './job-body.ts'
import { deleteJob } from './job-calls.ts'
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
  changeDescription: async ({ context, body }) => {
    await update(parts, await jobOf(parts, context), body)
    return null
  },
  // The answer is an empty string (quirk 6 of §1.11).
  deleteTrainingJob: async ({ context }) => {
    await deleteJob(parts, (await jobOf(parts, context)).id)
    return context.body('', 202)
  },
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
  const clientToken = clientTokenOf(context)
  const made = clientToken && (await parts.store.findByToken(projectId, clientToken))
  if (made) return jobBody(made, parts.inventory())
  const nowMs = parts.clock.now().getTime()
  const { job, events } = await createJob(
    { id: newUuid(), projectId, userName, nowMs, body, clientToken },
    { ...parts, inventory: parts.inventory(), catalog: parts.catalog(projectId) },
  )
  const stored = await parts.store.create(job, events)
  parts.wake.notify(stored.id)
  return jobBody(stored, parts.inventory())
}

/** With a token of the client's a request makes one job however often it is sent; ModelArts has no such header. */
function clientTokenOf(context: ApiContext): ClientToken | null {
  const token = context.req.header(CLIENT_TOKEN_HEADER)
  if (token === undefined || token === '') return null
  if (!/^[\x21-\x7e]{1,64}$/.test(token))
    throw new AppError(
      'InvalidParam',
      `${CLIENT_TOKEN_HEADER}: got ${JSON.stringify(token.slice(0, 80))}; valid: 1 to 64 visible ASCII characters`,
    )
  return { token, bodyDigest: createHash('sha256').update(context.get('body')).digest('hex') }
}

/** Only the description can be changed. Throws AppError NotSupported for the rest of ModelArts' body. */
async function update(
  { store }: ApiParts,
  job: Job,
  { description, spec, endpoints, metadata }: UpdateRequest,
): Promise<void> {
  const others = { spec, endpoints, metadata }
  const refused = Object.entries(others).find(([, value]) => isFilled(value))
  if (refused)
    throw new AppError(
      'NotSupported',
      `${refused[0]}: cannot be changed after the create; valid: description`,
    )
  if (description !== undefined && description !== null)
    await store.setDescription(job.projectId, job.id, description)
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

async function search(
  parts: ApiParts,
  { context, body: request, query }: Call<'searchTrainingJobs'>,
): Promise<SearchResponse> {
  const inventory = parts.inventory()
  const read = readSearch(request, { query, inventory, nowMs: parts.clock.now().getTime() })
  const asked = { ...read, conditions: read.conditions.map((one) => byUserName(parts, one)) }
  const { total, count, items } = await parts.store.search(context.get('principal').projectId, asked)
  return {
    ...{
      total,
      count,
      limit: asked.limit,
      offset: asked.skip / asked.limit,
      sort_by: asked.sortBy,
      order: asked.order,
    },
    group_by: request.group_by ?? '',
    workspace_id: request.workspace_id || '0',
    ai_project: 'default-ai-project',
    train_type: request.train_type ?? '',
    items: items.map((job) => {
      const body = jobBody(job, inventory)
      return asked.hostIds === null
        ? body
        : { ...body, status: { ...body.status, task_ips: taskBodies(job, inventory) } }
    }),
  }
}

/** Jobs have the names of their users; whoever picks a user may have the id of IAM. */
const byUserName = ({ identity }: ApiParts, condition: JobCondition): JobCondition =>
  condition.key === 'user_id' && condition.operator !== 'like'
    ? { ...condition, values: condition.values.map((value) => userNameOf(identity.directory, value)) }
    : condition
