// What every JobStore must do, whatever database it is over. Run by store-sqlite.test.ts and store-postgres.test.ts.
// Parts: store-search.ts, store-search-many.ts, store-events.ts (reading), store-lease.ts (claims and guarded writes), store-bookings.ts,
// store-projects.ts (what stands beside jobs).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AppError } from '../../src/api/error.ts'
import type { NewEvent } from '../../src/job/job.ts'
import { describeStoreBookings } from './store-bookings.ts'
import { describeStoreEvents } from './store-events.ts'
import { changeOf, claimedBy, event, newJob, type OpenStores, SERVE } from './store-fixture.ts'
import { describeStoreLeases } from './store-lease.ts'
import { describeStoreNul } from './store-nul.ts'
import { describeStoreOutputs } from './store-outputs.ts'
import { describeStoreProjects } from './store-projects.ts'
import { describeStoreSearch } from './store-search.ts'
import { describeStoreSearchMany } from './store-search-many.ts'

/** Runs the suite; `open` makes an empty database each time it is called. */
export function describeStore(name: string, open: OpenStores): void {
  describe(name, () => {
    describeStoreRows(open)
    describeStoreLeases(open)
    describeStoreBookings(open)
    describeStoreSearch(open)
    describeStoreSearchMany(open)
    describeStoreEvents(open)
    describeStoreOutputs(open)
    describeStoreProjects(open)
    describeStoreNul(open)
  })
}

