// What stands beside jobs in a project: client tokens, experiments, algorithms, tags, quotas, hosts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { algorithmRequest } from '../../src/api/algorithm.ts'
import { createAlgorithmStore } from '../../src/db/algorithm-store.ts'
import { createExperimentStore } from '../../src/db/experiment-store.ts'
import { createQuotaStore } from '../../src/db/quota-store.ts'
import { createTagStore } from '../../src/db/tag-store.ts'
import type { Algorithm } from '../../src/job/algorithms.ts'
import type { ClientToken } from '../../src/job/store.ts'
import { newUuid } from '../../src/lib/id.ts'
import { event, newJob, type OpenStores, type Stores } from './store-fixture.ts'

const failsWith = (promise: Promise<unknown>, code: string, message: RegExp) =>
  assert.rejects(promise, (error: Error & { code?: string }) => {
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  })

async function withProjects(open: OpenStores): Promise<Stores> {
  const stores = await open()
  for (const id of ['p', 'q'])
    await stores
      .db()
      .insertInto('projects')
      .values({ id, name: id, description: '', enabled: 1, created_at: 0 })
      .execute()
  return stores
}

export function describeStoreProjects(open: OpenStores): void {
  describeTokens(open)
  describeExperiments(open)
  describeAlgorithms(open)
  describeTags(open)
  describeQuotas(open)
}

function describeTokens(open: OpenStores): void {
  test('a client token makes one job, also when many try at once, and is free again when the job is gone', async () => {
    await using stores = await open()
    const store = stores.store()
    const clientToken: ClientToken = { token: 't', bodyDigest: 'd' }
    const make = (name: string, token: ClientToken = clientToken) =>
      store.create(newJob({ name, job: { clientToken: token } }), [event('Created')])
    const made = await Promise.all(Array.from({ length: 6 }, () => make('one')))
    assert.equal(new Set(made.map(({ id }) => id)).size, 1)
    const [job] = made
    assert.deepEqual(
      (await store.eventsSince(job!.id, 0, 10)).map(({ reason }) => reason),
      ['Created'],
    )
    assert.equal((await store.findByToken('p', clientToken))?.id, job!.id)
    assert.equal(await store.findByToken('q', clientToken), null)
    await failsWith(
      make('two', { token: 't', bodyDigest: 'other' }),
      'InvalidParam',
      /X-Client-Token.*another body/,
    )
    const rows = await stores.db().selectFrom('jobs').select('request_digest').execute()
    assert.ok(rows.every(({ request_digest }) => request_digest !== 'd'))
    await stores.db().deleteFrom('jobs').where('id', '=', job!.id).execute()
    assert.notEqual((await make('one')).id, job!.id)
  })

  test('a name is taken in its workspace only', async () => {
    await using stores = await open()
    const store = stores.store()
    await store.create(newJob({ name: 'one', workspace: 'w' }), [])
    assert.deepEqual(
      [await store.isNameTaken('p', 'w', 'one'), await store.isNameTaken('p', '0', 'one')],
      [true, false],
    )
  })
}

