// Claims, guarded writes and bookings: the part of the store suite that keeps two movers of one job apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announceServe } from '../../src/db/serves.ts'
import { booking, changeOf, claimedBy, event, newJob, type OpenStores, SERVE } from './store-fixture.ts'

export function describeStoreLeases(open: OpenStores): void {
  test('two serves that claim at once never get the same job', async () => {
    await using stores = await open()
    const [a, b] = [
      stores.store({ ownership: 'shared' }),
      stores.store({ serveId: 'serve-b', ownership: 'shared' }),
    ]
    const ids: string[] = []
    for (let n = 0; n < 20; n++) ids.push((await a.create(newJob({ name: `job-${n}` }), [])).id)
    const claims = ids.map((id) =>
      Promise.all([a.claimOne(id, SERVE, 100, 1_000), b.claimOne(id, 'serve-b', 100, 1_000)]),
    )
    for (const both of await Promise.all(claims))
      assert.equal(both.filter((claimed) => claimed !== null).length, 1)
  })

  test('a job made by one serve is moved by no other; a shared one by any serve that moves shared ones', async () => {
    await using stores = await open()
    const [own, shared] = [stores.store(), stores.store({ ownership: 'shared' })]
    const mine = await own.create(newJob({ name: 'mine' }), [])
    const ours = await shared.create(newJob({ name: 'ours' }), [])
    const cases = [
      { store: own, serve: SERVE, moves: [mine.id] },
      { store: own, serve: 'serve-b', moves: [] },
      { store: shared, serve: 'serve-b', moves: [ours.id] },
      { store: shared, serve: SERVE, moves: [mine.id, ours.id] },
    ]
    for (const [index, { store, serve, moves }] of cases.entries()) {
      // Each asks after the lease of the one before has ended.
      const nowMs = (index + 1) * 1_000
      assert.deepEqual(await store.listUnfinished(serve), moves)
      assert.deepEqual(await store.listDue(serve, nowMs), moves)
      for (const id of [mine.id, ours.id]) {
        assert.equal((await store.hold(id, serve, nowMs, 10)) !== null, moves.includes(id))
        assert.equal((await store.claimOne(id, serve, nowMs, 10)) !== null, moves.includes(id))
      }
    }
  })

  test('a lease keeps others out until it expires or is given back; its owner may always claim again', async () => {
    await using stores = await open()
    const store = stores.store({ ownership: 'shared' })
    const job = await store.create(newJob({ name: 'a' }), [])
    const first = await store.claimOne(job.id, SERVE, 100, 1_000)
    assert.equal(first?.lease.untilMs, 1_100)
    assert.equal(await store.claimOne(job.id, 'serve-b', 1_099, 1_000), null)
    assert.equal(await store.hold(job.id, 'serve-b', 1_099, 1_000), null)
    assert.deepEqual(await store.listDue('serve-b', 1_099), [])
    const second = await store.claimOne(job.id, SERVE, 200, 1_000)
    assert.ok((second?.lease.token ?? 0) > (first?.lease.token ?? 0))
    assert.deepEqual(await store.listDue('serve-b', 1_200), [job.id])
    const third = await store.claimOne(job.id, 'serve-b', 1_200, 1_000)
    assert.ok((third?.lease.token ?? 0) > (second?.lease.token ?? 0))
    assert.equal(await store.releaseOwn(SERVE), 0)
    assert.equal(await store.claimOne(job.id, SERVE, 1_300, 1_000), null)
    assert.equal(await store.releaseOwn('serve-b'), 1)
    assert.ok(await store.claimOne(job.id, SERVE, 1_300, 1_000))
  })

  test('who holds a shared job keeps others out as a claim does, and asking again holds it longer', async () => {
    await using stores = await open()
    const store = stores.store({ ownership: 'shared' })
    const job = await store.create(newJob({ name: 'a' }), [])
    assert.deepEqual(await store.hold(job.id, SERVE, 100, 1_000), job)
    assert.equal(await store.claimOne(job.id, 'serve-b', 1_000, 1_000), null)
    assert.deepEqual(await store.hold(job.id, SERVE, 1_000, 1_000), job)
    assert.equal(await store.hold(job.id, 'serve-b', 1_999, 1_000), null)
    assert.deepEqual(await store.hold(job.id, 'serve-b', 2_000, 1_000), job)
    assert.equal(await store.hold('no such id', SERVE, 2_000, 1_000), null)
  })

  test('the tasks and logs of a job are with the serve that made it, those of a shared one with nobody else', async () => {
    await using stores = await open()
    const [own, shared] = [stores.store(), stores.store({ ownership: 'shared' })]
    const mine = await own.create(newJob({ name: 'mine' }), [])
    const ours = await shared.create(newJob({ name: 'ours' }), [])
    const other = stores.store({ serveId: 'serve-b' })
    assert.deepEqual(await other.keeper(mine.id), { serveId: SERVE, hostName: '', endpoint: '' })
    const place = { serveId: SERVE, hostName: 'one', endpoint: 'http://one:8470' }
    await announceServe(stores.db(), { ...place, endpoint: 'http://before' })
    await announceServe(stores.db(), place)
    assert.deepEqual(await other.keeper(mine.id), place)
    for (const [store, id] of [
      [own, mine.id],
      [other, ours.id],
      [own, 'no such id'],
    ] as const)
      assert.equal(await store.keeper(id), null)
  })

  test('the need for moving and its order hold for every state of a job', async () => {
    await using stores = await open()
    const store = stores.store()
    const cases = [
      { name: 'creating', needs: true },
      { name: 'running', phase: 'Running', needs: true },
      { name: 'ended', phase: 'Failed', needs: true },
      { name: 'cleaned', phase: 'Failed', cleaned: true, needs: false },
      { name: 'ended-delete', phase: 'Completed', deleted: true, cleaned: true, needs: true },
      { name: 'waiting', phase: 'Pending', waits: true, needs: true },
      { name: 'waiting-delete', phase: 'Pending', deleted: true, needs: true },
    ] as const
    const needing: { id: string; waits: boolean }[] = []
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
      assert.equal((await store.hold(job.id, SERVE, 100, 10)) !== null, row.needs, row.name)
      if (row.needs) needing.push({ id: job.id, waits: 'waits' in row })
    }
    assert.deepEqual(
      await store.listUnfinished(SERVE),
      needing.map(({ id }) => id),
    )
    assert.deepEqual(
      await store.listDue(SERVE, 100),
      needing.flatMap(({ id, waits }) => (waits ? [] : [id])),
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
    await store.releaseOwn(SERVE)
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
      end_reason: 'done\uFFFD',
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
}
