// Search over many jobs: whatever is asked, and whichever way is taken to it, the answer is what reading everything gives.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { searchRequest } from '../../src/api/job-search.ts'
import { type Limits, searchJobs } from '../../src/db/job-search.ts'
import { migrate } from '../../src/db/migrate.ts'
import type { Rows } from '../../src/db/tables.ts'
import { type JobQuery, readSearch, SORT_KEYS, type SortKey } from '../../src/job/job-query.ts'
import { migrateBefore, SEEDED_PROJECT, seedJobs } from './seeded-jobs.ts'
import { changeOf, claimedBy, event, newJob, type OpenStores, SERVE } from './store-fixture.ts'

const UNTIL_MS = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000
const SEEDS = { finished: 1_900, live: 100, untilMs: UNTIL_MS }
/** So low that every way is taken. */
const LOW: Limits = { small: 40, counted: 60, gathered: 30 }

type Plain = Record<SortKey | 'runtime_type', string | number> & {
  seq: number
  workspace: string
  tags: string[]
  placed: boolean
}

/** Numbers that are the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

async function readAll(db: Rows): Promise<Plain[]> {
  const jobs = await db.selectFrom('jobs').selectAll().where('project_id', '=', SEEDED_PROJECT).execute()
  const tags = await db.selectFrom('job_tags').selectAll().execute()
  const byJob = Map.groupBy(tags, (tag) => tag.job_id)
  return jobs.map((row) => ({
    ...{ seq: row.seq, workspace: row.workspace_id, create_time: row.create_time, name: row.name },
    ...{ phase: row.shown_phase, algorithm_name: row.algorithm_name, kind: row.kind },
    ...{ user_id: row.user_name, runtime_type: row.runtime_type },
    placed: row.placed === 1,
    tags: (byJob.get(row.id) ?? []).map(({ key, value }) => `${key}=${value}`),
  }))
}

function matches(job: Plain, query: JobQuery): boolean {
  const { workspaceId, conditions, tags, hostIds, untagged, placed } = query
  return (
    (workspaceId === null || job.workspace === workspaceId) &&
    conditions.every((condition) => {
      const value = job[condition.key]
      if (condition.operator === 'between') return +value >= condition.from && +value <= condition.until
      const values = condition.values as readonly (string | number)[]
      if (condition.operator === 'in') return values.includes(value)
      if (condition.operator === 'not') return !values.includes(value)
      return values.some((part) => `${value}`.toLowerCase().includes(`${part}`.toLowerCase()))
    }) &&
    tags.every(({ key, values }) =>
      job.tags.some(
        (tag) =>
          tag.startsWith(`${key}=`) && (values.length === 0 || values.includes(tag.slice(key.length + 1))),
      ),
    ) &&
    (hostIds === null || hostIds.length > 0) &&
    (untagged !== true || job.tags.length === 0) &&
    (placed === undefined || job.placed === placed)
  )
}

function inOrder(jobs: readonly Plain[], { sortBy, order }: JobQuery): Plain[] {
  const turn = order === 'asc' ? 1 : -1
  const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)
  const last = sortBy === 'name' ? 'seq' : 'create_time'
  return jobs.toSorted(
    (a, b) => turn * (compare(a[sortBy], b[sortBy]) || compare(a[last], b[last]) || compare(a.seq, b.seq)),
  )
}

/** Up to three filters that make sense together, any order, any page. */
function ask(roll: (sides: number) => number): JobQuery {
  const one = <T>(values: readonly T[]): T => values[roll(values.length)] as T
  const time = () => `${UNTIL_MS - roll(400) * DAY_MS + one([0, 0, 1, 12_345_678])}`
  const between = (): string[] => {
    const ends = [time(), time()].sort()
    return [one([ends[0] ?? '', '']), one([ends[1] ?? '', ''])]
  }
  const filters = [
    () => ({
      key: 'name',
      operator: 'like',
      value: one([['er'], ['bert'], ['BERT-1', 'qwen'], ['-19'], ['e'], ['no such'], ['n-7', '_'], ['t-10']]),
    }),
    () => ({
      key: 'name',
      operator: one(['in', 'not']),
      value: ['bert-8', 'glm-1993', 'glm-1', `llama-${roll(2000)}`],
    }),
    () => ({
      key: 'phase',
      operator: one(['in', 'not']),
      value: one([['Failed'], ['Running', 'Completed'], ['Pending'], ['Creating']]),
    }),
    () => ({ key: 'phase', operator: 'like', value: ['ed', 'zz'] }),
    () => ({
      key: 'user_id',
      operator: one(['in', 'not']),
      value: ['user-7', `user-${roll(101)}`, 'nobody'],
    }),
    () => ({ key: 'user_id', operator: 'like', value: ['er-1'] }),
    () => ({
      key: 'algorithm_name',
      operator: one(['in', 'not', 'like']),
      value: ['algorithm-3', 'algorithm-14'],
    }),
    () => ({ key: 'kind', operator: one(['in', 'not']), value: ['job'] }),
    () => ({ key: 'runtime_type', operator: one(['in', 'not']), value: ['debug'] }),
    () => ({ key: 'create_time', operator: 'between', value: between() }),
    () => ({ key: 'create_time', operator: one(['in', 'not']), value: [`${UNTIL_MS}`, time()] }),
  ]
  const query = readSearch(
    searchRequest.parse({
      sort_by: one(SORT_KEYS),
      order: one(['asc', 'desc']),
      limit: one([1, 7, 50]),
      offset: one([0, 0, 1, roll(12), roll(300)]),
      workspace_id: one(['0', '0', 'other', 'nowhere']),
      filters: Array.from({ length: roll(4) }, () => one(filters)()),
    }),
    { inventory: { hosts: [] }, nowMs: UNTIL_MS },
  )
  const tags = one([[], [], [], [{ key: 'team', values: [] }], [{ key: 'team', values: ['a', 'c'] }]])
  return {
    ...query,
    tags,
    // Not all callers ask for whole pages.
    skip: query.skip + one([0, 0, 3]),
    ...(roll(10) === 0 ? { workspaceId: null } : {}),
    ...(roll(10) === 0 ? { untagged: true } : {}),
    ...(roll(10) === 0 ? { placed: one([true, false]) } : {}),
  }
}

