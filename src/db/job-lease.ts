// Who may move a job: a lease is one conditional update, the same statement on every database.
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Job } from '../job/job.ts'
import type { Lease } from '../job/store.ts'
import { toJob } from './job-rows.ts'
import type { Rows, Tables } from './tables.ts'

export type Claim = { readonly serveId: string; readonly nowMs: number; readonly leaseMs: number }
export type Claimed = { job: Job; lease: Lease }
type Row = ExpressionBuilder<Tables, 'jobs'>

const mayMove = (row: Row, serveId: string): Expression<SqlBool> =>
  row.and([row('finished', '=', 0), row.or([row('serve_id', 'is', null), row('serve_id', '=', serveId)])])

const isFree = (row: Row, { serveId, nowMs }: Claim): Expression<SqlBool> =>
  row.or([row('lease_owner', 'is', null), row('lease_owner', '=', serveId), row('lease_until', '<=', nowMs)])

/** Claims up to `limit` jobs in one statement, so that a tick over many waiting jobs costs one commit. */
export async function claimJobs(db: Rows, claim: Claim, limit: number): Promise<Claimed[]> {
  const claimable = (row: Row) => row.and([mayMove(row, claim.serveId), isFree(row, claim)])
  const rows = await takeLease(db, claim)
    .where('seq', 'in', (from) =>
      from.selectFrom('jobs').select('seq').where(claimable).orderBy('seq').limit(limit),
    )
    // Asked again of the row itself: on PostgreSQL somebody may have taken it since the list was made.
    .where(claimable)
    .returningAll()
    .execute()
  return rows.toSorted((a, b) => a.seq - b.seq).map((row) => toClaimed(row))
}

/** Claims one job; null when it needs no moving, belongs to another serve or is held by one. */
export async function claimJob(db: Rows, jobId: string, claim: Claim): Promise<Claimed | null> {
  const row = await takeLease(db, claim)
    .where('id', '=', jobId)
    .where((row) => row.and([mayMove(row, claim.serveId), isFree(row, claim)]))
    .returningAll()
    .executeTakeFirst()
  return row === undefined ? null : toClaimed(row)
}

const takeLease = (db: Rows, { serveId, nowMs, leaseMs }: Claim) =>
  db.updateTable('jobs').set((row) => ({
    lease_owner: serveId,
    lease_token: row('lease_token', '+', 1),
    lease_until: nowMs + leaseMs,
  }))

const toClaimed = (row: Parameters<typeof toJob>[0]): Claimed => ({
  job: toJob(row),
  lease: { jobId: row.id, token: row.lease_token, untilMs: row.lease_until },
})

/** The token grows when a lease is given back too, so that a late write under it finds nothing. */
const freeLease = (db: Rows) =>
  db
    .updateTable('jobs')
    .set((row) => ({ lease_owner: null, lease_token: row('lease_token', '+', 1), lease_until: 0 }))

/** Gives a lease back; does nothing when somebody else has taken it meanwhile. */
export async function releaseLease(db: Rows, lease: Lease): Promise<void> {
  await freeLease(db).where('id', '=', lease.jobId).where('lease_token', '=', lease.token).execute()
}

/** Frees everything that this serve held, which is what it left behind when it was killed. */
export async function releaseLeasesOf(db: Rows, serveId: string): Promise<number> {
  const { numUpdatedRows } = await freeLease(db).where('lease_owner', '=', serveId).executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Ids in create order. */
export async function listUnfinished(db: Rows, serveId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('id')
    .where((row) => mayMove(row, serveId))
    .orderBy('seq')
    .execute()
  return rows.map((row) => row.id)
}
