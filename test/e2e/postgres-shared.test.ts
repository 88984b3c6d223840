// Jobs that any server may move: controllers over one PostgreSQL and one "cluster" (the folder of the fake backend).
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createFakeBackend } from '../../src/backend/fake/backend.ts'
import { createJobStore } from '../../src/db/job-store.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { UNWATCHED } from '../../src/db/postgres-pool.ts'
import { Controller } from '../../src/job/controller.ts'
import { EVENTS } from '../../src/job/events.ts'
import { RankFailures } from '../../src/job/rank-failures.ts'
import { DEFAULT_SITE } from '../../src/job/site.ts'
import type { JobStore } from '../../src/job/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { ChangeSignal } from '../../src/lib/signal.ts'
import { newJob } from '../conformance/store-fixture.ts'
import { type PostgresEngine, startPostgres } from '../engines/postgres.ts'
import { Wire } from '../engines/postgres-wire.ts'
import { buildBody, inventory2x4 } from '../job-builders.ts'
import { until } from './harness.ts'

const PACE = { leaseMs: 1_500, lookAgainMs: 300, lookAroundMs: 200 }
const GATE = {
  open: async () => undefined,
  collect: async () => undefined,
  close: async () => undefined,
  erase: async () => undefined,
}

type Server = AsyncDisposable & {
  readonly store: JobStore
  finish(jobId: string): Promise<void>
  leave(): Promise<void>
}

/** A server as far as moving jobs goes. `starts` gets a job's id each time a task of it begins. */
async function startServer(
  url: string,
  serveId: string,
  dir: string,
  starts: string[],
  leaseMs = PACE.leaseMs,
): Promise<Server> {
  await using owned = new AsyncDisposableStack()
  const silent = () => undefined
  const { db, now } = owned.use(await openPostgres({ url, serveId, ...UNWATCHED }))
  const store = createJobStore(db, { secretKey: Buffer.alloc(32, 7), serveId, ownership: 'shared', now })
  const backend = owned.use(
    await createFakeBackend({ dir, clock: systemClock, onLog: ({ jobId }) => starts.push(jobId) }),
  )
  const controller = owned.use(
    new Controller({
      ...{ store, backend, serveId, gate: GATE, site: DEFAULT_SITE, clock: systemClock },
      pace: { ...PACE, leaseMs },
      inventory: () => inventory2x4,
      budgets: { exceeded: () => null },
      rankFailures: new RankFailures(),
      wake: new ChangeSignal(),
      changed: new ChangeSignal(),
      onError: silent,
      faultPoint: silent,
    }),
  )
  await controller.start()
  const disposables = owned.move()
  return {
    store,
    finish: async (jobId) => {
      const end = { state: 'exited', exitCode: 0, message: '' } as const
      await backend.finish({ jobId, attempt: 1, tasks: ['worker-0'] }, 'worker-0', end)
    },
    leave: () => controller[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

const annotations = {
  'ropeway/fake': JSON.stringify({ tasks: { '*': { runMs: null, logs: ['begun'] } } }),
}

async function make(store: JobStore, name: string): Promise<string> {
  const request = buildBody({ name, annotations, flavor: 'ropeway.cpu.1' })
  return (await store.create({ ...newJob({ name }), request }, [])).id
}

const phaseOf = async (store: JobStore, id: string) => (await store.getById(id))?.status.phase
const started = async (store: JobStore, id: string) =>
  (await store.eventsSince(id, 0, 100)).filter(({ reason }) => reason === 'TaskStarted').length

describe('jobs that any server may move', () => {
  let engine: PostgresEngine
  const dirs: string[] = []
  const newDir = () => {
    const dir = mkdtempSync(join(tmpdir(), 'rws-'))
    dirs.push(dir)
    return dir
  }
  before(async () => {
    engine = await startPostgres()
  })
  after(async () => {
    await engine[Symbol.asyncDispose]()
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
  })

  test('those of a server that is cut off are taken over, and nothing is done twice when it is back', async () => {
    const url = await engine.newDatabase()
    const dir = newDir()
    await using wire = new Wire(engine)
    const starts: string[] = []
    await using a = await startServer(wire.through(url), 'serve-a', dir, starts)
    const ids = [await make(a.store, 'one'), await make(a.store, 'two')]
    for (const id of ids) await until('it runs', async () => (await phaseOf(a.store, id)) === 'Running')
    await using b = await startServer(url, 'serve-b', dir, starts)
    wire.cut()
    const [stopped = '', lasting = ''] = ids
    await b.store.requestStop(stopped, Date.now(), EVENTS.stopRequested())
    await until('the other server stops it', async () => (await phaseOf(b.store, stopped)) === 'Terminated')
    wire.heal()
    await until('the first one is back', () => a.store.getById(lasting).then(Boolean, () => false))
    await a.finish(lasting)
    await until('it has ended', async () => (await phaseOf(b.store, lasting)) === 'Completed')
    for (const id of ids) assert.equal(await started(b.store, id), 1)
    assert.deepEqual(starts.toSorted(), ids.toSorted())
  })

  test('those of a server that stops are taken over at once', async () => {
    const url = await engine.newDatabase()
    const dir = newDir()
    const starts: string[] = []
    await using a = await startServer(url, 'serve-a', dir, starts, 3_600_000)
    const id = await make(a.store, 'one')
    await until('it runs', async () => (await phaseOf(a.store, id)) === 'Running')
    await using b = await startServer(url, 'serve-b', dir, starts)
    assert.deepEqual(await b.store.listDue('serve-b', Date.now()), [])
    await a.leave()
    await b.finish(id)
    await until('it has ended', async () => (await phaseOf(b.store, id)) === 'Completed')
    assert.deepEqual(starts, [id])
  })
})
