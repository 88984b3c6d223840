// Accepted jobs per second through the API, 8 clients, each job on the disk before it is answered; the server moves the jobs
// meanwhile (fake backend, all but eight wait for devices). Aim: ≥ 500/s. The floor is the same call refused for its name,
// which does all but the write.
import { body, Ropeway } from '../test/e2e/harness.ts'
import { startPostgres } from '../test/engines/postgres.ts'
import { rateRow, rates } from './creates.ts'
import type { Row } from './measure.ts'
import { NO_LIMIT } from './seeded-server.ts'

export async function apiCreates(): Promise<Row[]> {
  const rows: Row[] = [await through('SQLite', {})]
  await using engine = await startPostgres({ fsync: true })
  rows.push(await through('PostgreSQL', { ROPEWAY_DATABASE: await engine.newDatabase() }))
  return rows
}

async function through(name: string, env: Record<string, string>): Promise<Row> {
  await using ropeway = await Ropeway.start({ backend: 'fake', simulate: '1x8', site: NO_LIMIT, env })
  const annotations = { 'ropeway/fake': '{"tasks":{"*":{"runMs":null}}}' }
  const one = { flavor: 'ropeway.ascend-910a.1', annotations }
  const create = (job: string) => ropeway.client.create(body(job, 'true', one))
  await create('taken')
  const refused = await rates(() => create('taken').catch(() => undefined))
  const made = await rates((n) => create(`train-${n}`))
  return rateRow(`jobs created through the API, ${name}`, made, { name: 'refused', rates: refused })
}
