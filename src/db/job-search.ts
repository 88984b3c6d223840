// Pages of jobs that match a query (job/job-query.ts), and how many match, without looking at all of them: counts are kept
// by group (search-blocks.ts), and only a few single jobs are read. docs/adr/0006-search.md tells the whole.
import { type RawBuilder, sql } from 'kysely'
import type { Job } from '../job/job.ts'
import type { JobQuery } from '../job/job-query.ts'
import { isPostgres } from './is-postgres.ts'
import { jobsOfProject } from './job-counts.ts'
import { readJobs } from './read-jobs.ts'
import {
  asOneBlock,
  type Block,
  findBlocks,
  groupOfBlock,
  jobsOf,
  joined,
  type PeriodBlock,
  stretchesOf,
  timeOfBlock,
} from './search-blocks.ts'
import {
  and,
  type Condition,
  HOLDS_JOBS,
  jobConditions,
  orderOf,
  type Search,
  takeApart,
} from './search-conditions.ts'
import { exactBlocks } from './search-edges.ts'
import { isRare, narrowingsOf } from './search-narrowing.ts'
import type { Rows } from './tables.ts'

/** Numbers of jobs at which another way of looking is quicker. */
export type Limits = {
  /** So many are looked at one by one, rather than by way of an index that may not help. */
  readonly small: number
  /**
   * Of those that have in their name, or as a tag, what most have, so many are counted; `count` then says that there are
   * at least these.
   */
  readonly counted: number
  /** Blocks of so many are gathered by their groups and sorted; larger ones are read in order until it is enough. */
  readonly gathered: number
}
const LIMITS: Limits = { small: 20_000, counted: 10_000, gathered: 2_000 }

type LimitedSearch = Search & { readonly limits: Limits }
type Found = { readonly count: number; readonly seqs: readonly number[] }

/** One page of a workspace's jobs. `total` counts all jobs of the project, `count` those that match. */
export async function searchJobs(
  db: Rows,
  serveId: string,
  projectId: string,
  query: JobQuery,
  limits = LIMITS,
): Promise<{ total: number; count: number; items: Job[] }> {
  for (let tries = 0; ; tries++) {
    const total = await jobsOfProject(db, projectId)
    const { count, seqs } = await findJobs(db, serveId, projectId, query, limits)
    const items = await inOrder(db, seqs)
    // A job that was erased in between would make the page short, and clients take a short page for the last one.
    if (items.length === seqs.length || tries === 2) return { total, count, items }
  }
}

/** The same without the jobs themselves: their numbers, in the order of the answer. */
export async function findJobs(
  db: Rows,
  serveId: string,
  projectId: string,
  query: JobQuery,
  limits = LIMITS,
): Promise<Found> {
  const search = { ...takeApart(projectId, query), limits }
  const narrowings = narrowingsOf(db, serveId, search)
  const narrow = narrowings.map(({ matches }) => matches)
  if (search.few.length > 0) {
    const named = sql`select i.seq from job_index i where ${and([...search.jobScope, ...search.few])}`
    return await lookAtAll(db, search, narrow, named)
  }
  const exact = await exactBlocks(db, search, await findBlocks(db, search))
  const base = jobsOf(exact)
  const blocks = search.query.sortBy === 'name' ? asOneBlock(exact) : joined(exact, search.limits.gathered)
  if (narrow.length === 0) return { count: base, seqs: await pageOf(db, search, blocks) }
  if (base <= search.limits.small) return await lookAtAll(db, search, [...narrow, inPeriodsOf(exact)], null)
  for (const { candidates } of narrowings)
    if (candidates !== null && (await isRare(db, candidates, search.limits.counted)))
      return await lookAtAll(db, search, narrow, candidates)
  return await lookUntilFull(db, search, blocks, narrow)
}

/** Looks at every candidate, or at every job of the groups. */
async function lookAtAll(
  db: Rows,
  search: LimitedSearch,
  narrow: readonly Condition[],
  candidates: RawBuilder<unknown> | null,
): Promise<Found> {
  const conditions = and([...search.groupScope, ...search.facets, ...jobConditions(search), ...narrow])
  const matching =
    candidates === null
      ? sql`${groupsFirst(db)} and ${conditions}`
      : sql`(${candidates}) c cross join job_index i cross join job_groups g
          where i.seq = c.seq and g.id = i.group_id and ${conditions}`
  const { skip, limit } = search.query
  const { rows } = await sql<{ seq: number; count: number }>`
    select i.seq as seq, count(*) over () as count from ${matching}
    order by ${orderOf(search, false)} limit ${limit} offset ${skip}
  `.execute(db)
  const count = rows[0]?.count ?? (skip === 0 ? 0 : await countOf(db, matching))
  return { count, seqs: rows.map(({ seq }) => seq) }
}

/** Keeps SQLite from going by name, where all that are alike may stand at the far end. */
const BY_TIME = sql<boolean>`i.create_time >= 0`