function describeExperiments(open: OpenStores): void {
  test('an experiment numbers its jobs, counts them, and leaves them when it is deleted', async () => {
    await using stores = await withProjects(open)
    const store = stores.store()
    const experiments = createExperimentStore(stores.db())
    const experiment = { workspaceId: '0', description: '', createTimeMs: 1 }
    const first = await experiments.create('p', { ...experiment, id: newUuid(), name: 'first' })
    await failsWith(
      experiments.create('p', { ...experiment, id: newUuid(), name: 'first' }),
      'DuplicateExperimentName',
      /"first"/,
    )
    const join = (name: string) => store.create(newJob({ name, job: { experiment: { id: first.id } } }), [])
    const jobs = [await join('a'), await join('b')]
    const made = { newId: newUuid(), name: 'second', description: 'words' }
    const alone = await store.create(newJob({ name: 'c', job: { experiment: made } }), [])
    const referenceOf = (job: typeof alone) => job.request.metadata.training_experiment_reference
    assert.deepEqual(jobs.map(referenceOf), [
      { id: first.id, name: 'first', serial_number: 1 },
      { id: first.id, name: 'first', serial_number: 2 },
    ])
    assert.equal(referenceOf(alone)?.id, made.newId)
    await failsWith(
      store.create(newJob({ name: 'd', job: { experiment: { id: 'nobody' } } }), []),
      'ExperimentNotFound',
      /nobody/,
    )
    assert.equal(await store.isNameTaken('p', '0', 'd'), false)
    const query = { workspaceId: '0', sortBy: 'name', order: 'asc', page: 0, limit: 10 } as const
    const { total, items } = await experiments.list('p', query)
    assert.deepEqual(
      [total, items.map(({ name, jobCount }) => [name, jobCount])],
      [
        2,
        [
          ['first', 2],
          ['second', 1],
        ],
      ],
    )
    assert.equal((await experiments.list('q', query)).total, 0)
    const renamed = await experiments.update('p', first.id, { name: 'third' }, 9)
    assert.deepEqual([renamed?.name, renamed?.description, renamed?.updateTimeMs], ['third', '', 9])
    await failsWith(
      experiments.update('p', first.id, { name: 'second' }, 9),
      'DuplicateExperimentName',
      /second/,
    )
    assert.equal(await experiments.update('q', first.id, { name: 'x' }, 9), null)
    assert.equal(await experiments.remove('q', first.id), false)
    assert.equal(await experiments.remove('p', first.id), true)
    const left = await store.getById(jobs[0]!.id)
    assert.equal(left?.request.metadata.training_experiment_reference, undefined)
  })
}

function describeAlgorithms(open: OpenStores): void {
  test('algorithms are kept whole, listed by part of a name, and belong to one project', async () => {
    await using stores = await withProjects(open)
    const algorithms = createAlgorithmStore(stores.db())
    const algorithm = (name: string, more: Partial<Algorithm> = {}): Algorithm => ({
      ...{
        id: newUuid(),
        projectId: 'p',
        workspaceId: '0',
        userName: 'ann',
        createTimeMs: 5,
        updateTimeMs: 0,
      },
      request: algorithmRequest.parse({ metadata: { name }, job_config: { command: 'true', later: 1 } }),
      codeTree: { name: 'code/', children: [{ name: 'a.py' }] },
      codeBytes: 7,
      ...more,
    })
    const first = algorithm('resnet_50')
    await algorithms.create(first)
    await algorithms.create(algorithm('resnetX50'))
    await algorithms.create(algorithm('resnet_50', { workspaceId: 'w' }))
    await failsWith(algorithms.create(algorithm('resnet_50')), 'DuplicateAlgorithmName', /resnet_50/)
    assert.deepEqual(await algorithms.find('p', first.id), first)
    assert.equal(await algorithms.find('q', first.id), null)
    const query = {
      workspaceId: '0',
      sortBy: 'name',
      order: 'asc',
      offset: 0,
      limit: 1,
      name: 'NET_',
    } as const
    const { total, count, items } = await algorithms.list('p', query)
    assert.deepEqual([total, count, items.map(({ id }) => id)], [2, 1, [first.id]])
    assert.equal((await algorithms.list('p', { ...query, offset: 1 })).items.length, 0)
    const second = {
      ...first,
      updateTimeMs: 9,
      request: algorithmRequest.parse({ metadata: { name: 'new' } }),
    }
    await algorithms.update(second)
    assert.deepEqual(await algorithms.find('p', first.id), second)
    await failsWith(
      algorithms.update({ ...second, request: algorithmRequest.parse({ metadata: { name: 'resnetX50' } }) }),
      'DuplicateAlgorithmName',
      /resnetX50/,
    )
    assert.deepEqual(
      [await algorithms.remove('q', first.id), await algorithms.remove('p', first.id)],
      [false, true],
    )
  })
}

