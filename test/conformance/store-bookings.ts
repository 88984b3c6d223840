// Bookings and the queue for devices: the part of the store suite that admission builds on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Booking } from '../../src/accelerator/device.ts'
import type { AppError } from '../../src/api/error.ts'
import { booking, changeOf, claimedBy, event, newJob, type OpenStores } from './store-fixture.ts'

export function describeStoreBookings(open: OpenStores): void {
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
      const status = name === 'placed' ? { placements: [booking(job.id)] } : {}
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
