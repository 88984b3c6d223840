// Accepted jobs per second, each on the disk before it is answered: 8 clients of the store, and of the API. Aim: ≥ 500/s.
// Floors of the same run: fsync after every append, and the smallest durable insert by 8 clients of the same database.
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { openDatabase } from '../src/db/database.ts'
import { createJobStore } from '../src/db/job-store.ts'
import { openPostgres } from '../src/db/postgres.ts'
import type { Rows } from '../src/db/tables.ts'
import { EVENTS } from '../src/job/events.ts'
import { newJob } from '../test/conformance/store-fixture.ts'
import { startPostgres } from '../test/engines/postgres.ts'
import { median, type Row } from './measure.ts'

const CLIENTS = 8
const ROUNDS = 5
const ROUND_MS = 2_000
const AIM = 500

/** Calls per second of `CLIENTS` loops, round by round. */
export async function rates(call: (n: number) => Promise<unknown>): Promise<number[]> {
  const measured: number[] = []
  let n = 0
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now()
    let done = 0
    const client = async () => {
      while (performance.now() - begun < ROUND_MS) {
        await call(n++)
        done++
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    measured.push((done * 1000) / (performance.now() - begun))
  }
  return measured
}

const best = (values: readonly number[]): number => Math.max(...values)

export function rateRow(
  what: string,
  ours: readonly number[],
  floor: { name: string; rates: readonly number[] },
): Row {
  return {
    what: `${what}, ${CLIENTS} clients`,
    ours: `${best(ours).toFixed(0)}/s at best, ${median(ours).toFixed(0)}/s median of ${ROUNDS}`,
    peer: `${floor.name} ${best(floor.rates).toFixed(0)}/s, ${median(floor.rates).toFixed(0)}/s`,
    difference: `× ${(median(ours) / median(floor.rates)).toFixed(2)}`,
    aim: `≥ ${AIM}/s`,
    met: best(ours) >= AIM,
  }
}

/** Synchronous, one after the other: what a server without group commit could reach at best. */
function fsyncs(dir: string): number[] {
  const file = openSync(join(dir, 'floor'), 'w')
  const page = Buffer.alloc(4096)
  const measured = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now()
    let done = 0
    for (; performance.now() - begun < ROUND_MS / 2; done++) {
      writeSync(file, page)
      fsyncSync(file)
    }
    return (done * 1000) / (performance.now() - begun)
  })
  closeSync(file)
  return measured
}

const createsInto = (db: Rows) => {
  const store = createJobStore(db, { secretKey: Buffer.alloc(32, 7), serveId: 'bench' })
  return rates((n) => {
    const name = `train-${n}`
    return store.create(newJob({ name, job: { createTimeMs: Date.now() } }), [EVENTS.created(name)])
  })
}

export async function creates(): Promise<Row[]> {
  return [...(await onSqlite()), ...(await onPostgres())]
}

async function onSqlite(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'ropeway-bench-'))
  try {
    const floor = { name: 'bare appends with fsync', rates: fsyncs(dir) }
    await using database = await openDatabase(join(dir, 'data'))
    return [rateRow('jobs created in SQLite', await createsInto(database.db), floor)]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function onPostgres(): Promise<Row[]> {
  await using engine = await startPostgres({ fsync: true })
  const url = await engine.newDatabase()
  await using database = await openPostgres({
    ...{ url, serveId: 'bench' },
    onAway: (error) => {
      throw error
    },
    onBack: () => undefined,
  })
  const pool = new pg.Pool({ connectionString: url, max: CLIENTS })
  await pool.query('create table floor (n bigint primary key, text text)')
  const bare = await rates((n) => pool.query('insert into floor values ($1, $2)', [n, 'x'.repeat(1000)]))
  await pool.end()
  const floor = { name: 'bare inserts', rates: bare }
  return [rateRow('jobs created in PostgreSQL', await createsInto(database.db), floor)]
}