function describeTags(open: OpenStores): void {
  test('tags are put, replaced, taken away and looked for; a job has twenty at most', async () => {
    await using stores = await withProjects(open)
    const store = stores.store()
    const tags = createTagStore(stores.db())
    const [a, b, other] = [
      newJob({ name: 'alpha' }),
      newJob({ name: 'beta' }),
      newJob({ name: 'x', job: { projectId: 'q' } }),
    ]
    for (const job of [a, b, other]) await store.create(job, [])
    await tags.put(a.id, [
      { key: 'team', value: 'x' },
      { key: 'stage', value: '' },
    ])
    assert.deepEqual(await tags.put(a.id, [{ key: 'team', value: 'y' }]), [
      { key: 'stage', value: '' },
      { key: 'team', value: 'y' },
    ])
    await tags.put(other.id, [{ key: 'team', value: 'z' }])
    assert.deepEqual(await tags.listOfProject('p', { offset: 0, limit: 9 }), [
      { key: 'stage', values: [''] },
      { key: 'team', values: ['y'] },
    ])
    assert.deepEqual(await tags.listOfProject('p', { offset: 2, limit: 9 }), [])
    const query = { workspaceId: '0', untagged: false, filters: [], name: '', offset: 0, limit: 9 }
    const found = async (more: object) =>
      (await tags.search('p', { ...query, ...more })).items.map(({ name }) => name)
    assert.deepEqual(await found({}), ['beta', 'alpha'])
    assert.deepEqual(await found({ filters: [{ key: 'team', values: ['q', 'y'] }] }), ['alpha'])
    assert.deepEqual(await found({ filters: [{ key: 'team', values: ['q'] }] }), [])
    assert.deepEqual(
      await found({
        filters: [
          { key: 'team', values: [] },
          { key: 'stage', values: [] },
        ],
      }),
      ['alpha'],
    )
    assert.deepEqual(await found({ untagged: true }), ['beta'])
    assert.deepEqual(await found({ name: 'ET' }), ['beta'])
    await tags.remove(a.id, ['team', 'nobody'])
    assert.deepEqual(await tags.list(a.id), [{ key: 'stage', value: '' }])
    const many = Array.from({ length: 20 }, (_, index) => ({ key: `k${index}`, value: '' }))
    await failsWith(tags.put(a.id, many), 'InvalidParam', /21.*at most 20/)
    assert.equal((await tags.list(a.id)).length, 1)
  })
}

function describeQuotas(open: OpenStores): void {
  test('a quota counts all jobs of a user, their own before that of the project', async () => {
    await using stores = await withProjects(open)
    const store = stores.store()
    const quotas = createQuotaStore(stores.db())
    const jobs = async (user: string) => {
      const [first] = await quotas.list('p', user)
      return [first?.resource, first?.quota, first?.used]
    }
    const create = (name: string, userName: string) => store.create(newJob({ name, job: { userName } }), [])
    assert.deepEqual(await jobs('ann'), ['job-num', 2_147_483_647, 0])
    await create('a', 'ann')
    await quotas.put('p', '', [{ resource: 'job-num', quota: 1, extraInfo: '' }])
    await failsWith(create('b', 'ann'), 'QuotaExceeded', /"ann" has 1 jobs; valid: at most 1/)
    await quotas.put('p', 'ann', [{ resource: 'job-num', quota: 2, extraInfo: '' }])
    await create('b', 'ann')
    assert.deepEqual(
      [await jobs('ann'), await jobs('bob')],
      [
        ['job-num', 2, 2],
        ['job-num', 1, 0],
      ],
    )
  })

  test('of creates at one time no more get through than the quota has room for', async () => {
    await using stores = await withProjects(open)
    const store = stores.store()
    await createQuotaStore(stores.db()).put('p', '', [{ resource: 'job-num', quota: 3, extraInfo: '' }])
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => store.create(newJob({ name: `a-${n}` }), [])),
    )
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 3)
  })
}
