// Pages of jobs that match a query (job/job-query.ts).
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Job } from '../job/job.ts'
import type { JobCondition, JobQuery } from '../job/job-query.ts'
import type { TagFilter } from '../job/tags.ts'
import { toJob } from './job-rows.ts'
import { contains } from './like.ts'
import type { Rows, Tables } from './tables.ts'

type Row = ExpressionBuilder<Tables, 'jobs'>

/** Keys of the wire and the columns they look at. A live job with a stop request is found as Terminating. */
const COLUMNS = {
  create_time: 'create_time',
  name: 'name',
  phase: 'shown_phase',
  algorithm_name: 'algorithm_name',
  kind: 'kind',
  user_id: 'user_name',
  runtime_type: 'runtime_type',
} as const

/** One page of a workspace's jobs. `total` counts all jobs of the project, `count` those that match. */
export async function searchJobs(
  db: Rows,
  serveId: string,
  projectId: string,
  query: JobQuery,
): Promise<{ total: number; count: number; items: Job[] }> {
  const matching = db
    .selectFrom('jobs')
    .where('project_id', '=', projectId)
    .$if(query.workspaceId !== null, (rows) => rows.where('workspace_id', '=', query.workspaceId ?? ''))
    .where((row) =>
      row.and([
        ...query.conditions.map((condition) => conditionOf(row, condition)),
        ...query.tags.map((tag) => hasTag(row, tag)),
        ...(query.hostIds === null ? [] : [wasOn(row, serveId, query.hostIds)]),
      ]),
    )
  const { total } = await db
    .selectFrom('jobs')
    .where('project_id', '=', projectId)
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const { count } = await matching
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  const rows = await matching
    .selectAll()
    .orderBy(COLUMNS[query.sortBy], query.order)
    // Equal keys would else move between pages.
    .orderBy('seq', query.order)
    .limit(query.limit)
    .offset(query.page * query.limit)
    .execute()
  return { total, count, items: rows.map(toJob) }
}

function conditionOf(row: Row, condition: JobCondition): Expression<SqlBool> {
  if (condition.operator === 'between')
    return sql<SqlBool>`create_time between ${condition.from} and ${condition.until}`
  const operator = condition.operator === 'in' ? 'in' : 'not in'
  if (condition.key === 'create_time') return row('create_time', operator, condition.values)
  const column = COLUMNS[condition.key]
  return condition.operator === 'like'
    ? row.or(condition.values.map((value) => contains(row.ref(column), value)))
    : row(column, operator, condition.values)
}

/** Has the job this tag? */
export const hasTag = (row: Row, { key, values }: TagFilter): Expression<SqlBool> =>
  row.exists(
    row
      .selectFrom('job_tags')
      .select('job_tags.key')
      .whereRef('job_tags.job_id', '=', 'jobs.id')
      .where('job_tags.key', '=', key)
      .$if(values.length > 0, (tags) => tags.where('job_tags.value', 'in', values)),
  )

const wasOn = (row: Row, serveId: string, hostIds: readonly string[]): Expression<SqlBool> =>
  hostIds.length === 0
    ? sql<SqlBool>`1 = 0`
    : row.exists(
        row
          .selectFrom('job_hosts')
          .select('job_hosts.job_id')
          .whereRef('job_hosts.job_id', '=', 'jobs.id')
          .where('job_hosts.serve_id', '=', serveId)
          .where('job_hosts.host_id', 'in', hostIds),
      )

/** The names that jobs of a project use. */
export async function listWorkspaces(db: Rows, projectId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('workspace_id')
    .distinct()
    .where('project_id', '=', projectId)
    .orderBy('workspace_id')
    .execute()
  return rows.map((row) => row.workspace_id)
}
