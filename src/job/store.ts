// What the domain asks of rows. db implements it; test/conformance/store.ts holds SQLite and PostgreSQL to it.
import type { Booking } from '../accelerator/device.ts'
import type { EventQuery, JobEvent } from '../api/event.ts'
import type { Job, JobStatus, NewEvent } from './job.ts'
import type { JobQuery } from './job-query.ts'

export type NewJob = Pick<
  Job,
  'id' | 'projectId' | 'userName' | 'generation' | 'request' | 'createTimeMs' | 'description' | 'status'
> & {
  /** Plain values of environment variables marked secret; stored encrypted, never in a document. */
  readonly secretEnvironment: Readonly<Record<string, string>>
  /** Of a request that may come again; null: each makes a job. */
  readonly clientToken: ClientToken | null
  /** The experiment to join, by id, or to make with the job, by name. */
  readonly experiment: ExperimentReference | null
}

/** `bodyDigest` tells a repeated request from another one. */
export type ClientToken = { readonly token: string; readonly bodyDigest: string }

export type ExperimentReference =
  | { readonly id: string }
  /** `newId` becomes its id. */
  | { readonly newId: string; readonly name: string; readonly description: string }

/** The right to move one job until `untilMs`; `token` grows with every claim. */
export type Lease = { readonly jobId: string; readonly token: number; readonly untilMs: number }

export type StoredEvent = JobEvent & { readonly sequence: number }

/** A serve that has what others do not. Host name and endpoint are empty when it never said them. */
export type Keeper = { readonly serveId: string; readonly hostName: string; readonly endpoint: string }

export interface JobStore {
  /**
   * Job, first events in one transaction. Throws AppError DuplicateJobName when project + workspace hold the name,
   * OutputInUse when an unfinished job writes to one of its output folders, QuotaExceeded, and those of an experiment.
   * The job that its client token made before is answered instead of a second one.
   */
  create(job: NewJob, events: readonly NewEvent[]): Promise<Job>
  get(projectId: string, jobId: string): Promise<Job | null>
  /** For the controller and the tasks' sockets, which know no project. */
  getById(jobId: string): Promise<Job | null>
  /** Those that are there, in any order. */
  getMany(jobIds: readonly string[]): Promise<Job[]>
  /** The job that the token made; null when there is none. Throws AppError InvalidParam when its body was another. */
  findByToken(projectId: string, token: ClientToken): Promise<Job | null>
  isNameTaken(projectId: string, workspaceId: string, name: string): Promise<boolean>
  /** Workspaces that jobs of the project are in. */
  workspaces(projectId: string): Promise<string[]>
  /**
   * Page of jobs matching; `total` counts all of the project, `count` those that match (modelarts.md §1.6 search): of what
   * more than 10,000 have in their name, or as a tag or host, at least so many.
   */
  search(projectId: string, query: JobQuery): Promise<{ total: number; count: number; items: Job[] }>
  setDescription(projectId: string, jobId: string, description: string): Promise<boolean>
  /** Records the wish and an event once; false when it was there already. The job row's version grows. */
  requestStop(jobId: string, atMs: number, event: NewEvent): Promise<boolean>
  requestDelete(jobId: string, atMs: number, event: NewEvent): Promise<boolean>

  /**
   * Claims one job, in one conditional update; null when it does not need moving (terminal, cleaned and not to be
   * deleted), is not this serve's to move (decisions.md 3.2) or somebody else holds it. The token grows every time.
   */
  claimOne(
    jobId: string,
    serveId: string,
    nowMs: number,
    leaseMs: number,
  ): Promise<{ job: Job; lease: Lease } | null>
  /**
   * The job, for a serve that wants to look after it and act on it; null when it needs no moving, is gone, or is not
   * this serve's to move. A job that several serves may move is claimed by this, so it is asked again before the lease
   * ends; one that only this serve moves needs no lease until it is written.
   */
  hold(jobId: string, serveId: string, nowMs: number, leaseMs: number): Promise<Job | null>
  /** After a kill -9 a serve takes its own leases back at once; one that stops leaves its jobs to others. Returns how many. */
  releaseOwn(serveId: string): Promise<number>
  /** All jobs this serve may still have to move (ids in create order). */
  listUnfinished(serveId: string): Promise<string[]>
  /** Of these, what could be moved now: held by nobody else, and not merely waiting for devices. */
  listDue(serveId: string, nowMs: number): Promise<string[]>

  /**
   * The guarded write: updates status where token and version match, then bookings and events, in one transaction.
   * false = somebody else owns the job; nothing was written.
   */
  write(lease: Lease, version: number, change: JobChange): Promise<boolean>
  /** Removes the row, its events, bookings, attempts. Guarded like write. */
  erase(lease: Lease, version: number): Promise<boolean>

  /** The serve that runs the job's tasks and keeps their logs, when it is another than this one. */
  keeper(jobId: string): Promise<Keeper | null>
  bookings(): Promise<Booking[]>
  /** Jobs waiting for devices, in admission order. */
  listWaiting(): Promise<Pick<Job, 'id' | 'seq' | 'projectId'>[]>
  secretEnvironment(jobId: string): Promise<Record<string, string>>

  addEvents(jobId: string, events: readonly NewEvent[], atMs: number): Promise<void>
  listEvents(jobId: string, query: EventQuery): Promise<{ total: number; events: JobEvent[] }>
  /** Events with sequence above `since`, oldest first. */
  eventsSince(jobId: string, since: number, limit: number): Promise<StoredEvent[]>

  /** Drops a report whose sequence was seen: true = new, recorded with its event in one transaction. */
  recordReport(
    jobId: string,
    attempt: number,
    task: string,
    sequence: number,
    event: NewEvent | null,
    atMs: number,
  ): Promise<boolean>
}

export type JobChange = {
  readonly status: JobStatus
  readonly events: readonly NewEvent[]
  readonly atMs: number
  /** null = leave bookings alone; [] = free all; else replace by these. */
  readonly bookings: readonly Booking[] | null
  readonly cleanedAtMs?: number
}
