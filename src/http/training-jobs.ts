// Training jobs: create, show, search, change description, terminate, delete, tasks (modelarts.md §1.2 rows 1 to 7).
import type { Hono } from 'hono'
import { AppError } from '../api/error.ts'
import { ROUTES } from '../api/routes.ts'
import { actionRequest, descriptionRequest, searchRequest, trainingJobRequest } from '../api/training-job.ts'
import { createJob } from '../job/create.ts'
import { EVENTS } from '../job/events.ts'
import { can, shownPhase } from '../job/phase.ts'
import { newUuid } from '../lib/id.ts'
import { jobBody, taskBodies } from './job-body.ts'
import { parseBody } from './parse.ts'
import { type ApiContext, type ApiEnv, type ApiParts, jobOf } from './parts.ts'

/** Adds the routes to an application. */
export function trainingJobRoutes(app: Hono<ApiEnv>, parts: ApiParts): void {
  app.post(ROUTES.createTrainingJob.path, (context) => create(parts, context))
  app.get(ROUTES.showTrainingJob.path, async (context) => {
    const job = await jobOf(parts, context)
    return context.json(jobBody(job, parts.inventory(), await parts.waiting.of(job)))
  })
  app.put(ROUTES.changeDescription.path, async (context) => {
    const { description } = parseBody(descriptionRequest, context.get('body'))
    const job = await jobOf(parts, context)
    await parts.store.setDescription(job.projectId, job.id, description)
    return context.json(null)
  })
  app.delete(ROUTES.deleteTrainingJob.path, (context) => remove(parts, context))
  app.post(ROUTES.actOnTrainingJob.path, (context) => terminate(parts, context))
  app.post(ROUTES.searchTrainingJobs.path, (context) => search(parts, context))
  app.get(ROUTES.listTasks.path, async (context) => {
    const job = await jobOf(parts, context)
    const asked = context.req.query('schedule_count')
    const tasks = taskBodies(job, parts.inventory())
    return context.json(asked ? tasks.filter((task) => task.schedule_count === Number(asked)) : tasks)
  })
}

async function create(parts: ApiParts, context: ApiContext): Promise<Response> {
  const body = parseBody(trainingJobRequest, context.get('body'))
  const { projectId, userName } = context.get('principal')
  const nowMs = parts.clock.now().getTime()
  const { job, events } = await createJob(
    { id: newUuid(), projectId, userName, nowMs, body },
    {
      inventory: parts.inventory(),
      catalog: parts.catalog,
      backend: parts.backend,
      site: parts.site,
      disk: parts.disk,
    },
  )
  const stored = await parts.store.create(job, events)
  parts.wake.notify(stored.id)
  return context.json(jobBody(stored, parts.inventory()), ROUTES.createTrainingJob.success)
}

/** Records the wish; the controller does the stopping. The answer shows `Terminating`. */
async function terminate(parts: ApiParts, context: ApiContext): Promise<Response> {
  const { action_type: action } = parseBody(actionRequest, context.get('body'))
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
  return context.json(jobBody(after, parts.inventory()), ROUTES.actOnTrainingJob.success)
}

/** A live job is stopped first, then deleted (decisions.md 3.4). The answer is an empty string (quirk 6 of §1.11). */
async function remove(parts: ApiParts, context: ApiContext): Promise<Response> {
  const job = await jobOf(parts, context)
  await parts.store.requestDelete(job.id, parts.clock.now().getTime(), EVENTS.deleteRequested())
  parts.wake.notify(job.id)
  parts.changed.notify(job.id)
  return context.body('', ROUTES.deleteTrainingJob.success)
}

async function search(parts: ApiParts, context: ApiContext): Promise<Response> {
  const bytes = context.get('body')
  const request = parseBody(searchRequest, bytes.length === 0 ? new TextEncoder().encode('{}') : bytes)
  const { projectId } = context.get('principal')
  const { total, count, items } = await parts.store.search(projectId, request)
  const { limit, offset, sort_by, order, group_by, workspace_id } = request
  return context.json({
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
  })
}
