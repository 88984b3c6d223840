// ExperimentStore over SQL, and how a new job joins an experiment.
import type { Selectable } from 'kysely'
import { AppError } from '../api/error.ts'
import type { Experiment, ExperimentQuery, ExperimentStore } from '../job/experiments.ts'
import type { NewJob } from '../job/store.ts'
import { isUniqueViolation } from './constraint.ts'
import type { ExperimentPlace } from './job-rows.ts'
import type { ExperimentsTable, Rows } from './tables.ts'

type Columns = Omit<ExperimentsTable, 'last_serial'>

/** Owns nothing: close the database instead. */
export function createExperimentStore(db: Rows): ExperimentStore {
  return {
    create: async (projectId, experiment) => {
      const { id, workspaceId, name, description, createTimeMs } = experiment
      await insertExperiment(db, {
        id,
        project_id: projectId,
        workspace_id: workspaceId,
        name,
        description,
        create_time: createTimeMs,
        update_time: createTimeMs,
      })
      return { ...experiment, updateTimeMs: createTimeMs, jobCount: 0 }
    },
    find: (projectId, id) => findExperiment(db, projectId, id),
    list: (projectId, query) => listExperiments(db, projectId, query),
    update: async (projectId, id, change, nowMs) => {
      const { name, description } = change
      await db
        .updateTable('experiments')
        .set({
          update_time: nowMs,
          ...(name === undefined ? {} : { name }),
          ...(description === undefined ? {} : { description }),
        })
        .where('project_id', '=', projectId)
        .where('id', '=', id)
        .execute()
        .catch((error) => {
          throw isUniqueViolation(error) ? duplicate(name ?? '') : error
        })
      return findExperiment(db, projectId, id)
    },
    remove: (projectId, id) => removeExperiment(db, projectId, id),
    isNameTaken: async (projectId, workspaceId, name) => {
      const row = await db
        .selectFrom('experiments')
        .select('id')
        .where('project_id', '=', projectId)
        .where('workspace_id', '=', workspaceId)
        .where('name', '=', name)
        .executeTakeFirst()
      return row !== undefined
    },
  }
}

const duplicate = (name: string): AppError =>
  new AppError(
    'DuplicateExperimentName',
    `name: got ${JSON.stringify(name)}, which another experiment of the workspace has; valid: a new one`,
  )

async function insertExperiment(db: Rows, columns: Columns): Promise<void> {
  const row = await db
    .insertInto('experiments')
    .values({ ...columns, last_serial: 0 })
    .onConflict((conflict) => conflict.columns(['project_id', 'workspace_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (row === undefined) throw duplicate(columns.name)
}

const withCount = (db: Rows) =>
  db
    .selectFrom('experiments')
    .selectAll('experiments')
    .select((row) =>
      row
        .selectFrom('jobs')
        .whereRef('jobs.experiment_id', '=', 'experiments.id')
        .select((inner) => inner.fn.countAll<number>().as('n'))
        .$asScalar()
        .as('job_count'),
    )

async function findExperiment(db: Rows, projectId: string, id: string): Promise<Experiment | null> {
  const row = await withCount(db).where('project_id', '=', projectId).where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : toExperiment(row)
}

async function listExperiments(db: Rows, projectId: string, query: ExperimentQuery) {
  const { total } = await db
    .selectFrom('experiments')
    .where('project_id', '=', projectId)
    .where('workspace_id', '=', query.workspaceId)
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const rows = await withCount(db)
    .where('project_id', '=', projectId)
    .where('workspace_id', '=', query.workspaceId)
    .orderBy(query.sortBy, query.order)
    .orderBy('id', query.order)
    .limit(query.limit)
    .offset(query.page * query.limit)
    .execute()
  return { total, items: rows.map(toExperiment) }
}

const toExperiment = (
  row: Selectable<ExperimentsTable> & { job_count: number | string | null },
): Experiment => ({
  id: row.id,
  workspaceId: row.workspace_id,
  name: row.name,
  description: row.description,
  createTimeMs: row.create_time,
  updateTimeMs: row.update_time,
  jobCount: Number(row.job_count ?? 0),
})

async function removeExperiment(db: Rows, projectId: string, id: string): Promise<boolean> {
  return await db.transaction().execute(async (transaction) => {
    const { numDeletedRows } = await transaction
      .deleteFrom('experiments')
      .where('project_id', '=', projectId)
      .where('id', '=', id)
      .executeTakeFirst()
    if (numDeletedRows === 0n) return false
    await transaction
      .updateTable('jobs')
      .set({ experiment_id: null, experiment_serial: null })
      .where('experiment_id', '=', id)
      .execute()
    return true
  })
}

/** Makes the experiment when the job brings a new one, and takes the job's number in it; null: the job names none. */
export async function joinExperiment(transaction: Rows, job: NewJob): Promise<ExperimentPlace | null> {
  const { experiment, projectId, createTimeMs } = job
  if (experiment === null) return null
  const workspaceId = job.request.metadata.workspace_id || '0'
  const id = 'id' in experiment ? experiment.id : experiment.newId
  if ('newId' in experiment)
    await insertExperiment(transaction, {
      id,
      project_id: projectId,
      workspace_id: workspaceId,
      name: experiment.name,
      description: experiment.description,
      create_time: createTimeMs,
      update_time: createTimeMs,
    })
  const row = await transaction
    .updateTable('experiments')
    .set((row) => ({ last_serial: row('last_serial', '+', 1), update_time: createTimeMs }))
    .where('project_id', '=', projectId)
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .returning(['name', 'last_serial'])
    .executeTakeFirst()
  if (row !== undefined) return { id, name: row.name, serial: row.last_serial }
  throw new AppError(
    'ExperimentNotFound',
    `metadata.training_experiment_reference.id: got ${JSON.stringify(id.slice(0, 80))}; valid: the id of an experiment of workspace ${JSON.stringify(workspaceId)}`,
  )
}
