// TagStore over SQL.
import { AppError } from '../api/error.ts'
import { MAX_TAGS, type Tag, type TaggedJob, type TagQuery, type TagStore } from '../job/tags.ts'
import { findJobs } from './job-search.ts'
import type { Rows } from './tables.ts'

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

/** Hosts belong to a serve, and are not asked for. */
const NO_SERVE = ''

async function searchTagged(
  db: Rows,
  projectId: string,
  query: TagQuery,
): Promise<{ total: number; items: TaggedJob[] }> {
  const { workspaceId, untagged, filters, name, offset, limit } = query
  const { count, seqs } = await findJobs(db, NO_SERVE, projectId, {
    ...{ workspaceId, sortBy: 'create_time', order: 'desc', skip: offset, limit },
    conditions: name === '' ? [] : [{ key: 'name', operator: 'like', values: [name] }],
    ...{ tags: filters, hostIds: null, untagged },
  })
  if (seqs.length === 0) return { total: count, items: [] }
  const found = await db
    .selectFrom('jobs')
    .select(['seq', 'id', 'name', 'workspace_id'])
    .where('seq', 'in', seqs)
    .execute()
  const bySeq = new Map(found.map((row) => [row.seq, row]))
  const rows = seqs.flatMap((seq) => bySeq.get(seq) ?? [])
  const tags = await tagsOf(
    db,
    rows.map(({ id }) => id),
  )
  const items = rows.map(({ id, name, workspace_id: workspaceId }) => ({
    ...{ id, name, workspaceId },
    tags: tags.get(id) ?? [],
  }))
  return { total: count, items }
}
