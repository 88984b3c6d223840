// The store suite over PostgreSQL, and what only several servers on one database can show.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { checkUpgrade } from '../../src/db/identity-upgrade-fixture.ts'
import { createJobStore } from '../../src/db/job-store.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { openFeed } from '../../src/db/postgres-feed.ts'
import type { Tables } from '../../src/db/tables.ts'
import { readSearch } from '../../src/job/job-query.ts'
import { type PostgresEngine, startPostgres } from '../engines/postgres.ts'
import { describeStore } from './store.ts'
import { event, newJob, SERVE, type Stores } from './store-fixture.ts'
import { checkUpgradedSearch } from './store-search-many.ts'

const secretKey = Buffer.alloc(32, 7)
const open = (url: string, serveId = SERVE) =>
  openPostgres({
    url,
    serveId,
    onAway: (error) => assert.fail(error),
    onBack: () => assert.fail('it was away'),
  })

describe('PostgreSQL', () => {
  let engine: PostgresEngine
  before(async () => {
    engine = await startPostgres()
  })
  after(() => engine[Symbol.asyncDispose]())

  async function openStores(): Promise<Stores> {
    const url = await engine.newDatabase()
    let database = await open(url)
    return {
      store: ({ serveId = SERVE, ownership = 'serve' } = {}) =>
        createJobStore(database.db, { secretKey, serveId, ownership }),
      db: () => database.db,
      reopen: async () => {
        await database[Symbol.asyncDispose]()
        database = await open(url)
      },
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    }
  }
  describeStore('PostgreSQL store', openStores)

  test('eight servers that start at once on an empty database make one schema', async () => {
    const url = await engine.newDatabase()
    const opened = await Promise.all(Array.from({ length: 8 }, (_, n) => open(url, `serve-${n}`)))
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from pg_sequences where sequencename like '%_numbers'
    `.execute(opened[0]!.db)
    assert.equal(rows[0]?.count, 2)
    for (const database of opened) await database[Symbol.asyncDispose]()
  })

  test('what was one key of one project before there were users works on', async () => {
    const pool = new pg.Pool({ connectionString: await engine.newDatabase(), max: 1 })
    // As openPostgres reads them: our numbers stay below 2^53.
    pg.types.setTypeParser(20, Number)
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
    await checkUpgrade(db).finally(() => db.destroy())
  })

  test('jobs from before searches had tables of their own are found', async () => {
    const pool = new pg.Pool({ connectionString: await engine.newDatabase(), max: 1 })
    pg.types.setTypeParser(20, Number)
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
    await checkUpgradedSearch(db).finally(() => db.destroy())
  })

  test('an older server refuses a newer schema, and its words hold no password', async () => {
    const url = (await engine.newDatabase()).replace('postgres@', 'postgres:hunter2@')
    {
      await using database = await open(url)
      await sql`insert into kysely_migration (name, timestamp) values ('0009-future', '2030')`.execute(
        database.db,
      )
    }
    await assert.rejects(open(url), (error: Error) => {
      assert.match(
        error.message,
        /PostgreSQL test_\d+ at .* was written by a newer ropeway: it has schema 0009-future/,
      )
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    })
  })

  test('who may not add pg_trgm is told, and finds by parts of names all the same', async () => {
    const owner = await engine.newDatabase()
    const client = new pg.Client(owner)
    await client.connect()
    await client.query('create role plain login; grant create on schema public to plain')
    await client.end()
    const told: string[] = []
    await using database = await openPostgres({
      ...{ url: owner.replace('postgres@', 'plain@'), serveId: SERVE },
      onAway: (error) => assert.fail(error),
      onBack: () => assert.fail('it was away'),
      onNoTrigrams: ({ message }) => told.push(message),
    })
    assert.match(told.join(), /permission denied to create extension "pg_trgm"/)
    const store = createJobStore(database.db, { secretKey, serveId: SERVE })
    const { id } = await store.create(newJob({ name: 'train-resnet-50' }), [])
    const filters = [{ key: 'name', operator: 'like', value: ['N-RES'] }]
    const found = await store.search('p', readSearch({ filters }, { inventory: { hosts: [] }, nowMs: 0 }))
    assert.deepEqual([found.count, found.items[0]?.id], [1, id])
  })

  test('a database that is not there is one sentence', async () => {
    await assert.rejects(
      open(`postgres://postgres@/nobody_made_it?host=${encodeURIComponent(engine.socketDir)}`),
      /--database: PostgreSQL nobody_made_it at .* cannot be used: database "nobody_made_it" does not exist/,
    )
  })

  test('a server hears of what another one changes, and not of its own', async () => {
    const url = await engine.newDatabase()
    await using a = await open(url, 'serve-a')
    await using b = await open(url, 'serve-b')
    const heard: string[] = []
    const first = Promise.withResolvers<void>()
    await using _feed = openFeed({
      url,
      serveId: 'serve-b',
      onJob: (id) => {
        heard.push(id)
        first.resolve()
      },
      onIdentities: () => undefined,
      onListening: () => Promise.resolve(),
    })
    const store = (database: typeof a, serveId: string) =>
      createJobStore(database.db, {
        ...{ secretKey, serveId, ownership: 'serve', onChange: database.onChange },
      })
    // Until it listens nothing is heard, so jobs are made until one is.
    let theirs = ''
    for (let n = 0; heard.length === 0; n++) {
      const own = await store(b, 'serve-b').create(newJob({ name: `own-${n}` }), [event('Created')])
      theirs = (await store(a, 'serve-a').create(newJob({ name: `theirs-${n}` }), [event('Created')])).id
      await Promise.race([first.promise, new Promise(setImmediate)])
      assert.equal(heard.includes(own.id), false)
    }
    await store(a, 'serve-a').requestStop(theirs, 5, event('Stop'))
    while (heard.filter((id) => id === theirs).length < 2) await new Promise(setImmediate)
  })
})