async function checkAnswers(db: Rows, seed: number, times: number): Promise<void> {
  const jobs = await readAll(db)
  const roll = dice(seed)
  for (let n = 0; n < times; n++) {
    const query = ask(roll)
    const limits = n % 3 === 0 ? undefined : LOW
    const found = await searchJobs(db, SERVE, SEEDED_PROJECT, query, limits)
    const expected = inOrder(
      jobs.filter((job) => matches(job, query)),
      query,
    )
    const about = JSON.stringify({ n, seed, low: limits !== undefined, ...query })
    assert.deepEqual(
      found.items.map(({ seq }) => seq),
      expected.slice(query.skip, query.skip + query.limit).map(({ seq }) => seq),
      about,
    )
    assert.equal(found.total, jobs.length)
    const atLeast = Math.min(expected.length, limits?.counted ?? 10_000)
    const isPartial =
      query.tags.length > 0 ||
      query.untagged === true ||
      query.placed !== undefined ||
      query.conditions.some(({ key, operator }) => key === 'name' && operator === 'like')
    if (isPartial)
      assert.ok(
        found.count >= atLeast && found.count <= expected.length,
        `${found.count} of ${expected.length}: ${about}`,
      )
    else assert.equal(found.count, expected.length, about)
  }
}

/** Groups whose kept count is another than that of their jobs. */
async function wrongCounts(db: Rows): Promise<string[]> {
  const { rows } = await sql<Record<string, string | number>>`
    select project_id, detail, workspace_id, period, shown_phase, kind, runtime_type, user_name, algorithm_name,
      cast(sum(jobs) as bigint) as jobs
    from counted_groups group by 1, 2, 3, 4, 5, 6, 7, 8, 9
  `.execute(db)
  const left = new Map(rows.map(({ jobs, ...key }) => [Object.values(key).join(), Number(jobs)]))
  for (const job of await db.selectFrom('jobs').selectAll().execute()) {
    const period = Math.floor(job.create_time / 2 ** 30)
    const shared = [job.workspace_id, period, job.shown_phase, job.kind, job.runtime_type]
    const details = [['', ''] as const, [job.user_name, ''] as const, ['', job.algorithm_name] as const]
    for (const [detail, names] of [...details, [job.user_name, job.algorithm_name] as const].entries()) {
      const key = [job.project_id, detail, ...shared, ...names].join()
      left.set(key, (left.get(key) ?? 0) - 1)
    }
  }
  return [...left].filter(([, jobs]) => jobs !== 0).map(([key, jobs]) => `${key}: ${jobs} too many`)
}

/** Jobs that were there before searches had tables of their own. `db`: an empty database, not migrated. */
export async function checkUpgradedSearch(db: Rows): Promise<void> {
  await migrateBefore(db, '0011-search')
  await seedJobs(db, SEEDS)
  await migrate(db, 'the database')
  assert.deepEqual(await wrongCounts(db), [])
  await checkAnswers(db, 3, 60)
}

export function describeStoreSearchMany(open: OpenStores): void {
  test('whatever is asked of many jobs, the answer is that of reading all of them, also after they changed', async () => {
    await using stores = await open()
    const db = stores.db()
    await seedJobs(db, SEEDS)
    const ids = await db.selectFrom('jobs').select(['id', 'seq']).orderBy('seq').execute()
    const tagged = ids.filter((_, n) => n % 3 === 0)
    const tags = tagged.map(({ id, seq }) => ({ job_id: id, key: 'team', value: 'abc'[seq % 3] ?? '' }))
    await db.insertInto('job_tags').values(tags).execute()
    await sql`update jobs set placed = 1 where seq % 4 = 0`.execute(db)
    await checkAnswers(db, 1, 150)

    const store = stores.store({ ownership: 'shared' })
    const live = ids.slice(SEEDS.finished).map(({ id }) => id)
    await Promise.all(live.slice(0, 20).map((id) => store.requestStop(id, 9, event('Stop'))))
    await Promise.all(
      live.slice(10, 40).map(async (id, n) => {
        const { lease, version } = await claimedBy(store, id)
        const phase = (['Running', 'Failed', 'Completed'] as const)[n % 3] ?? 'Running'
        assert.equal(await store.write(lease, version, changeOf({ phase })), true)
      }),
    )
    await Promise.all(
      live.slice(40, 60).map(async (id) => {
        const { lease, version } = await claimedBy(store, id)
        assert.equal(await store.erase(lease, version), true)
      }),
    )
    const made = Array.from({ length: 30 }, (_, n) => {
      const job = { projectId: SEEDED_PROJECT, userName: `user-${n}`, createTimeMs: UNTIL_MS + n * DAY_MS }
      return newJob({ name: `bert-${n}-new`, algorithmName: `algorithm-${n % 5}`, job })
    })
    await Promise.all(made.map((job) => store.create(job, [])))
    assert.deepEqual(await wrongCounts(db), [])
    await checkAnswers(db, 2, 100)
  })
}
