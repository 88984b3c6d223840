// JobStore over SQL. The promises stand in job/store.ts; each group of calls has a file of its own.
import type { RawBuilder } from 'kysely'
import { AppError } from '../api/error.ts'
import type { Job, NewEvent } from '../job/job.ts'
import type { JobStore, NewJob } from '../job/store.ts'
import { takeNumbers } from './counter.ts'
import { listBookings } from './job-bookings.ts'
import { addEvents, eventsSince, insertEvents, listEvents, recordReport } from './job-events.ts'
import {
  claimJob,
  listDue,
  listUnfinished,
  listWaiting,
  type Ownership,
  ownJob,
  releaseLeasesOf,
} from './job-lease.ts'
import { openSecrets, toJob, toNewRow, toText } from './job-rows.ts'
import { searchJobs } from './job-search.ts'
import { eraseJob, requestDelete, requestStop, setDescription, writeChange } from './job-write.ts'
import { claimOutputs } from './output-claims.ts'
import { keeperOf } from './serves.ts'
import type { Rows } from './tables.ts'

export type JobStoreOptions = {
  /** 32 bytes that secret environments are sealed with. */
  readonly secretKey: Uint8Array
  /** Whose hosts the bookings are on. */
  readonly serveId: string
  /** Of the jobs it makes, and which ones it moves; default `serve`. */
  readonly ownership?: Ownership
  /**
   * The database's clock, which then decides when leases end: serves whose clocks differ would take each other's.
   * Without it the `nowMs` of each call does.
   */
  readonly now?: RawBuilder<number> | undefined
}

/** A JobStore over an open, migrated database. Owns nothing: close the database instead. */
export function createJobStore(db: Rows, options: JobStoreOptions): JobStore {
  const { secretKey, serveId, ownership = 'serve', now } = options
  return {
    create: (job, events) => createJob(db, options, job, events),
    get: async (projectId, jobId) => {
      const row = await db
        .selectFrom('jobs')
        .selectAll()
        .where('project_id', '=', projectId)
        .where('id', '=', toText(jobId))
        .executeTakeFirst()
      return row === undefined ? null : toJob(row)
    },
    getById: async (jobId) => {
      const row = await db.selectFrom('jobs').selectAll().where('id', '=', jobId).executeTakeFirst()
      return row === undefined ? null : toJob(row)
    },
    search: (projectId, request) => searchJobs(db, projectId, request),
    setDescription: (projectId, jobId, description) => setDescription(db, projectId, jobId, description),
    requestStop: (jobId, atMs, event) => requestStop(db, jobId, atMs, event),
    requestDelete: (jobId, atMs, event) => requestDelete(db, jobId, atMs, event),
    claimOne: (jobId, owner, nowMs, leaseMs) =>
      claimJob(db, jobId, { serveId: owner, ownership, nowMs: now ?? nowMs, leaseMs }),
    hold: async (jobId, owner, nowMs, leaseMs) => {
      const claim = { serveId: owner, ownership, nowMs: now ?? nowMs, leaseMs }
      return ownership === 'serve'
        ? ownJob(db, jobId, claim)
        : ((await claimJob(db, jobId, claim))?.job ?? null)
    },
    releaseOwn: (owner) => releaseLeasesOf(db, owner),
    listUnfinished: (owner) => listUnfinished(db, { serveId: owner, ownership }),
    listDue: (owner, nowMs) => listDue(db, { serveId: owner, ownership, nowMs: now ?? nowMs }),
    write: (lease, version, change) => writeChange(db, serveId, lease, version, change),
    erase: (lease, version) => eraseJob(db, lease, version),
    keeper: (jobId) => keeperOf(db, serveId, jobId),
    bookings: () => listBookings(db, serveId),
    listWaiting: () => listWaiting(db, { serveId, ownership }),
    secretEnvironment: async (jobId) => {
      const row = await db
        .selectFrom('jobs')
        .select(['id', 'secret_environment'])
        .where('id', '=', jobId)
        .executeTakeFirst()
      return row === undefined ? {} : openSecrets(row, secretKey)
    },
    addEvents: (jobId, events, atMs) => addEvents(db, jobId, events, atMs),
    listEvents: (jobId, query) => listEvents(db, jobId, query),
    eventsSince: (jobId, since, limit) => eventsSince(db, jobId, since, limit),
    recordReport: (jobId, attempt, task, sequence, event, atMs) =>
      recordReport(db, { jobId, attempt, task, sequence, event, atMs }),
  }
}

async function createJob(
  db: Rows,
  options: JobStoreOptions,
  job: NewJob,
  events: readonly NewEvent[],
): Promise<Job> {
  const serveId = options.ownership === 'shared' ? null : options.serveId
  return await db.transaction().execute(async (transaction) => {
    const seq = await takeNumbers(transaction, 'job', 1)
    const row = await transaction
      .insertInto('jobs')
      .values(toNewRow(job, seq, serveId, options.secretKey))
      .onConflict((conflict) => conflict.columns(['project_id', 'workspace_id', 'name']).doNothing())
      .returningAll()
      .executeTakeFirst()
    if (row === undefined)
      throw new AppError(
        'DuplicateJobName',
        `metadata.name is ${JSON.stringify(job.request.metadata.name)}, which another job of workspace ${JSON.stringify(job.request.metadata.workspace_id ?? '0')} has; it must be new there`,
      )
    await claimOutputs(transaction, job)
    await insertEvents(transaction, job.id, events, job.createTimeMs)
    return toJob(row)
  })
}
