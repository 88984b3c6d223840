// Search: the part of the store suite that finds jobs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { searchRequest } from '../../src/api/job-search.ts'
import { type JobQuery, readSearch } from '../../src/job/job-query.ts'
import type { JobStore } from '../../src/job/store.ts'
import { changeOf, claimedBy, event, newJob, type OpenStores } from './store-fixture.ts'

type Filter = { key: string; operator: string; value: string[] }
const filter = (key: string, operator: string, ...value: string[]): Filter => ({ key, operator, value })

/** Five jobs of one workspace, one of another, one of another project. */
async function fill(store: JobStore): Promise<void> {
  const jobs = [
    newJob({ name: 'Alpha', algorithmName: 'resnet_50', job: { createTimeMs: 1_000, userName: 'ann' } }),
    newJob({ name: 'beta_1', algorithmName: 'resnetX50', job: { createTimeMs: 2_000 } }),
    newJob({ name: 'beta-2', kind: 'hetero_job', job: { createTimeMs: 3_000 } }),
    newJob({ name: 'gamma', annotations: { 'jupyter-lab/enable': 'true' }, job: { createTimeMs: 3_000 } }),
    newJob({ name: 'delta', job: { createTimeMs: 4_000 } }),
    newJob({ name: 'Alpha', workspace: 'w2', job: { createTimeMs: 5_000 } }),
    newJob({ name: 'Alpha', job: { createTimeMs: 6_000, projectId: 'q' } }),
  ]
  for (const job of jobs) await store.create(job, [])
  const set = async (
    index: number,
    phase: 'Running' | 'Failed' | 'Completed',
    stopCause: 'auto-stop' | null = null,
  ) => {
    const { lease, version } = await claimedBy(store, jobs[index]!.id)
    assert.equal(await store.write(lease, version, changeOf({ phase, status: { stopCause } })), true)
  }
  await set(0, 'Running')
  await set(1, 'Running')
  await store.requestStop(jobs[1]!.id, 9, event('Stop'))
  await set(2, 'Failed')
  await store.requestDelete(jobs[2]!.id, 9, event('Delete'))
  await set(3, 'Running', 'auto-stop')
}

const ask = (parts: object): JobQuery =>
  readSearch(searchRequest.parse({ sort_by: 'create_time', order: 'asc', ...parts }), {
    inventory: { hosts: [] },
    nowMs: 0,
  })
const names = async (store: JobStore, parts: object) =>
  (await store.search('p', ask(parts))).items.map((job) => job.request.metadata.name)

