// Claims, guarded writes and bookings: the part of the store suite that keeps two movers of one job apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Booking } from '../../src/accelerator/device.ts'
import type { AppError } from '../../src/api/error.ts'
import { changeOf, claimedBy, event, newJob, type OpenStores, SERVE } from './store-fixture.ts'

const booking = (jobId: string, parts: Partial<Booking> = {}): Booking => ({
  jobId,
  attempt: 1,
  task: 'worker-0',
  taskIndex: 0,
  hostId: 'sim-0',
  physicalIds: [],
  cpuCores: 1,
  memoryBytes: 1,
  ...parts,
})

export function describeStoreLeases(open: OpenStores): void {
  test('two serves that claim at once never get the same job', async () => {
    await using stores = await open()
    const [a, b] = [
      stores.store({ ownership: 'shared' }),
      stores.store({ serveId: 'serve-b', ownership: 'shared' }),
    ]
    for (let n = 0; n < 20; n++) await a.create(newJob({ name: `job-${n}` }), [])
    const rounds = await Promise.all([
      a.claim(SERVE, 100, 1_000, 7),
      b.claim('serve-b', 100, 1_000, 7),
      a.claim(SERVE, 100, 1_000, 12),
      b.claim('serve-b', 100, 1_000, 50),
    ])
    const byA = new Set([...rounds[0], ...rounds[2]].map(({ job }) => job.id))
    const byB = new Set([...rounds[1], ...rounds[3]].map(({ job }) => job.id))
    assert.equal(byA.intersection(byB).size, 0)
    assert.equal(byA.size + byB.size, 20)
    for (const round of rounds)
      assert.deepEqual(
        round.map(({ job }) => job.seq),
        round.map(({ job }) => job.seq).toSorted((x, y) => x - y),
      )
  })

  test('a job made by one serve is claimed by no other, a shared one by any', async () => {
    await using stores = await open()
    const [own, shared] = [stores.store(), stores.store({ ownership: 'shared' })]
    const mine = await own.create(newJob({ name: 'mine' }), [])
    const ours = await shared.create(newJob({ name: 'ours' }), [])
    assert.equal(await own.claimOne(mine.id, 'serve-b', 100, 10), null)
    assert.deepEqual(await own.listUnfinished('serve-b'), [ours.id])
    assert.deepEqual(
      (await own.claim('serve-b', 100, 10, 9)).map(({ job }) => job.id),
      [ours.id],
    )
    assert.deepEqual(
      (await own.claim(SERVE, 100, 10, 9)).map(({ job }) => job.id),
      [mine.id],
    )
  })

  test('a lease keeps others out until it expires or is given back; its owner may always claim again', async () => {
    await using stores = await open()
    const store = stores.store({ ownership: 'shared' })
    const job = await store.create(newJob({ name: 'a' }), [])
    const first = await store.claimOne(job.id, SERVE, 100, 1_000)
    assert.equal(first?.lease.untilMs, 1_100)
    assert.equal(await store.claimOne(job.id, 'serve-b', 1_099, 1_000), null)
    const second = await store.claimOne(job.id, SERVE, 200, 1_000)
    assert.ok((second?.lease.token ?? 0) > (first?.lease.token ?? 0))
    const third = await store.claimOne(job.id, 'serve-b', 1_200, 1_000)
    assert.ok((third?.lease.token ?? 0) > (second?.lease.token ?? 0))
    await store.release(second!.lease)
    assert.equal(await store.claimOne(job.id, SERVE, 1_300, 1_000), null)
    await store.release(third!.lease)
    assert.ok(await store.claimOne(job.id, SERVE, 1_300, 1_000))
  })

  test('the same claim order and need for moving hold for every state of a job', async () => {
    await using stores = await open()
    const store = stores.store()
    const cases = [
      { name: 'creating', needs: true },
      { name: 'running', phase: 'Running', needs: true },
      { name: 'ended', phase: 'Failed', needs: true },
      { name: 'cleaned', phase: 'Failed', cleaned: true, needs: false },
      { name: 'ended-delete', phase: 'Completed', deleted: true, cleaned: true, needs: true },
    ] as const
    const needing: string[] = []
    for (const row of cases) {
      const job = await store.create(newJob({ name: row.name }), [])
      if ('deleted' in row) await store.requestDelete(job.id, 1, event('Delete'))
      if ('phase' in row) {
        const { lease, version } = await claimedBy(store, job.id)
        const change = changeOf({ phase: row.phase })
        assert.equal(
          await store.write(lease, version, 'cleaned' in row ? { ...change, cleanedAtMs: 5 } : change),
          true,
        )
      }
      if (row.needs) needing.push(job.id)
    }
    assert.deepEqual(await store.listUnfinished(SERVE), needing)
    assert.deepEqual(
      (await store.claim(SERVE, 100, 10, 50)).map(({ job }) => job.id),
      needing,
    )
    assert.deepEqual(
      (await store.claim(SERVE, 100, 10, 2)).map(({ job }) => job.id),
      needing.slice(0, 2),
    )
  })

  test('a write with a stale token, a stale version or after release changes nothing at all', async () => {
    await using stores = await open()
    const store = stores.store()
    const job = await store.create(newJob({ name: 'a' }), [])
    const old = await claimedBy(store, job.id)
    const now = await claimedBy(store, job.id)
    const change = {
      ...changeOf({ phase: 'Running', attempt: 1, events: [event('Started')] }),
      bookings: [booking(job.id, { physicalIds: [1] })],
      cleanedAtMs: 4,
    }
    assert.equal(await store.write(old.lease, old.version, change), false)
    assert.equal(await store.write(now.lease, now.version + 1, change), false)
    assert.equal(await store.erase(old.lease, old.version), false)
    await store.requestStop(job.id, 60, event('Stop'))
    assert.equal(await store.write(now.lease, now.version, change), false)
    const fresh = await claimedBy(store, job.id)
    await store.release(fresh.lease)
    assert.equal(await store.write(fresh.lease, fresh.version, change), false)
    const stored = await store.getById(job.id)
    assert.deepEqual(stored, { ...job, stopRequestedAtMs: 60, version: 2 })
    assert.deepEqual(
      (await store.eventsSince(job.id, 0, 10)).map(({ reason }) => reason),
      ['Stop'],
    )
    assert.deepEqual(await store.bookings(), [])
    assert.deepEqual(await stores.db().selectFrom('attempts').selectAll().execute(), [])
  })

  test('a write brings status, attempt, bookings and events together', async () => {
    await using stores = await open()
    const store = stores.store()
    const job = await store.create(newJob({ name: 'a' }), [])
    const { lease, version } = await claimedBy(store, job.id)
    const running = {
      ...changeOf({ phase: 'Running', attempt: 1, ended: false, events: [event('One'), event('Two')] }),
      bookings: [booking(job.id, { physicalIds: [2, 3] })],
    }
    assert.equal(await store.write(lease, version, running), true)
    assert.deepEqual((await store.getById(job.id))?.status, running.status)
    assert.deepEqual(await store.bookings(), running.bookings)
    assert.equal(await store.write(lease, version + 1, changeOf({ phase: 'Running', attempt: 1 })), true)
    assert.deepEqual(await store.bookings(), running.bookings, 'null leaves bookings alone')
    const attempt = {
      job_id: job.id,
      attempt: 1,
      start_at: 10,
      running_at: 20,
      end_at: 30,
      end_reason: 'done',
      exit_code: 0,
    }
    assert.deepEqual(
      (await stores.db().selectFrom('attempts').selectAll().execute()).map((row) => ({ ...row })),
      [attempt],
    )
    assert.equal(
      await store.write(lease, version + 2, {
        ...changeOf({ phase: 'Completed' }),
        bookings: [],
        cleanedAtMs: 77,
      }),
      true,
    )
    assert.deepEqual(await store.bookings(), [])
    assert.equal((await store.getById(job.id))?.cleanedAtMs, 77)
    assert.deepEqual(
      (await store.eventsSince(job.id, 0, 10)).map(({ reason, time }) => [reason, time]),
      [
        ['One', '1970-01-01T00:00:00.050Z'],
        ['Two', '1970-01-01T00:00:00.050Z'],
      ],
    )
  })

  test('a device has one owner: the second job that books it writes nothing, its own replacement does', async () => {
    await using stores = await open()
    const store = stores.store()
    const [one, two] = [
      await store.create(newJob({ name: 'one' }), []),
      await store.create(newJob({ name: 'two' }), []),
    ]
    const [a, b] = [await claimedBy(store, one.id), await claimedBy(store, two.id)]
    const book = (jobId: string, bookings: Booking[]) => ({
      ...changeOf({ phase: 'Running', events: [event('Placed')] }),
      bookings: bookings.map((row) => ({ ...row, jobId })),
    })
    assert.equal(
      await store.write(a.lease, 1, book(one.id, [booking(one.id, { physicalIds: [0, 1] })])),
      true,
    )
    const clash = book(two.id, [
      booking(two.id),
      booking(two.id, { task: 'worker-1', taskIndex: 1, physicalIds: [1, 2] }),
    ])
    await assert.rejects(store.write(b.lease, 1, clash), (error: AppError) => {
      assert.equal(error.code, 'JobStatusChanged')
      assert.match(error.message, /device 1 of host sim-0, wanted for worker-1/)
      return true
    })
    assert.deepEqual(await store.getById(two.id), two)
    assert.equal((await store.listEvents(two.id, { offset: 0, limit: 9, order: 'asc' })).total, 0)
    await assert.rejects(
      store.write(b.lease, 1, book(two.id, [booking(two.id, { physicalIds: [7, 7] })])),
      /device 7/,
    )
    const elsewhere = [
      booking(two.id, { hostId: 'sim-1', physicalIds: [1] }),
      booking(two.id, { task: 'worker-1', taskIndex: 1 }),
    ]
    assert.equal(await store.write(b.lease, 1, book(two.id, elsewhere)), true)
    assert.equal(
      await store.write(a.lease, 2, book(one.id, [booking(one.id, { physicalIds: [1, 2] })])),
      true,
    )
    assert.deepEqual(
      (await store.bookings()).map((row) => [row.jobId, row.hostId, row.physicalIds]),
      [
        [one.id, 'sim-0', [1, 2]],
        [two.id, 'sim-1', [1]],
        [two.id, 'sim-0', []],
      ],
    )
    assert.deepEqual(
      await stores.store({ serveId: 'serve-b' }).bookings(),
      [],
      "host names are a serve's own",
    )
  })

  test('jobs wait in the order they came; placed, ended and stopping ones do not', async () => {
    await using stores = await open()
    const store = stores.store()
    const waiting: string[] = []
    for (const name of ['one', 'placed', 'stopping', 'two', 'creating']) {
      const job = await store.create(newJob({ name }), [])
      if (name === 'creating') continue
      const { lease, version } = await claimedBy(store, job.id)
      const status =
        name === 'placed'
          ? {
              placements: [
                {
                  task: 'worker-0',
                  taskIndex: 0,
                  hostId: 'sim-0',
                  physicalIds: [],
                  cpuCores: 1,
                  memoryBytes: 1,
                },
              ],
            }
          : {}
      await store.write(lease, version, changeOf({ phase: 'Pending', status }))
      if (name === 'stopping') await store.requestStop(job.id, 1, event('Stop'))
      if (name === 'one' || name === 'two') waiting.push(job.id)
    }
    assert.deepEqual(
      (await store.listWaiting()).map((job) => job.id),
      waiting,
    )
  })
}
