// Events: the part of the store suite that lists what happened.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventQuery } from '../../src/api/event.ts'
import { event, newJob, type OpenStores } from './store-fixture.ts'

export function describeStoreEvents(open: OpenStores): void {
  test('events list by page, order, time, level, source and substring', async () => {
    await using stores = await open()
    const store = stores.store()
    const [job, other] = [
      await store.create(newJob({ name: 'a' }), []),
      await store.create(newJob({ name: 'b' }), []),
    ]
    await store.addEvents(
      job.id,
      [event('A', '100% done'), { ...event('B', '100 done\0 À É'), level: 'Warning' }],
      1_000,
    )
    await store.addEvents(other.id, [event('X')], 1_500)
    await store.addEvents(job.id, [{ ...event('C', 'Queued_up'), source: 'Task' }], 2_000)
    await store.addEvents(job.id, [], 2_000)
    const cases: [object, string[], number][] = [
      [{}, ['C', 'B', 'A'], 3],
      [{ order: 'asc' }, ['A', 'B', 'C'], 3],
      [{ limit: 1, offset: 1 }, ['B'], 3],
      [{ level: 'Warning' }, ['B'], 1],
      [{ source: 'Task' }, ['C'], 1],
      [{ start_time: 1_000, end_time: 1_999, order: 'asc' }, ['A', 'B'], 2],
      [{ pattern: '0%' }, ['A'], 1],
      [{ pattern: 'queued_' }, ['C'], 1],
      [{ pattern: 'queuedX' }, [], 0],
      [{ pattern: 'done\0' }, ['B'], 1],
      [{ pattern: 'É' }, ['B'], 1],
      [{ pattern: 'é' }, [], 0],
    ]
    for (const [query, reasons, total] of cases) {
      const listed = await store.listEvents(job.id, eventQuery.parse(query))
      assert.deepEqual(
        [listed.events.map(({ reason }) => reason), listed.total],
        [reasons, total],
        JSON.stringify(query),
      )
    }
    const all = await store.eventsSince(job.id, 0, 10)
    assert.ok(all.every((row, index) => index === 0 || row.sequence > all[index - 1]!.sequence))
    assert.deepEqual(
      (await store.eventsSince(job.id, all[0]!.sequence, 1)).map(({ reason }) => reason),
      ['B'],
    )
    const [foreign] = await store.eventsSince(other.id, 0, 10)
    assert.ok(
      foreign!.sequence > all[1]!.sequence && foreign!.sequence < all[2]!.sequence,
      'sequences grow over the whole database',
    )
  })
}