function describeStoreRows(open: OpenStores): void {
  test('a job reads back as it was made, by project and by id, and belongs to no other project', async () => {
    await using stores = await open()
    const made = newJob({ name: 'first', job: { description: 'words', userName: 'ann' } })
    const job = await stores.store().create(made, [event('Created')])
    const { secretEnvironment: _, clientToken: _token, experiment: _experiment, ...document } = made
    assert.deepEqual(job, {
      ...document,
      seq: 1,
      version: 1,
      stopRequestedAtMs: null,
      deleteRequestedAtMs: null,
      cleanedAtMs: null,
    })
    assert.deepEqual(await stores.store().get('p', job.id), job)
    assert.deepEqual(await stores.store().getById(job.id), job)
    assert.equal(await stores.store().get('other', job.id), null)
    assert.equal(await stores.store().getById('no such id'), null)
    assert.equal(await stores.store().get('p', `${job.id}\0`), null)
  })

  test('a name is taken once per project and workspace, a refused job leaves nothing, and numbers grow', async () => {
    await using stores = await open()
    const store = stores.store()
    const first = await store.create(newJob({ name: 'same' }), [])
    const twin = newJob({ name: 'same' })
    await assert.rejects(store.create(twin, [event('Created')]), (error: AppError) => {
      assert.equal(error.code, 'DuplicateJobName')
      assert.match(error.message, /metadata\.name is "same"/)
      return true
    })
    assert.equal(await store.getById(twin.id), null)
    const second = await store.create(newJob({ name: 'same', job: { projectId: 'q' } }), [])
    const third = await store.create(newJob({ name: 'same', workspace: 'w2' }), [event('Created')])
    assert.ok(first.seq < second.seq && second.seq < third.seq)
    assert.equal((await store.eventsSince(third.id, 0, 10)).length, 1)
    assert.deepEqual(await store.eventsSince(twin.id, 0, 10), [])
  })

  test('secret values come back from the store alone; the document shows them masked even when the caller forgot', async () => {
    await using stores = await open()
    const store = stores.store()
    const made = newJob({
      name: 'secret',
      environments: { TOKEN: 'hunter2-plain', PLAIN: 'x' },
      job: { secretEnvironment: { TOKEN: 'hunter2-plain' } },
    })
    const job = await store.create(made, [])
    assert.deepEqual(job.request.algorithm?.environments, { TOKEN: '******', PLAIN: 'x' })
    assert.deepEqual(await store.secretEnvironment(job.id), { TOKEN: 'hunter2-plain' })
    assert.deepEqual(await store.secretEnvironment('no such id'), {})
    const plain = await store.create(newJob({ name: 'plain' }), [])
    assert.deepEqual(await store.secretEnvironment(plain.id), {})
  })

  test('a description changes only in its own project', async () => {
    await using stores = await open()
    const store = stores.store()
    const job = await store.create(newJob({ name: 'a' }), [])
    assert.equal(await store.setDescription('p', job.id, 'new words'), true)
    assert.equal(await store.setDescription('q', job.id, 'stolen'), false)
    assert.equal((await store.getById(job.id))?.description, 'new words')
  })

  for (const [wish, field] of [
    ['requestStop', 'stopRequestedAtMs'],
    ['requestDelete', 'deleteRequestedAtMs'],
  ] as const)
    test(`${wish} is recorded once, with one event, and shows in the version`, async () => {
      await using stores = await open()
      const store = stores.store()
      const job = await store.create(newJob({ name: 'a' }), [])
      const answers = await Promise.all([1, 2, 3].map((n) => store[wish](job.id, 100 + n, event('Wish'))))
      assert.deepEqual(answers.toSorted(), [false, false, true])
      assert.equal(await store[wish]('no such id', 1, event('Wish')), false)
      const stored = await store.getById(job.id)
      assert.ok((stored?.[field] ?? 0) > 100)
      assert.equal(stored?.version, 2)
      assert.equal((await store.eventsSince(job.id, 0, 10)).length, 1)
    })

  test('a job that has ended takes no stop request but can be deleted, and needs moving again then', async () => {
    await using stores = await open()
    const store = stores.store()
    const job = await store.create(newJob({ name: 'a' }), [])
    const { lease, version } = await claimedBy(store, job.id)
    await store.write(lease, version, { ...changeOf({ phase: 'Completed' }), cleanedAtMs: 5 })
    assert.equal(await store.requestStop(job.id, 9, event('Stop')), false)
    assert.deepEqual(await store.listUnfinished(SERVE), [])
    assert.equal(await store.requestDelete(job.id, 9, event('Delete')), true)
    assert.deepEqual(await store.listUnfinished(SERVE), [job.id])
  })

  test('a report counts once per job, attempt, task and sequence, and its event with it', async () => {
    await using stores = await open()
    const store = stores.store()
    const job = await store.create(newJob({ name: 'a' }), [])
    const report = (attempt: number, task: string, sequence: number, told: NewEvent | null) =>
      store.recordReport(job.id, attempt, task, sequence, told, 7)
    const same = await Promise.all([1, 2, 3].map(() => report(1, 'worker-0', 1, event('Told'))))
    assert.deepEqual(same.toSorted(), [false, false, true])
    assert.equal(await report(1, 'worker-1', 1, event('Told')), true)
    assert.equal(await report(2, 'worker-0', 1, null), true)
    assert.equal(await report(1, 'worker-0', 2, event('Told')), true)
    assert.equal((await store.listEvents(job.id, query())).total, 3)
    assert.equal(await store.recordReport('no such id', 1, 'worker-0', 1, event('Told'), 7), false)
  })

  test('an erased job takes its events, reports, attempts, bookings and name with it', async () => {
    await using stores = await open()
    const store = stores.store()
    const job = await store.create(newJob({ name: 'a' }), [event('Created')])
    await store.recordReport(job.id, 1, 'worker-0', 1, event('Told'), 7)
    const { lease, version } = await claimedBy(store, job.id)
    assert.equal(
      await store.write(lease, version, {
        ...changeOf({ phase: 'Running', attempt: 1, ended: false }),
        bookings: [booking(job.id, [0])],
      }),
      true,
    )
    assert.equal(await store.erase(lease, version), false)
    assert.equal(await store.erase(lease, version + 1), true)
    for (const table of ['jobs', 'attempts', 'events', 'reports', 'bookings', 'booked_devices'] as const)
      assert.deepEqual(await stores.db().selectFrom(table).selectAll().execute(), [], table)
    await store.addEvents(job.id, [event('Late')], 8)
    await store.create(newJob({ name: 'a' }), [])
  })

  test('everything is there after the database was closed and opened again', async () => {
    await using stores = await open()
    const job = await stores
      .store()
      .create(newJob({ name: 'a', job: { secretEnvironment: { T: 's' } } }), [event('Created')])
    const { lease, version } = await claimedBy(stores.store(), job.id)
    await stores.store().write(lease, version, {
      ...changeOf({ phase: 'Running', attempt: 1, ended: false }),
      bookings: [booking(job.id, [0, 1])],
    })
    const before = await everything(stores)
    await stores.reopen()
    assert.deepEqual(await everything(stores), before)
    assert.equal(await stores.store().releaseOwn(SERVE), 1)
    assert.equal(await stores.store().releaseOwn(SERVE), 0)

    async function everything({ store }: typeof stores) {
      return {
        job: await store().getById(job.id),
        events: await store().eventsSince(job.id, 0, 10),
        bookings: await store().bookings(),
        secrets: await store().secretEnvironment(job.id),
      }
    }
  })
}

const query = () => ({ offset: 0, limit: 50, order: 'desc' as const })

const booking = (jobId: string, physicalIds: number[]) => ({
  jobId,
  attempt: 1,
  task: 'worker-0',
  taskIndex: 0,
  hostId: 'sim-0',
  physicalIds,
  cpuCores: 0.5,
  memoryBytes: 2 ** 33,
})
