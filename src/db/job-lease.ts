// Who may move a job: a lease is one conditional update, the same statement on every database.
import { type Expression, type ExpressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Job } from '../job/job.ts'
import type { Lease } from '../job/store.ts'
import { toJob } from './job-rows.ts'
import type { Rows, Tables } from './tables.ts'

/** `serve`: a serve moves the jobs it made (docker, host). `shared`: any replica moves them too (kubernetes). */
export type Ownership = 'serve' | 'shared'
/** Which jobs a serve may move. */
export type Mover = { readonly serveId: string; readonly ownership: Ownership }
/** `nowMs`: the serve's clock, or the database's where several serves compare their leases. */
export type Claim = Mover & { readonly nowMs: number | RawBuilder<number>; readonly leaseMs: number }
export type Claimed = { job: Job; lease: Lease }
type Row = ExpressionBuilder<Tables, 'jobs'>

const mayMove = (row: Row, { serveId, ownership }: Mover): Expression<SqlBool> => {
  const own = row('serve_id', '=', serveId)
  return row.and([
    row('finished', '=', 0),
    ownership === 'serve' ? own : row.or([own, row('serve_id', 'is', null)]),
  ])
}

const isFree = (row: Row, { serveId, nowMs }: Pick<Claim, 'serveId' | 'nowMs'>): Expression<SqlBool> =>
  row.or([row('lease_owner', 'is', null), row('lease_owner', '=', serveId), row('lease_until', '<=', nowMs)])

/** Queued and nothing booked; nobody wants it to end. */
const isWaiting = (row: Row): Expression<SqlBool> =>
  row.and([row('shown_phase', '=', 'Pending'), row('placed', '=', 0)])

/** Claims one job; null when it needs no moving, belongs to another serve or is held by one. */
export async function claimJob(db: Rows, jobId: string, claim: Claim): Promise<Claimed | null> {
  const { serveId, nowMs, leaseMs } = claim
  const row = await db
    .updateTable('jobs')
    .set((row) => ({
      lease_owner: serveId,
      lease_token: row('lease_token', '+', 1),
      lease_until: typeof nowMs === 'number' ? nowMs + leaseMs : sql<number>`${nowMs} + ${leaseMs}`,
    }))
    .where('id', '=', jobId)
    .where((row) => row.and([mayMove(row, claim), isFree(row, claim)]))
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) return null
  return { job: toJob(row), lease: { jobId: row.id, token: row.lease_token, untilMs: row.lease_until } }
}

/** The job, if it needs moving and is this serve's to move. Meant for jobs that no other serve may take. */
export async function ownJob(db: Rows, jobId: string, mover: Mover): Promise<Job | null> {
  const row = await db
    .selectFrom('jobs')
    .selectAll()
    .where('id', '=', jobId)
    .where((row) => mayMove(row, mover))
    .executeTakeFirst()
  return row === undefined ? null : toJob(row)
}

/**
 * Frees everything that this serve held: what it left behind when it was killed, or gives back when it stops. The token
 * grows, so that a late write under such a lease finds nothing.
 */
export async function releaseLeasesOf(db: Rows, serveId: string): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('jobs')
    .set((row) => ({ lease_owner: null, lease_token: row('lease_token', '+', 1), lease_until: 0 }))
    .where('lease_owner', '=', serveId)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Ids in create order. */
export async function listUnfinished(db: Rows, mover: Mover): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('id')
    .where((row) => mayMove(row, mover))
    .orderBy('seq')
    .execute()
  return rows.map((row) => row.id)
}

/** Of `listUnfinished`, without jobs that others hold and without those that only wait for devices. */
export async function listDue(db: Rows, claim: Omit<Claim, 'leaseMs'>): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('id')
    .where((row) => row.and([mayMove(row, claim), isFree(row, claim), row.not(isWaiting(row))]))
    .orderBy('seq')
    .execute()
  return rows.map((row) => row.id)
}

/** First come first. */
export async function listWaiting(db: Rows, mover: Mover): Promise<Pick<Job, 'id' | 'seq' | 'projectId'>[]> {
  return await db
    .selectFrom('jobs')
    .select(['id', 'seq', 'project_id as projectId'])
    .where((row) => row.and([mayMove(row, mover), isWaiting(row)]))
    .orderBy('seq')
    .execute()
}
