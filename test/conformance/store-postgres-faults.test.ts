// What several servers on one PostgreSQL must not do to each other: clocks that differ, networks that swallow bytes,
// keys that differ.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type { AppError } from '../../src/api/error.ts'
import type { Database } from '../../src/db/database.ts'
import { createIdentityStore } from '../../src/db/identity-store.ts'
import { createJobStore } from '../../src/db/job-store.ts'
import { lockNames } from '../../src/db/locks.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { sleep } from '../../src/lib/abort.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { type PostgresEngine, startPostgres } from '../engines/postgres.ts'
import { Wire } from '../engines/postgres-wire.ts'
import { changeOf, event, newJob } from './store-fixture.ts'

const secretKey = Buffer.alloc(32, 7)
const HOUR_MS = 3_600_000

/** A server's side of the database, with what it said of it. */
async function open(url: string, serveId: string): Promise<Database & { said: string[] }> {
  const said: string[] = []
  const database = await openPostgres({
    ...{ url, serveId },
    onAway: () => said.push('away'),
    onBack: () => said.push('back'),
  })
  return { ...database, said }
}

const sharedStore = ({ db, now }: Database, serveId: string) =>
  createJobStore(db, { secretKey, serveId, ownership: 'shared', now })

describe('several servers on one PostgreSQL', () => {
  let engine: PostgresEngine
  before(async () => {
    engine = await startPostgres()
  })
  after(() => engine[Symbol.asyncDispose]())

  test("a lease ends by the database's clock, whatever time it is for the servers", async () => {
    const url = await engine.newDatabase()
    await using database = await open(url, 'serve-a')
    const [a, b] = [sharedStore(database, 'serve-a'), sharedStore(database, 'serve-b')]
    const job = await a.create(newJob({ name: 'a' }), [])
    const nowMs = Date.now()
    const claimed = await a.claimOne(job.id, 'serve-a', nowMs - HOUR_MS, 60_000)
    assert.ok(Math.abs((claimed?.lease.untilMs ?? 0) - (nowMs + 60_000)) < 30_000)
    assert.equal(await b.claimOne(job.id, 'serve-b', nowMs + HOUR_MS, 60_000), null)
    assert.deepEqual(await b.listDue('serve-b', nowMs + HOUR_MS), [])
    assert.ok(await a.claimOne(job.id, 'serve-a', nowMs + HOUR_MS, 1))
    while ((await b.claimOne(job.id, 'serve-b', 0, 60_000)) === null) await sleep(1)
    assert.equal(await a.hold(job.id, 'serve-a', nowMs + HOUR_MS, 60_000), null)
  })

  test('a lease taken too early costs the one who had it his write, and the job nothing', async () => {
    const url = await engine.newDatabase()
    await using database = await open(url, 'serve-a')
    // Without the database's clock the servers' own decide, and one of them is an hour ahead.
    const store = createJobStore(database.db, { secretKey, serveId: 'serve-a', ownership: 'shared' })
    const job = await store.create(newJob({ name: 'a' }), [])
    const behind = await store.claimOne(job.id, 'serve-a', 0, 60_000)
    const ahead = await store.claimOne(job.id, 'serve-b', HOUR_MS, 60_000)
    const change = (reason: string) => changeOf({ phase: 'Running', attempt: 1, events: [event(reason)] })
    const written = await Promise.all([
      store.write(behind!.lease, job.version, change('Behind')),
      store.write(ahead!.lease, job.version, change('Ahead')),
    ])
    assert.deepEqual(written, [false, true])
    const reasons = (await store.eventsSince(job.id, 0, 9)).map(({ reason }) => reason)
    assert.deepEqual(reasons, ['Ahead'])
  })

  test('a server that is cut off in the middle of a transaction keeps the others waiting for seconds only', async () => {
    const url = await engine.newDatabase()
    await using wire = new Wire(engine)
    await using a = await open(wire.through(url), 'serve-a')
    await using b = await open(url, 'serve-b')
    const cut = a.db.transaction().execute(async (transaction) => {
      await lockNames(transaction, [{ name: 'output b run/' }])
      wire.cut()
      await lockNames(transaction, [{ name: 'output b other/' }])
    })
    const failed = assert.rejects(cut, (error: AppError) => error.code === 'DatabaseUnavailable')
    await a.db
      .selectFrom('jobs')
      .selectAll()
      .execute()
      .catch(() => undefined)
    const begun = performance.now()
    await sharedStore(b, 'serve-b').create(newJob({ name: 'theirs', outputs: ['obs://b/run/'] }), [])
    assert.ok(performance.now() - begun < 6_000)
    await failed
  })

  test('a query that got no answer fails in seconds and is told once; the next one after the cut works at once', async () => {
    const url = await engine.newDatabase()
    await using wire = new Wire(engine)
    await using a = await open(wire.through(url), 'serve-a')
    const store = sharedStore(a, 'serve-a')
    const job = await store.create(newJob({ name: 'a' }), [])
    wire.cut()
    const begun = performance.now()
    for (const answer of await Promise.allSettled([store.getById(job.id), store.getById(job.id)]))
      assert.equal((answer as { reason?: AppError }).reason?.code, 'DatabaseUnavailable')
    assert.ok(performance.now() - begun < 7_000)
    wire.heal()
    const healed = performance.now()
    assert.deepEqual(await store.getById(job.id), job)
    assert.ok(performance.now() - healed < 2_000)
    assert.deepEqual(a.said, ['away', 'back'])
    wire.cut()
    const closing = performance.now()
    await a[Symbol.asyncDispose]()
    assert.ok(performance.now() - closing < 4_000, 'nobody waits for a goodbye')
  })

  test('a statement that takes too long, or waits too long for a lock, fails alone: the database is not away', async () => {
    const url = await engine.newDatabase()
    await using a = await open(url, 'serve-a')
    const isBusy = (error: AppError) => error.code === 'DatabaseBusy'
    const lock = [{ name: 'output p b run/' }]
    const inTransaction = (work: (rows: Database['db']) => Promise<unknown>) =>
      a.db.transaction().execute(work)
    await inTransaction(async (holder) => {
      await lockNames(holder, lock)
      // As one that works on: who does nothing in a transaction is thrown out before others have waited long enough.
      const waiting = assert.rejects(
        inTransaction((other) => lockNames(other, lock)),
        isBusy,
      )
      const slow = assert.rejects(
        inTransaction((other) => sql`select pg_sleep(60)`.execute(other)),
        isBusy,
      )
      await sql`select pg_sleep(2.5)`.execute(holder)
      await sql`select pg_sleep(2.5)`.execute(holder)
      await Promise.all([waiting, slow])
    })
    const job = newJob({ name: 'a' })
    await sharedStore(a, 'serve-a').create(job, [])
    assert.deepEqual(a.said, [])
  })

  test('of two servers that start at once with different keys one goes on, and the other says what to do', async () => {
    const url = await engine.newDatabase()
    await using a = await open(url, 'serve-a')
    const starts = await Promise.allSettled(
      [1, 2].map((byte) =>
        createIdentityStore(a.db, { secretKey: Buffer.alloc(32, byte), clock: systemClock }).ensureFirst(),
      ),
    )
    const failures = starts.filter((start) => start.status === 'rejected')
    assert.equal(failures.length, 1)
    assert.match(
      String(failures[0]?.reason),
      /secret\.key that belongs to this database, from .* another server/,
    )
    assert.equal((await a.db.selectFrom('access_keys').selectAll().execute()).length, 1)
  })

  test('no sentence about a database shows the password of its address, not even of a broken one', async () => {
    const dir = encodeURIComponent(engine.socketDir)
    for (const url of [
      `postgres://postgres:hunter2@/nobody_made_it?host=${dir}`,
      'postgres://u:hunter2@127.0.0.1:1/db',
      'postgres://u:hunter2%zz@127.0.0.1:1/db',
      'postgres://u:hunter2@[::/db',
      'postgres://u:hunter2@127.0.0.1:99999/db',
    ])
      await assert.rejects(open(url, 'serve-a'), (error: Error) => {
        assert.match(error.message, /^--database: PostgreSQL.* cannot be used: ./)
        assert.doesNotMatch(error.message, /hunter2|undefined/)
        return true
      })
  })
})
