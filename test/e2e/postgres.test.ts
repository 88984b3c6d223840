// Several servers on one PostgreSQL, and a PostgreSQL that goes away under them.
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type PostgresEngine, startPostgres } from '../engines/postgres.ts'
import { body, Ropeway, until } from './harness.ts'

/** Stands between a server and the database; `cut` stops every byte without closing anything. */
class Wire implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'rww-'))
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false

  constructor(target: string) {
    this.#server = createServer((near) => {
      const far = connect(target)
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        if (this.#isCut) from.pause()
        from.on('error', () => to.destroy())
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroy()
        })
        from.on('data', (bytes) => to.write(bytes))
      }
    }).listen(join(this.dir, '.s.PGSQL.5432'))
  }
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.pause()
  }
  heal(): void {
    this.#isCut = false
    for (const socket of this.#sockets) socket.resume()
  }
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    rmSync(this.dir, { recursive: true })
  }
}

const ended = (job: { status: { phase: string } }) =>
  ['Completed', 'Failed', 'Terminated', 'Abnormal'].includes(job.status.phase)
const fake = (behaviour: object) => ({
  annotations: { 'ropeway/fake': JSON.stringify({ tasks: { '*': behaviour } }) },
})

describe('ropeway serve --database', () => {
  let engine: PostgresEngine
  before(async () => {
    engine = await startPostgres()
  })
  after(() => engine[Symbol.asyncDispose]())

  test('two servers answer for all jobs; a stop asked of one reaches the job of the other at once', async () => {
    const env = { ROPEWAY_DATABASE: await engine.newDatabase() }
    await using a = await Ropeway.start({ backend: 'fake', env })
    await using b = new Ropeway({ backend: 'fake', env })
    await assert.rejects(b.start(), /secret\.key that belongs to this database/)
    copyFileSync(join(a.dataDir, 'secret.key'), join(b.dataDir, 'secret.key'))
    await b.start()
    const made = await a.client.create(body('theirs', 'true', fake({ runMs: null })))
    const id = made.metadata.id
    await a.waitFor(id, 'it runs', (job) => job.status.phase === 'Running')
    assert.equal((await b.client.show(id)).status.phase, 'Running')
    const begun = performance.now()
    await b.client.terminate(id)
    await b.waitFor(id, 'it has ended', ended)
    assert.ok(performance.now() - begun < 3_000)
    assert.equal((await a.client.show(id)).status.phase, 'Terminated')
    await assert.rejects(b.client.create(body('theirs', 'true')), /which another job of workspace/)
    const own = await b.run(body('ours', 'true', fake({ runMs: 0 })))
    assert.equal(own.job.status.phase, 'Completed')
    assert.equal((await a.client.show(own.job.metadata.id)).status.phase, 'Completed')
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
    await until('it answers again', () =>
      ropeway.client.show(id).then(
        () => true,
        () => false,
      ),
    )
    const done = await ropeway.follow(id)
    assert.equal(done.job.status.phase, 'Completed')
    assert.equal((done.logs['worker-0']?.match(/^line \d$/gm) ?? []).length, 8)
    assert.equal(done.events.filter((event) => event.startsWith('TaskStarted')).length, 1)
  })

  test('a server cut off from the database says so, starts nothing twice and loses nothing', async () => {
    const url = await engine.newDatabase()
    await using wire = new Wire(join(engine.socketDir, '.s.PGSQL.5432'))
    const through = url.replace(encodeURIComponent(engine.socketDir), encodeURIComponent(wire.dir))
    await using ropeway = await Ropeway.start({ env: { ROPEWAY_DATABASE: through } })
    const job = await ropeway.client.create(body('cut', 'echo start; sleep 4; echo end'))
    const id = job.metadata.id
    await ropeway.waitFor(id, 'it runs', ({ status }) => status.phase === 'Running')
    wire.cut()
    const begun = performance.now()
    await assert.rejects(ropeway.client.show(id), /the database does not answer/)
    assert.ok(performance.now() - begun < 20_000)
    wire.heal()
    await until('it answers again', () =>
      ropeway.client.show(id).then(
        () => true,
        () => false,
      ),
    )
    const done = await ropeway.follow(id)
    assert.equal(done.job.status.phase, 'Completed')
    assert.match(done.logs['worker-0'] ?? '', /start\n[\s\S]*end\n/)
    assert.equal(done.events.filter((event) => event.startsWith('TaskStarted')).length, 1)
  })
})
