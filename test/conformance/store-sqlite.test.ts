// The store suite over SQLite, and what only a data folder on this machine can show: kill -9, locks, bytes on disk.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { DATABASE_FILE, type Database, openDatabase, openDatabaseFile } from '../../src/db/database.ts'
import { createIdentityStore } from '../../src/db/identity-store.ts'
import { createJobStore } from '../../src/db/job-store.ts'
import { up as dropReportTimes } from '../../src/db/migrations/0004-report-times.ts'
import { readSearch } from '../../src/job/job-query.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { describeStore } from './store.ts'
import { event, newJob, SERVE, type Stores } from './store-fixture.ts'
import { checkUpgradedSearch } from './store-search-many.ts'

const secretKey = Buffer.alloc(32, 7)

async function makeFolder(): Promise<AsyncDisposable & { dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-store-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

const storeOf = ({ db }: Database) => createJobStore(db, { secretKey, serveId: SERVE, ownership: 'serve' })

async function openSqlite(): Promise<Stores> {
  const folder = await makeFolder()
  let database = await openDatabase(folder.dir)
  return {
    store: ({ serveId = SERVE, ownership = 'serve' } = {}) =>
      createJobStore(database.db, { secretKey, serveId, ownership }),
    db: () => database.db,
    reopen: async () => {
      await database[Symbol.asyncDispose]()
      database = await openDatabase(folder.dir)
    },
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

describeStore('SQLite store', openSqlite)

/** Starts the writer, kills it in the middle of its work, and returns what it had acknowledged. */
async function writeUntilKilled(dir: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'store-writer.ts'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const acknowledged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === lines) child.kill('SIGKILL')
  }
  await closed
  assert.equal(child.signalCode, 'SIGKILL')
  return acknowledged
}

test('what was acknowledged is there after kill -9, whole, and the next serve gets the folder and its leases at once', async () => {
  await using folder = await makeFolder()
  const acknowledged: string[] = []
  for (let round = 0; round < 5; round++) {
    acknowledged.push(...(await writeUntilKilled(folder.dir, 20 + round * 7)))
    await using database = await openDatabase(folder.dir)
    const store = storeOf(database)
    const bookings = new Map((await store.bookings()).map((row) => [row.jobId, row.physicalIds]))
    for (const line of acknowledged) {
      const [what, id = ''] = line.split(' ')
      const job = await store.getById(id)
      assert.ok(job, line)
      if (what === 'running') assert.equal(job.status.phase, 'Running', line)
    }
    for (const id of await store.listUnfinished(SERVE)) {
      const running = (await store.getById(id))?.status.phase === 'Running'
      const reasons = (await store.eventsSince(id, 0, 10)).map(({ reason }) => reason)
      assert.deepEqual(reasons, running ? ['Created', 'Started'] : ['Created'])
      assert.deepEqual(bookings.get(id), running ? [0] : undefined)
    }
    assert.ok((await store.releaseOwn(SERVE)) > 0)
    const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database.db)
    assert.equal(rows[0]?.integrity_check, 'ok')
  }
})

test('a second serve on a data folder is refused, with the folder and the process that has it', async () => {
  await using folder = await makeFolder()
  {
    await using _first = await openDatabase(folder.dir)
    const second = spawn(process.execPath, [join(import.meta.dirname, 'store-writer.ts'), folder.dir], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let stderr = ''
    second.stderr.on('data', (chunk) => (stderr += chunk))
    const [code] = await once(second, 'close')
    assert.equal(code, 1)
    assert.ok(
      stderr.includes(
        `the data folder ${folder.dir} is in use by another ropeway serve (process ${process.pid})`,
      ),
      stderr,
    )
    await assert.rejects(openDatabase(folder.dir), /in use by another ropeway serve/)
  }
  await using third = await openDatabase(folder.dir)
  assert.ok(third)
})

test('an older serve refuses a newer schema and changes nothing', async () => {
  await using folder = await makeFolder()
  const path = join(folder.dir, DATABASE_FILE)
  {
    await using database = await openDatabase(folder.dir)
    await sql`insert into kysely_migration (name, timestamp) values ('9999-future', '2030-01-01T00:00:00.000Z')`.execute(
      database.db,
    )
  }
  await assert.rejects(openDatabase(folder.dir), (error: Error) => {
    assert.match(
      error.message,
      /written by a newer ropeway: it has schema 9999-future, this version knows up to \d{4}-[a-z-]+/,
    )
    assert.ok(error.message.includes(path))
    return true
  })
  await using database = openDatabaseFile(path)
  await sql`delete from kysely_migration where name = '9999-future'`.execute(database.db)
  await database[Symbol.asyncDispose]()
  await using again = await openDatabase(folder.dir)
  assert.equal(
    (await storeOf(again).search('p', readSearch({}, { inventory: { hosts: [] }, nowMs: 0 }))).total,
    0,
  )
})

test('a data folder made before reports lost their time of arrival is brought up', async () => {
  await using folder = await makeFolder()
  await using database = await openDatabase(folder.dir)
  await sql`alter table reports add column received_at bigint not null default 0`.execute(database.db)
  await dropReportTimes(database.db as unknown as Kysely<unknown>)
  const { rows } = await sql<{ name: string }>`select name from pragma_table_info('reports')`.execute(
    database.db,
  )
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['job_id', 'attempt', 'task', 'sequence'],
  )
})

test('jobs from before searches had tables of their own are found', async () => {
  await using folder = await makeFolder()
  await using database = openDatabaseFile(join(folder.dir, DATABASE_FILE))
  await checkUpgradedSearch(database.db)
})

test('no plain secret stands in any file of the data folder, the write-ahead log included', async () => {
  await using folder = await makeFolder()
  await using database = await openDatabase(folder.dir)
  const secret = 'plain-text-of-a-secret-4711'
  await storeOf(database).create(
    newJob({ name: 'a', environments: { TOKEN: secret }, job: { secretEnvironment: { TOKEN: secret } } }),
    [event('Created')],
  )
  const identities = createIdentityStore(database.db, { secretKey, clock: systemClock })
  const { key } = await identities.ensureFirst()
  assert.ok(key)
  const files = await readdir(folder.dir)
  assert.ok(files.includes(`${DATABASE_FILE}-wal`), files.join())
  for (const file of files.filter((name) => name !== 'serve.lock')) {
    const bytes = await readFile(join(folder.dir, file))
    for (const plain of [secret, key.secret])
      assert.equal(bytes.indexOf(plain), -1, `${file} holds a plain secret`)
    if (file.startsWith(DATABASE_FILE))
      assert.equal((await stat(join(folder.dir, file))).mode & 0o077, 0, `${file} is readable for others`)
  }
})

test('two processes that claim at once never hold the same job', async () => {
  await using folder = await makeFolder()
  const ids: string[] = []
  {
    await using database = await openDatabase(folder.dir)
    const store = createJobStore(database.db, { secretKey, serveId: SERVE, ownership: 'shared' })
    for (let n = 0; n < 40; n++) ids.push((await store.create(newJob({ name: `job-${n}` }), [])).id)
  }
  const claimers = ['serve-b', 'serve-c', 'serve-d'].map(async (serveId) => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'store-claimer.ts'), folder.dir, serveId],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    const output = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    assert.equal((await output.next()).value, 'ready')
    return { child, output }
  })
  const ready = await Promise.all(claimers)
  for (const { child } of ready) child.stdin.end('go\n')
  const claimed = await Promise.all(
    ready.map(async ({ output }) => JSON.parse((await output.next()).value ?? '[]') as string[]),
  )
  assert.deepEqual(claimed.flat().toSorted(), ids.toSorted())
})
