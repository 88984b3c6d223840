// Several servers on one PostgreSQL, and a PostgreSQL that goes away under them.
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { RopewayClient } from '../../src/client/ropeway-client.ts'
import { createIdentityStore } from '../../src/db/identity-store.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { UNWATCHED } from '../../src/db/postgres-pool.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { type PostgresEngine, startPostgres } from '../engines/postgres.ts'
import { answers, body, Ropeway, serveOnce, until } from './harness.ts'
import { cutOff } from './postgres-cases.ts'

const ended = (job: { status: { phase: string } }) =>
  ['Completed', 'Failed', 'Terminated', 'Abnormal'].includes(job.status.phase)
const fake = (behaviour: object) => ({
  annotations: { 'ropeway/fake': JSON.stringify({ tasks: { '*': behaviour } }) },
})
/** A second server for the database of the first, of which it has the key. */
function secondServer(first: Ropeway, url: string, simulate: string): Ropeway {
  const second = new Ropeway({ backend: 'fake', simulate, env: { ROPEWAY_DATABASE: url } })
  copyFileSync(join(first.dataDir, 'secret.key'), join(second.dataDir, 'secret.key'))
  return second
}

describe('ropeway serve --database', () => {
  let engine: PostgresEngine
  before(async () => {
    engine = await startPostgres()
  })
  after(() => engine[Symbol.asyncDispose]())

  test('two servers answer for all jobs; a stop asked of one reaches the job of the other at once', async () => {
    const url = await engine.newDatabase()
    await using a = await Ropeway.start({ backend: 'fake', env: { ROPEWAY_DATABASE: url } })
    await using stranger = new Ropeway({ backend: 'fake', env: { ROPEWAY_DATABASE: url } })
    await assert.rejects(stranger.start(), /secret\.key that belongs to this database/)
    // It has fewer hosts than the first, so the job runs on one it does not know.
    await using b = secondServer(a, url, '1x1')
    await b.start()
    const made = await a.client.create(
      body('theirs', 'true', {
        ...fake({ runMs: null, logs: ['hello'] }),
        nodes: 2,
        flavor: 'ropeway.ascend-910a.4',
      }),
    )
    const id = made.metadata.id
    await a.waitFor(id, 'it runs', (job) => job.status.phase === 'Running')
    assert.equal((await b.client.show(id)).status.phase, 'Running')
    assert.deepEqual(
      (await b.client.search({})).items.map(({ metadata }) => metadata.id),
      [id],
    )
    const begun = performance.now()
    await b.client.terminate(id)
    await b.waitFor(id, 'it has ended', ended)
    assert.ok(performance.now() - begun < 3_000)
    assert.equal((await a.client.show(id)).status.phase, 'Terminated')
    assert.deepEqual(
      (await b.client.events(id, {})).events.map(({ reason }) => reason),
      (await a.client.events(id, {})).events.map(({ reason }) => reason),
    )
    await assert.rejects(b.client.create(body('theirs', 'true')), /which another job of workspace/)
    const own = await b.run(body('ours', 'true', fake({ runMs: 0 })))
    assert.equal(own.job.status.phase, 'Completed')
    assert.equal((await a.client.show(own.job.metadata.id)).status.phase, 'Completed')
    const where = new RegExp(
      `the server at ${a.credentials.endpoint} on ${hostname()} \\(serve [0-9a-f-]{36}\\), which alone has its logs`,
    )
    await assert.rejects(b.client.previewLog(id, 'worker-0'), where)
    await assert.rejects(b.client.logStreams(id, 'worker-0'), where)
    await assert.rejects(b.client.readLog(id, { task: 'worker-0', stream: 'task', waitS: 20 }), where)
    await b.client.delete(id)
    await until('the first one erases it', async () => !(await answers(a.client.show(id))))
  })

  test('a job that waits on one server is stopped through the other', async () => {
    const url = await engine.newDatabase()
    await using a = await Ropeway.start({ backend: 'fake', simulate: '1x1', env: { ROPEWAY_DATABASE: url } })
    await using b = secondServer(a, url, '1x1')
    await b.start()
    const one = { ...fake({ runMs: null }), flavor: 'ropeway.ascend-910a.1' }
    const first = (await a.client.create(body('first', 'true', one))).metadata.id
    await a.waitFor(first, 'it runs', (job) => job.status.phase === 'Running')
    const waits = (await a.client.create(body('waits', 'true', one))).metadata.id
    await a.waitFor(waits, 'it waits', (job) => job.status.waiting !== null)
    await b.client.terminate(waits)
    await b.waitFor(waits, 'it has ended', ended)
    await b.client.terminate(first)
    await b.waitFor(first, 'it has ended', ended)
  })

  test('a key made or taken away on one server is known to the other, also when it was deaf meanwhile', async () => {
    const url = await engine.newDatabase()
    await using a = await Ropeway.start({ backend: 'fake', env: { ROPEWAY_DATABASE: url } })
    const secretKey = readFileSync(join(a.dataDir, 'secret.key'))
    const opens = (accessKey: string, secret: string): Promise<boolean> => {
      const { endpoint, project_id: projectId } = a.credentials
      const client = new RopewayClient({ endpoint, projectId, accessKey, secretKey: secret })
      return answers(client.search({})).finally(() => client[Symbol.asyncDispose]())
    }
    const change = async (work: (keys: ReturnType<typeof createIdentityStore>) => Promise<unknown>) => {
      await using database = await openPostgres({ url, serveId: 'another', ...UNWATCHED })
      await work(createIdentityStore(database.db, { secretKey, clock: systemClock }))
    }
    let made = { accessKey: '', secret: '' }
    const add = () =>
      change(async (keys) => {
        const { projectId, key } = await keys.ensureFirst()
        const { userId = '' } = key ?? {}
        made = await keys.addKey({ projectId, userId, description: '', expiresAtMs: null })
      })
    await add()
    await until('the key opens', () => opens(made.accessKey, made.secret))
    await change((keys) => keys.removeKey(made.accessKey))
    await until('the key is dead', async () => !(await opens(made.accessKey, made.secret)))
    await engine.stop('SIGINT')
    await engine.start()
    await add()
    await until('the new key opens', () => opens(made.accessKey, made.secret))
  })

  test('a token of one server holds at the other, and is void at both when it is given back or its user shut out', async () => {
    const url = await engine.newDatabase()
    await using a = await Ropeway.start({ backend: 'fake', env: { ROPEWAY_DATABASE: url } })
    await using b = secondServer(a, url, '1x1')
    await b.start()
    await a.client.identity.addUser({ name: 'ann', password: 'correct horse', project: 'default' })
    const login = async (): Promise<string> => {
      const identity = {
        methods: ['password'],
        password: { user: { name: 'ann', password: 'correct horse' } },
      }
      const answer = await fetch(`${a.credentials.endpoint}/v3/auth/tokens`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ auth: { identity, scope: { project: { name: 'default' } } } }),
      })
      assert.equal(answer.status, 201)
      return answer.headers.get('x-subject-token') ?? ''
    }
    const ask = async (server: Ropeway, token: string, method = 'GET'): Promise<number> => {
      const path = method === 'GET' ? '/ropeway/v1/whoami' : '/v3/auth/tokens'
      const headers = { 'x-auth-token': token, 'x-subject-token': token }
      return (await fetch(`${server.credentials.endpoint}${path}`, { method, headers })).status
    }
    const [first, second] = [await login(), await login()]
    await until('the other one knows ann', async () => (await ask(b, first)) === 200)
    assert.equal(await ask(b, first, 'DELETE'), 204)
    assert.equal(await ask(b, first), 401)
    await until('it is void at the one that made it', async () => (await ask(a, first)) === 401)
    assert.deepEqual([await ask(a, second), await ask(b, second)], [200, 200])
    await a.client.identity.changeUser('ann', { enabled: false })
    assert.equal(await ask(a, second), 401)
    await until('ann is shut out at the other', async () => (await ask(b, second)) === 401)
  })

  test('a data folder refuses a database that is not its own, and keeps its logs', async () => {
    const url = await engine.newDatabase()
    const other = await engine.newDatabase()
    await using ropeway = await Ropeway.start({ env: { ROPEWAY_DATABASE: url } })
    const { job } = await ropeway.run(body('first', 'echo first words'))
    await ropeway.stop()
    for (const args of [['--database', other], []]) {
      const { status, stderr } = serveOnce(['--data', ropeway.dataDir, ...args])
      assert.equal(status, 2, stderr)
      assert.match(
        stderr,
        /--database: got (PostgreSQL test_\d+ at|SQLite in) .* belongs to another database \(Postgre/,
      )
    }
    await ropeway.start()
    const log = await ropeway.client.previewLog(job.metadata.id, 'worker-0')
    assert.match(log?.content ?? '', /first words/)
  })

  test('what opens the database is neither in a log, nor in a command line, nor in a task', async () => {
    const url = (await engine.newDatabase()).replace('postgres@', 'postgres:hunter2-url@')
    const env = { ROPEWAY_DATABASE: url, PGPASSWORD: 'hunter2-variable', ROPEWAY_LOG_LEVEL: 'trace' }
    await using ropeway = await Ropeway.start({ env })
    const { logs } = await ropeway.run(body('env', 'env; cat /proc/[0-9]*/environ; true'))
    assert.match(logs['worker-0'] ?? '', /MA_/)
    assert.doesNotMatch(logs['worker-0'] ?? '', /hunter2|ROPEWAY_DATABASE|PGPASSWORD/)
    const commandLine = readFileSync(`/proc/${ropeway.pid}/cmdline`, 'utf8')
    await engine.stop('SIGKILL')
    await assert.rejects(ropeway.client.show('x'), /the database does not answer/)
    const dataDir = mkdtempSync(join(tmpdir(), 'rw-'))
    const absent = serveOnce(['--data', dataDir], { ...env })
    rmSync(dataDir, { recursive: true })
    await engine.start()
    assert.equal(absent.status, 1)
    assert.match(
      absent.stderr,
      /--database: PostgreSQL test_\d+ at .* cannot be used: connect (ENOENT|ECONNREFUSED)/,
    )
    for (const text of [ropeway.serverLog, commandLine, absent.stderr]) assert.doesNotMatch(text, /hunter2/)
  })

  test('a database killed and started again under a running job costs nothing but time', async () => {
    const env = { ROPEWAY_DATABASE: await engine.newDatabase() }
    await using ropeway = await Ropeway.start({ env })
    const job = await ropeway.client.create(
      body('lasting', 'for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.4; done'),
    )
    const id = job.metadata.id
    await ropeway.waitFor(id, 'it runs', ({ status }) => status.phase === 'Running')
    await engine.stop('SIGKILL')
    await assert.rejects(ropeway.client.show(id), /the database does not answer/)
    await engine.start()
    await until('it answers again', () => answers(ropeway.client.show(id)))
    const done = await ropeway.follow(id)
    assert.equal(done.job.status.phase, 'Completed')
    assert.equal((done.logs['worker-0']?.match(/^line \d$/gm) ?? []).length, 8)
    assert.equal(done.events.filter((event) => event.startsWith('TaskStarted')).length, 1)
    for (const words of ['the database does not answer', 'the database answers again'])
      assert.equal(ropeway.serverLog.split(words).length, 2, `${words} is said once: ${ropeway.serverLog}`)
  })

  test('a server cut off from the database says so in seconds, starts nothing twice and loses nothing', async () => {
    await cutOff(engine, 2_000)
  })
})