const FOUND: readonly { title: string; filters: Filter[]; found: string[] }[] = [
  { title: 'no filter', filters: [], found: ['Alpha', 'beta_1', 'beta-2', 'gamma', 'delta'] },
  {
    title: 'the blank filters a console sends',
    filters: [
      filter('name', 'like', ''),
      filter('create_time', 'between', '', ''),
      filter('phase', 'in', ''),
      filter('algorithm_name', 'like', ''),
      filter('kind', 'in'),
      filter('user_id', 'in', ''),
    ],
    found: ['Alpha', 'beta_1', 'beta-2', 'gamma', 'delta'],
  },
  { title: 'name like, whatever the case', filters: [filter('name', 'like', 'ALPH')], found: ['Alpha'] },
  { title: 'an underscore is an underscore', filters: [filter('name', 'like', '_')], found: ['beta_1'] },
  { title: 'a per cent sign is a per cent sign', filters: [filter('name', 'like', '%')], found: [] },
  { title: 'a backslash is a backslash', filters: [filter('name', 'like', '\\')], found: [] },
  {
    title: 'several likes are or-ed',
    filters: [filter('name', 'like', 'alpha', 'delta')],
    found: ['Alpha', 'delta'],
  },
  { title: 'a quote is data', filters: [filter('name', 'in', "x' or '1'='1")], found: [] },
  { title: 'name in', filters: [filter('name', 'in', 'delta', 'gamma', '')], found: ['gamma', 'delta'] },
  {
    title: 'name not',
    filters: [filter('name', 'not', 'delta', 'gamma')],
    found: ['Alpha', 'beta_1', 'beta-2'],
  },
  {
    title: 'filters are and-ed',
    filters: [filter('name', 'like', 'beta'), filter('name', 'not', 'beta_1')],
    found: ['beta-2'],
  },
  {
    title: 'create_time between, both ends in',
    filters: [filter('create_time', 'between', '2000', '3000')],
    found: ['beta_1', 'beta-2', 'gamma'],
  },
  {
    title: 'create_time from',
    filters: [filter('create_time', 'between', '3000', '')],
    found: ['beta-2', 'gamma', 'delta'],
  },
  { title: 'create_time until', filters: [filter('create_time', 'between', '', '1999')], found: ['Alpha'] },
  {
    title: 'create_time in',
    filters: [filter('create_time', 'in', '1000', '4000')],
    found: ['Alpha', 'delta'],
  },
  {
    title: 'create_time not',
    filters: [filter('create_time', 'not', '3000')],
    found: ['Alpha', 'beta_1', 'delta'],
  },
  {
    title: 'Running leaves out what is stopping',
    filters: [filter('phase', 'in', 'Running')],
    found: ['Alpha'],
  },
  {
    title: 'Terminating is what is stopping',
    filters: [filter('phase', 'in', 'Terminating')],
    found: ['beta_1', 'gamma'],
  },
  {
    title: 'an ended job keeps its phase while it is deleted',
    filters: [filter('phase', 'in', 'Failed')],
    found: ['beta-2'],
  },
  {
    title: 'phase not',
    filters: [filter('phase', 'not', 'Terminating', 'Failed')],
    found: ['Alpha', 'delta'],
  },
  { title: 'algorithm_name like', filters: [filter('algorithm_name', 'like', 'resnet_')], found: ['Alpha'] },
  { title: 'kind in', filters: [filter('kind', 'in', 'hetero_job')], found: ['beta-2'] },
  { title: 'user_id in', filters: [filter('user_id', 'in', 'ann')], found: ['Alpha'] },
  { title: 'runtime_type debug', filters: [filter('runtime_type', 'in', 'debug')], found: ['gamma'] },
]

export function describeStoreSearch(open: OpenStores): void {
  test('search finds what its filters say', async (t) => {
    await using stores = await open()
    const store = stores.store()
    await fill(store)
    for (const { title, filters, found } of FOUND)
      await t.test(title, async () => assert.deepEqual(await names(store, { filters }), found))
  })

  test('search counts the project, counts the matches and turns pages that neither overlap nor miss', async () => {
    await using stores = await open()
    const store = stores.store()
    await fill(store)
    const page = (offset: number, order: 'asc' | 'desc' = 'desc') =>
      store.search('p', ask({ order, offset, limit: 2, filters: [filter('name', 'not', 'delta')] }))
    const pages = await Promise.all([page(0), page(1), page(2)])
    assert.deepEqual(
      pages.map(({ total, count }) => [total, count]),
      [
        [6, 4],
        [6, 4],
        [6, 4],
      ],
    )
    assert.deepEqual(
      pages.map(({ items }) => items.map((job) => job.request.metadata.name)),
      [['gamma', 'beta-2'], ['beta_1', 'Alpha'], []],
    )
    assert.deepEqual(
      await names(store, {
        sort_by: 'name',
        order: 'desc',
        filters: [filter('name', 'like', 'a'), filter('name', 'not', 'Alpha', 'beta-2')],
      }),
      ['gamma', 'delta', 'beta_1'],
    )
    assert.deepEqual(await names(store, { sort_by: '', limit: 1 }), ['Alpha'])
    const inOrder = ['Alpha', 'beta-2', 'beta_1', 'delta', 'gamma']
    assert.deepEqual(
      await names(store, { sort_by: 'name' }),
      inOrder,
      'whatever the language of the database',
    )
    assert.equal((await store.search('p', ask({ workspace_id: 'w2' }))).count, 1)
    assert.deepEqual((await store.search('nobody', ask({}))).items, [])
  })
}