async function countOf(db: Rows, matching: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${matching}`.execute(db)
  return rows[0]?.count ?? 0
}

/** The page's place is known from the counts; what lies before it is passed over block by block. */
async function pageOf(db: Rows, search: LimitedSearch, blocks: readonly Block[]): Promise<number[]> {
  const { skip: before, limit } = search.query
  const seqs: number[] = []
  for (const { block, skip } of stretchesOf(blocks, before)) {
    seqs.push(...(await readBlock(db, search, block, { skip, limit: limit - seqs.length })))
    if (seqs.length >= limit) break
  }
  return seqs
}

/** For what is found in most places: goes through the jobs as the answer is ordered until the page is full. */
async function lookUntilFull(
  db: Rows,
  search: LimitedSearch,
  blocks: readonly Block[],
  narrow: readonly Condition[],
): Promise<Found> {
  const { skip, limit } = search.query
  const wanted = skip + limit
  const seqs: number[] = []
  for (const block of blocks) {
    if (seqs.length >= wanted) break
    seqs.push(...(await readBlock(db, search, block, { skip: 0, limit: wanted - seqs.length, narrow })))
  }
  const found = seqs.slice(skip)
  if (seqs.length < wanted) return { count: seqs.length, seqs: found }
  const conditions = [...jobConditions(search), ...narrow]
  const { facets, groupScope, jobScope } = search
  const all =
    facets.length === 0
      ? sql`job_index i where ${and([...jobScope, BY_TIME, ...conditions])}`
      : sql`${groupsFirst(db)} and ${and([...groupScope, ...facets, ...conditions])}`
  const counted = await countOf(db, sql`(select i.seq from ${all} limit ${search.limits.counted}) as part`)
  return { count: Math.max(counted, seqs.length), seqs: found }
}

type Stretch = { readonly skip: number; readonly limit: number; readonly narrow?: readonly Condition[] }

/** Numbers of a block's jobs as the answer is ordered. */
async function readBlock(
  db: Rows,
  search: LimitedSearch,
  block: Block,
  { skip, limit, narrow }: Stretch,
): Promise<number[]> {
  // Without more conditions the block's size is known, and the end may be nearer from the other side.
  const turned = narrow === undefined && skip > block.jobs / 2
  const taken = turned ? Math.min(limit, block.jobs - skip) : limit
  const conditions = [...jobConditions(search), ...(narrow ?? [])]
  const matching = jobsOfBlock(db, search, block, conditions)
  const seqs = await seqsOf(
    db,
    matching,
    orderOf(search, turned),
    taken,
    turned ? block.jobs - skip - taken : skip,
  )
  return turned ? seqs.reverse() : seqs
}

function jobsOfBlock(
  db: Rows,
  search: LimitedSearch,
  block: Block,
  conditions: readonly Condition[],
): RawBuilder<unknown> {
  const { sort, query, facets, groupScope, jobScope, limits } = search
  const inGroups = [...groupScope, ...facets, ...groupOfBlock(block, sort)]
  if (query.workspaceId === null || block.jobs <= limits.gathered)
    return sql`${groupsFirst(db)} and ${and([...inGroups, ...conditions])}`
  const ofJobs = [...jobScope, ...timeOfBlock(block), ...conditions]
  if (facets.length === 0 && sort === null) return sql`job_index i where ${and(ofJobs)}`
  // The groups' own scope follows from that of the jobs; PostgreSQL would else read all groups there are.
  return sql`job_index i cross join job_groups g
    where g.id = i.group_id and ${HOLDS_JOBS} and ${and([...ofJobs, ...inGroups])}`
}

const inPeriodsOf = (blocks: readonly PeriodBlock[]): Condition => {
  const periods = [...new Set(blocks.map(({ period }) => period))]
  return periods.length === 0 ? sql`1 = 0` : sql`g.period in (${sql.join(periods)})`
}

/**
 * Groups, and then the jobs of each by their index. PostgreSQL would often read all jobs there are instead: it takes a
 * group for larger than it is.
 */
const groupsFirst = (db: Rows): RawBuilder<unknown> =>
  isPostgres(db)
    ? sql`job_groups g cross join lateral (select * from job_index where group_id = g.id offset 0) i
        where ${HOLDS_JOBS}`
    : sql`job_groups g cross join job_index i where g.id = i.group_id and ${HOLDS_JOBS}`

async function seqsOf(
  db: Rows,
  matching: RawBuilder<unknown>,
  order: RawBuilder<unknown>,
  limit: number,
  offset: number,
): Promise<number[]> {
  const { rows } = await sql<{ seq: number }>`
    select i.seq as seq from ${matching} order by ${order} limit ${limit} offset ${offset}
  `.execute(db)
  return rows.map(({ seq }) => seq)
}

/** In the order of the numbers given. */
async function inOrder(db: Rows, seqs: readonly number[]): Promise<Job[]> {
  const bySeq = new Map((await readJobs(db, 'seq', seqs)).map((job) => [job.seq, job]))
  return seqs.flatMap((seq) => bySeq.get(seq) ?? [])
}
