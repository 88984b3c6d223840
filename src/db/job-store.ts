// JobStore over SQL. The promises stand in job/store.ts; each group of calls has a file of its own.
import type { RawBuilder } from 'kysely'
import type { JobStore } from '../job/store.ts'
import type { JobNotice } from './change-notices.ts'
import { listBookings } from './job-bookings.ts'
import { listWorkspaces } from './job-counts.ts'
import { createJob, findByToken, isNameTaken } from './job-create.ts'
import { addEvents, eventsSince, listEvents, recordReport } from './job-events.ts'
import {
  claimJob,
  listDue,
  listUnfinished,
  listWaiting,
  type Ownership,
  ownJob,
  releaseLeasesOf,
} from './job-lease.ts'
import { openSecrets, toJob } from './job-rows.ts'
import { searchJobs } from './job-search.ts'
import { eraseJob, requestDelete, requestStop, setDescription, writeChange } from './job-write.ts'
import { readJobs } from './read-jobs.ts'
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
  /** Called after each change of a job that others want to hear of. */
  readonly onChange?: ((notice: JobNotice) => void) | undefined
}

/** A JobStore over an open, migrated database. Owns nothing: close the database instead. */
export function createJobStore(db: Rows, options: JobStoreOptions): JobStore {
  const { onChange } = options
  const store = silentStore(db, options)
  return onChange === undefined ? store : tellingStore(store, options, onChange)
}

/** Tells of what was done, not of what was refused. */
function tellingStore(
  store: JobStore,
  { serveId, ownership }: JobStoreOptions,
  onChange: (notice: JobNotice) => void,
): JobStore {
  /** Jobs that this serve makes and moves. */
  const mover = ownership === 'shared' ? null : serveId
  const told = async (done: Promise<boolean>, notice: JobNotice): Promise<boolean> => {
    const changed = await done
    if (changed) onChange(notice)
    return changed
  }
  return {
    ...store,
    create: async (job, events) => {
      const made = await store.create(job, events)
      onChange({ jobId: made.id, serveId: mover })
      return made
    },
    // Whose the job is is not known here, so every serve looks whether it is its own.
    requestStop: (jobId, ...rest) => told(store.requestStop(jobId, ...rest), { jobId, serveId: null }),
    requestDelete: (jobId, ...rest) => told(store.requestDelete(jobId, ...rest), { jobId, serveId: null }),
    write: (lease, ...rest) => told(store.write(lease, ...rest), { jobId: lease.jobId, serveId: mover }),
    erase: (lease, ...rest) => told(store.erase(lease, ...rest), { jobId: lease.jobId, serveId: mover }),
    addEvents: async (jobId, ...rest) => {
      await store.addEvents(jobId, ...rest)
      onChange({ jobId, serveId: NOBODY })
    },
    recordReport: (jobId, ...rest) => told(store.recordReport(jobId, ...rest), { jobId, serveId: NOBODY }),
  }
}
/** Events move no job. */
const NOBODY = '-'

function silentStore(db: Rows, options: JobStoreOptions): JobStore {
  const { secretKey, serveId, ownership = 'serve', now } = options
  return {
    create: (job, events) => createJob(db, options, job, events),
    get: async (projectId, jobId) => {
      const row = await db
        .selectFrom('jobs')
        .selectAll()
        .where('project_id', '=', projectId)
        .where('id', '=', jobId)
        .executeTakeFirst()
      return row === undefined ? null : toJob(row)
    },
    getById: async (jobId) => {
      const row = await db.selectFrom('jobs').selectAll().where('id', '=', jobId).executeTakeFirst()
      return row === undefined ? null : toJob(row)
    },
    getMany: (jobIds) => readJobs(db, 'id', jobIds),
    findByToken: (projectId, token) => findByToken(db, secretKey, projectId, token),
    isNameTaken: (projectId, workspaceId, name) => isNameTaken(db, projectId, workspaceId, name),
    workspaces: (projectId) => listWorkspaces(db, projectId),
    search: (projectId, query) => searchJobs(db, serveId, projectId, query),
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
