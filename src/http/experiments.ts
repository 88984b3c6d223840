// Experiments (row 22 of modelarts.md §1.2).
import { AppError } from '../api/error.ts'
import type { ExperimentBody } from '../api/experiment.ts'
import type { Experiment } from '../job/experiments.ts'
import { newUuid } from '../lib/id.ts'
import type { Handlers } from './handlers.ts'
import type { ApiContext, ApiParts } from './parts.ts'

type Names =
  | 'createExperiment'
  | 'listExperiments'
  | 'showExperiment'
  | 'changeExperiment'
  | 'deleteExperiment'
  | 'checkExperimentName'

export const experimentHandlers = ({ experiments, clock }: ApiParts): Handlers<Names> => ({
  createExperiment: async ({ context, body: { metadata } }) => {
    const { name, description, workspace_id: workspaceId } = metadata
    const createTimeMs = clock.now().getTime()
    return bodyOf(
      await experiments.create(projectOf(context), {
        ...{ id: newUuid(), workspaceId: workspaceId || '0', name, description: description ?? '' },
        createTimeMs,
      }),
    )
  },
  listExperiments: async ({ context, query }) => {
    const { offset, limit, sort_by, order, workspace_id: workspaceId } = query
    const asked = { workspaceId, sortBy: sort_by, order, page: offset, limit }
    const { total, items } = await experiments.list(projectOf(context), asked)
    return { total, count: total, limit, offset, sort_by, order, items: items.map(bodyOf) }
  },
  showExperiment: async ({ context }) =>
    bodyOf((await experiments.find(projectOf(context), idOf(context))) ?? refuse(context)),
  changeExperiment: async ({ context, body: { name, description } }) => {
    const change = { name: name ?? undefined, description: description ?? undefined }
    const nowMs = clock.now().getTime()
    const changed = await experiments.update(projectOf(context), idOf(context), change, nowMs)
    if (changed === null) return refuse(context)
    return { name: changed.name, description: changed.description }
  },
  deleteExperiment: async ({ context }) =>
    (await experiments.remove(projectOf(context), idOf(context))) ? context.body('') : refuse(context),
  checkExperimentName: async ({ context, query: { experiment_name: name, workspace_id: workspaceId } }) => ({
    is_duplicate: await experiments.isNameTaken(projectOf(context), workspaceId, name),
  }),
})

const projectOf = (context: ApiContext): string => context.get('principal').projectId
const idOf = (context: ApiContext): string => context.req.param('experiment') ?? ''

function refuse(context: ApiContext): never {
  throw new AppError(
    'ExperimentNotFound',
    `experiment_id: got ${JSON.stringify(idOf(context).slice(0, 80))}; valid: the id of an experiment of this project`,
  )
}

const bodyOf = (experiment: Experiment): ExperimentBody => ({
  metadata: {
    id: experiment.id,
    name: experiment.name,
    description: experiment.description,
    workspace_id: experiment.workspaceId,
    create_time: experiment.createTimeMs,
    update_time: experiment.updateTimeMs,
  },
  statistic: { job_count: experiment.jobCount },
})
