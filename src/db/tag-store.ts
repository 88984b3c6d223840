// TagStore over SQL.
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import { AppError } from '../api/error.ts'
import {
  MAX_TAGS,
  type Tag,
  type TagFilter,
  type TaggedJob,
  type TagQuery,
  type TagStore,
} from '../job/tags.ts'
import { contains } from './like.ts'
import type { Rows, Tables } from './tables.ts'

/** Owns nothing: close the database instead. */
export function createTagStore(db: Rows): TagStore {
  return {
    list: async (jobId) => (await tagsOf(db, [jobId])).get(jobId) ?? [],
    put: (jobId, tags) => putTags(db, jobId, tags),
    remove: async (jobId, keys) => {
      await db.deleteFrom('job_tags').where('job_id', '=', jobId).where('key', 'in', keys).execute()
    },
    listOfProject: (projectId, page) => listOfProject(db, projectId, page),
    search: (projectId, query) => searchTagged(db, projectId, query),
  }
}

async function tagsOf(db: Rows, jobIds: readonly string[]): Promise<Map<string, Tag[]>> {
  if (jobIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('job_tags')
    .selectAll()
    .where('job_id', 'in', jobIds)
    .orderBy('key')
    .execute()
  const byJob = Map.groupBy(rows, (row) => row.job_id)
  return new Map([...byJob].map(([id, found]) => [id, found.map(({ key, value }) => ({ key, value }))]))
}

async function putTags(db: Rows, jobId: string, tags: readonly Tag[]): Promise<Tag[]> {
  return await db.transaction().execute(async (transaction) => {
    for (const { key, value } of tags)
      await transaction
        .insertInto('job_tags')
        .values({ job_id: jobId, key, value })
        .onConflict((conflict) => conflict.columns(['job_id', 'key']).doUpdateSet({ value }))
        .execute()
    const all = (await tagsOf(transaction, [jobId])).get(jobId) ?? []
    if (all.length > MAX_TAGS)
      throw new AppError(
        'InvalidParam',
        `tags: got ${all.length} with those there; valid: at most ${MAX_TAGS}`,
      )
    return all
  })
}

async function listOfProject(
  db: Rows,
  projectId: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<{ key: string; values: string[] }[]> {
  const ofProject = db
    .selectFrom('job_tags')
    .innerJoin('jobs', 'jobs.id', 'job_tags.job_id')
    .where('jobs.project_id', '=', projectId)
  const keys = await ofProject
    .select('job_tags.key')
    .distinct()
    .orderBy('job_tags.key')
    .limit(limit)
    .offset(offset)
    .execute()
  if (keys.length === 0) return []
  const pairs = await ofProject
    .select(['job_tags.key', 'job_tags.value'])
    .distinct()
    .where(
      'job_tags.key',
      'in',
      keys.map(({ key }) => key),
    )
    .orderBy('job_tags.value')
    .execute()
  const values = Map.groupBy(pairs, ({ key }) => key)
  return keys.map(({ key }) => ({ key, values: (values.get(key) ?? []).map(({ value }) => value) }))
}

async function searchTagged(
  db: Rows,
  projectId: string,
  query: TagQuery,
): Promise<{ total: number; items: TaggedJob[] }> {
  const matching = db
    .selectFrom('jobs')
    .where('project_id', '=', projectId)
    .where('workspace_id', '=', query.workspaceId)
    .where((row) =>
      row.and([
        ...query.filters.map((filter) => hasTag(row, filter)),
        ...(query.untagged ? [row.not(hasAnyTag(row))] : []),
        ...(query.name === '' ? [] : [contains(row.ref('name'), query.name)]),
      ]),
    )
  const { total } = await matching
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const rows = await matching
    .select(['id', 'name', 'workspace_id'])
    .orderBy('seq', 'desc')
    .limit(query.limit)
    .offset(query.offset)
    .execute()
  const tags = await tagsOf(
    db,
    rows.map(({ id }) => id),
  )
  const items = rows.map(({ id, name, workspace_id: workspaceId }) => ({
    ...{ id, name, workspaceId },
    tags: tags.get(id) ?? [],
  }))
  return { total, items }
}

type Row = ExpressionBuilder<Tables, 'jobs'>

/** Has the job this tag? */
const hasTag = (row: Row, { key, values }: TagFilter): Expression<SqlBool> =>
  row.exists(
    row
      .selectFrom('job_tags')
      .select('job_tags.key')
      .whereRef('job_tags.job_id', '=', 'jobs.id')
      .where('job_tags.key', '=', key)
      .$if(values.length > 0, (tags) => tags.where('job_tags.value', 'in', values)),
  )

const hasAnyTag = (row: Row) =>
  row.exists(row.selectFrom('job_tags').select('job_tags.key').whereRef('job_tags.job_id', '=', 'jobs.id'))
