// Everything that changes a job after it was made. Each transaction begins with the update that guards it
// (decisions.md 3.1): when that finds no row, nothing else is done.
import { sql } from 'kysely'
import type { JobStatus, NewEvent } from '../job/job.ts'
import { isTerminal } from '../job/phase.ts'
import type { JobChange, Lease } from '../job/store.ts'
import { replaceBookings } from './job-bookings.ts'
import { insertEvents } from './job-events.ts'
import { statusColumns, TERMINAL_PHASES } from './job-rows.ts'
import { freeOutputs } from './output-claims.ts'
import type { Rows } from './tables.ts'

/** The controller's write. false: token or version is not the row's any more, and nothing was written. */
export async function writeChange(
  db: Rows,
  serveId: string,
  lease: Lease,
  version: number,
  change: JobChange,
): Promise<boolean> {
  const { status, cleanedAtMs } = change
  return await db.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('jobs')
      .set((row) => ({
        ...statusColumns(status),
        shown_phase: shownPhaseAfter(status),
        finished: isTerminal(status.phase) ? finishedWhenTerminal(cleanedAtMs !== undefined) : 0,
        version: row('version', '+', 1),
        ...(cleanedAtMs === undefined ? {} : { cleaned_at: cleanedAtMs }),
      }))
      .where('id', '=', lease.jobId)
      .where('lease_token', '=', lease.token)
      .where('version', '=', version)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    await writeAttempts(transaction, lease.jobId, status)
    if (isTerminal(status.phase)) await freeOutputs(transaction, lease.jobId)
    if (change.bookings !== null) await replaceBookings(transaction, serveId, lease.jobId, change.bookings)
    await insertEvents(transaction, lease.jobId, change.events, change.atMs)
    return true
  })
}

/** As `shownPhase` of job/phase.ts, over the intents that stand in the row. */
function shownPhaseAfter(status: JobStatus) {
  if (isTerminal(status.phase)) return status.phase
  if (status.stopCause === 'auto-stop') return 'Terminating'
  return sql<string>`case when stop_requested_at is null and delete_requested_at is null then ${status.phase} else 'Terminating' end`
}

/** A terminal job needs no more moving once it is cleaned and nobody wants it deleted. */
const finishedWhenTerminal = (cleanedNow: boolean) =>
  cleanedNow
    ? sql<number>`case when delete_requested_at is null then 1 else 0 end`
    : sql<number>`case when delete_requested_at is null and cleaned_at is not null then 1 else 0 end`

/** One row per attempt, for questions over many jobs; the status document says the same of one job. */
async function writeAttempts(transaction: Rows, jobId: string, status: JobStatus): Promise<void> {
  if (status.records.length === 0) return
  const rows = status.records.map((record) => ({
    job_id: jobId,
    attempt: record.attempt,
    start_at: record.startAtMs,
    running_at: record.runningAtMs,
    end_at: record.endAtMs,
    end_reason: record.endReason,
    exit_code: record.exitCode,
  }))
  await transaction
    .insertInto('attempts')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['job_id', 'attempt']).doUpdateSet((row) => ({
        start_at: row.ref('excluded.start_at'),
        running_at: row.ref('excluded.running_at'),
        end_at: row.ref('excluded.end_at'),
        end_reason: row.ref('excluded.end_reason'),
        exit_code: row.ref('excluded.exit_code'),
      })),
    )
    .execute()
}

/** Removes a job and, by its foreign keys, all that belongs to it. Guarded like `writeChange`. */
export async function eraseJob(db: Rows, lease: Lease, version: number): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('jobs')
    .where('id', '=', lease.jobId)
    .where('lease_token', '=', lease.token)
    .where('version', '=', version)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/** Records the wish to stop, once, with its event. false: it was there, the job is terminal, or there is none. */
export async function requestStop(db: Rows, jobId: string, atMs: number, event: NewEvent): Promise<boolean> {
  return await db.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('jobs')
      .set((row) => ({
        stop_requested_at: atMs,
        shown_phase: 'Terminating',
        version: row('version', '+', 1),
      }))
      .where('id', '=', jobId)
      .where('stop_requested_at', 'is', null)
      .where('phase', 'not in', TERMINAL_PHASES)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    await insertEvents(transaction, jobId, [event], atMs)
    return true
  })
}

/** Records the wish to delete, once, with its event, in any phase. false: it was there, or there is no such job. */
export async function requestDelete(
  db: Rows,
  jobId: string,
  atMs: number,
  event: NewEvent,
): Promise<boolean> {
  return await db.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('jobs')
      .set((row) => ({
        delete_requested_at: atMs,
        finished: 0,
        shown_phase: row
          .case()
          .when('phase', 'in', TERMINAL_PHASES)
          .then(row.ref('phase'))
          .else('Terminating')
          .end(),
        version: row('version', '+', 1),
      }))
      .where('id', '=', jobId)
      .where('delete_requested_at', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    await insertEvents(transaction, jobId, [event], atMs)
    return true
  })
}

/** Changes what people wrote about a job. The controller decides nothing by it, so its guard (version) stays. */
export async function setDescription(
  db: Rows,
  projectId: string,
  jobId: string,
  description: string,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('jobs')
    .set({ description })
    .where('project_id', '=', projectId)
    .where('id', '=', jobId)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
