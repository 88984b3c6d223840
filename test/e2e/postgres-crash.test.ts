// kill -9 of a server on PostgreSQL, at the points where it holds a lease or a write is under way. All points: test/long.
import { after, before, describe, it } from 'node:test'
import { type PostgresEngine, startPostgres } from '../engines/postgres.ts'
import { crashAt, onHost, POINTS } from './crash-cases.ts'

const HERE = ['after:start', 'before:write', 'after:write', 'after:erase']

describe('with PostgreSQL, killed at', () => {
  let engine: PostgresEngine
  before(async () => {
    engine = await startPostgres()
  })
  after(() => engine[Symbol.asyncDispose]())

  for (const crash of POINTS.filter(({ point }) => HERE.includes(point)))
    it(`${crash.point} (${crash.scenario}), the server comes back and the job ends as if nothing had been`, async () =>
      crashAt(crash, onHost({ ROPEWAY_DATABASE: await engine.newDatabase() })))
})
