// NUL, which PostgreSQL's text cannot hold, in everything that people can write or ask for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAlgorithmStore } from '../../src/db/algorithm-store.ts'
import { createExperimentStore } from '../../src/db/experiment-store.ts'
import { createQuotaStore } from '../../src/db/quota-store.ts'
import { createTagStore } from '../../src/db/tag-store.ts'
import type { JobQuery } from '../../src/job/job-query.ts'
import type { TagQuery } from '../../src/job/tags.ts'
import { newJob, type OpenStores } from './store-fixture.ts'

const NUL = '\0'

export function describeStoreNul(open: OpenStores): void {
  test('NUL in what is kept becomes U+FFFD', async () => {
    await using stores = await open()
    const store = stores.store()
    const tags = createTagStore(stores.db())
    const job = newJob({ name: 'one', algorithmName: 'a\0', job: { description: 'd\0' } })
    const { id, description } = await store.create(job, [])
    assert.equal(description, 'd\uFFFD')
    assert.deepEqual(await tags.put(id, [{ key: 'k\0', value: 'v\0' }]), [
      { key: 'k\uFFFD', value: 'v\uFFFD' },
    ])
    assert.equal(await store.setDescription('p', id, '\0'), true)
    assert.equal((await store.get('p', id))?.description, '\uFFFD')
  })

  test('NUL in what is asked for finds nothing, and is no failure', async () => {
    await using stores = await open()
    const store = stores.store()
    await store.create(newJob({ name: 'one' }), [])
    const db = stores.db()
    const jobs = async (more: Partial<JobQuery>) => {
      const query = { sortBy: 'create_time', order: 'desc', skip: 0, limit: 10, hostIds: null } as const
      const asked = { ...query, workspaceId: '0', tags: [], conditions: [], ...more }
      return (await store.search('p', asked)).items
    }
    const tags = createTagStore(db)
    const tagged = async (more: Partial<TagQuery>) => {
      const query = { workspaceId: '0', untagged: false, filters: [], name: '', offset: 0, limit: 10 }
      return (await tags.search('p', { ...query, ...more })).items
    }
    const experiments = createExperimentStore(db)
    const algorithms = createAlgorithmStore(db)
    const page = { workspaceId: NUL, sortBy: 'name', order: 'asc', limit: 10 } as const
    assert.deepEqual(
      [
        await jobs({ workspaceId: NUL }),
        await jobs({ tags: [{ key: NUL, values: [NUL] }] }),
        await jobs({ conditions: [{ key: 'name', operator: 'like', values: ['a\0b'] }] }),
        await jobs({ conditions: [{ key: 'algorithm_name', operator: 'in', values: [NUL] }] }),
        await tagged({ workspaceId: NUL }),
        await tagged({ filters: [{ key: NUL, values: [NUL] }] }),
        await tagged({ name: NUL }),
        (await experiments.list('p', { ...page, page: 0 })).items,
        (await algorithms.list('p', { ...page, name: NUL, offset: 0 })).items,
      ].flat(),
      [],
    )
    assert.deepEqual(
      [
        await store.get('p', NUL),
        await store.getById(NUL),
        await experiments.find('p', NUL),
        await experiments.update('p', NUL, { name: NUL, description: NUL }, 1),
        await algorithms.find('p', NUL),
      ].filter((one) => one !== null),
      [],
    )
    assert.deepEqual(
      [
        await store.isNameTaken('p', NUL, NUL),
        await experiments.isNameTaken('p', NUL, NUL),
        await experiments.remove('p', NUL),
        await algorithms.remove('p', NUL),
      ],
      [false, false, false, false],
    )
    await tags.remove(NUL, [NUL])
    assert.equal((await createQuotaStore(db).list('p', NUL))[0]?.used, 0)
  })
}
