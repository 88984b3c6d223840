// Half a minute without the database, and kill -9 of the server at every point of its loop: `make test-long`.
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { openPostgres } from '../../src/db/postgres.ts'
import { openFeed } from '../../src/db/postgres-feed.ts'
import { UNWATCHED } from '../../src/db/postgres-pool.ts'
import { crashAt, onHost, POINTS } from '../e2e/crash-cases.ts'
import { until } from '../e2e/harness.ts'
import { cutOff } from '../e2e/postgres-cases.ts'
import { type PostgresEngine, startPostgres } from '../engines/postgres.ts'
import { Wire } from '../engines/postgres-wire.ts'

describe('with PostgreSQL', () => {
  let engine: PostgresEngine
  before(async () => {
    engine = await startPostgres()
  })
  after(() => engine[Symbol.asyncDispose]())

  it('a server cut off from it for 30 s starts nothing twice and loses nothing', () => cutOff(engine, 30_000))

  it('who listens for changes listens again when the connection died without a word', async () => {
    await using wire = new Wire(engine)
    const url = await engine.newDatabase()
    await using _made = await openPostgres({ url, serveId: 'serve-a', ...UNWATCHED })
    let times = 0
    await using _feed = openFeed({
      ...{ url: wire.through(url), serveId: 'serve-b' },
      onJob: () => undefined,
      onIdentities: () => undefined,
      onListening: async () => void times++,
    })
    await until('it listens', () => times === 1)
    wire.cut()
    // Longer than it takes to look after the connection and to find no answer.
    await wait(20_000)
    wire.heal()
    await until('it listens again', () => times === 2)
  })

  for (const crash of POINTS)
    it(`killed at ${crash.point} (${crash.scenario}), the server comes back and the job ends as if nothing had been`, async () =>
      crashAt(crash, onHost({ ROPEWAY_DATABASE: await engine.newDatabase() })))
})
