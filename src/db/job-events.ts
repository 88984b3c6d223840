// Events of jobs, and the reports of tasks that become events. Sequences grow over the whole database.
import type { Expression, ExpressionBuilder, Selectable, SqlBool } from 'kysely'
import type { EventQuery, JobEvent } from '../api/event.ts'
import type { NewEvent } from '../job/job.ts'
import type { StoredEvent } from '../job/store.ts'
import { takeNumbers } from './counter.ts'
import { contains } from './like.ts'
import type { EventsTable, Rows, Tables } from './tables.ts'

/** Writes events as part of the caller's transaction. */
export async function insertEvents(
  transaction: Rows,
  jobId: string,
  events: readonly NewEvent[],
  atMs: number,
): Promise<void> {
  if (events.length === 0) return
  const numbers = await takeNumbers(transaction, 'event', events.length)
  const rows = events.map(({ level, source, reason, message }, index) => ({
    sequence: numbers[index] ?? 0,
    job_id: jobId,
    time: atMs,
    level,
    source,
    reason,
    message,
  }))
  await transaction.insertInto('events').values(rows).execute()
}

/** Adds events to a job; does nothing when the job is gone, for then nobody can read them. */
export async function addEvents(
  db: Rows,
  jobId: string,
  events: readonly NewEvent[],
  atMs: number,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    if (await holdJob(transaction, jobId)) await insertEvents(transaction, jobId, events, atMs)
  })
}

/**
 * Records that a task's report was received, with its event. false, and nothing written, when that sequence was seen
 * before or the job is gone.
 */
export async function recordReport(
  db: Rows,
  report: {
    jobId: string
    attempt: number
    task: string
    sequence: number
    event: NewEvent | null
    atMs: number
  },
): Promise<boolean> {
  const { jobId, attempt, task, sequence, event, atMs } = report
  return await db.transaction().execute(async (transaction) => {
    if (!(await holdJob(transaction, jobId))) return false
    const inserted = await transaction
      .insertInto('reports')
      .values({ job_id: jobId, attempt, task, sequence })
      .onConflict((conflict) => conflict.columns(['job_id', 'attempt', 'task', 'sequence']).doNothing())
      .returning('sequence')
      .executeTakeFirst()
    if (inserted === undefined) return false
    if (event !== null) await insertEvents(transaction, jobId, [event], atMs)
    return true
  })
}

/**
 * Locks the job's row as the transaction's first statement, by an update that changes nothing: SQLite then never has
 * to turn a reading transaction into a writing one, and on PostgreSQL the job cannot be erased meanwhile.
 */
async function holdJob(transaction: Rows, jobId: string): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('jobs')
    .set((row) => ({ version: row.ref('version') }))
    .where('id', '=', jobId)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** A page of a job's events; `offset` counts pages, `total` all events that match. `pattern` is a substring, case ignored. */
export async function listEvents(
  db: Rows,
  jobId: string,
  query: EventQuery,
): Promise<{ total: number; events: JobEvent[] }> {
  const matching = db.selectFrom('events').where((row) => row.and(conditions(row, jobId, query)))
  const { total } = await matching
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const rows = await matching
    .selectAll()
    .orderBy('sequence', query.order)
    .limit(query.limit)
    .offset(query.offset * query.limit)
    .execute()
  return { total, events: rows.map(toEvent) }
}

function conditions(
  row: ExpressionBuilder<Tables, 'events'>,
  jobId: string,
  query: EventQuery,
): Expression<SqlBool>[] {
  const all: Expression<SqlBool>[] = [row('job_id', '=', jobId)]
  if (query.start_time !== undefined) all.push(row('time', '>=', query.start_time))
  if (query.end_time !== undefined) all.push(row('time', '<=', query.end_time))
  if (query.level !== undefined) all.push(row('level', '=', query.level))
  if (query.source !== undefined) all.push(row('source', '=', query.source))
  if (query.pattern) all.push(contains(row.ref('message'), query.pattern))
  return all
}

/** Events above `since`, oldest first. */
export async function eventsSince(
  db: Rows,
  jobId: string,
  since: number,
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('sequence', '>', since)
    .orderBy('sequence')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...toEvent(row), sequence: row.sequence }))
}

const toEvent = (row: Selectable<EventsTable>): JobEvent => ({
  time: new Date(row.time).toISOString(),
  level: row.level as JobEvent['level'],
  source: row.source as JobEvent['source'],
  message: row.message,
  reason: row.reason,
})
