// Builders for the store suite.
import type { Booking } from '../../src/accelerator/device.ts'
import { trainingJobRequest } from '../../src/api/training-job.ts'
import type { Rows } from '../../src/db/tables.ts'
import type { JobStatus, NewEvent } from '../../src/job/job.ts'
import { initialStatus } from '../../src/job/phase.ts'
import type { JobChange, JobStore, Lease, NewJob } from '../../src/job/store.ts'
import { newUuid } from '../../src/lib/id.ts'

export const SERVE = 'serve-a'

export type StoreOptions = { serveId?: string; ownership?: 'serve' | 'shared' }

/** An empty database of the kind under test. */
export type Stores = AsyncDisposable & {
  /** A store object over it. */
  store(options?: StoreOptions): JobStore
  db(): Rows
  /** Closes the database and opens it again, as a restart does. */
  reopen(): Promise<void>
}
export type OpenStores = () => Promise<Stores>

export type NewJobParts = {
  name: string
  workspace?: string
  kind?: string
  algorithmName?: string
  environments?: Record<string, string>
  annotations?: Record<string, string>
  /** Folder URLs. */
  outputs?: string[]
  job?: Partial<NewJob>
}

export function newJob({
  name,
  workspace = '0',
  kind = 'job',
  algorithmName,
  environments = {},
  annotations = {},
  outputs = [],
  job = {},
}: NewJobParts): NewJob {
  const request = trainingJobRequest.parse({
    kind,
    metadata: { name, workspace_id: workspace, annotations },
    algorithm: {
      ...(algorithmName ? { name: algorithmName } : {}),
      command: 'true',
      engine: { image_url: 'host' },
      environments,
      outputs: outputs.map((url, index) => ({ name: `out${index}`, remote: { obs: { obs_url: url } } })),
    },
    spec: { resource: { node_count: 1 } },
  })
  const base = {
    id: newUuid(),
    projectId: 'p',
    userName: 'u',
    generation: 2 as const,
    createTimeMs: 1_000,
    description: '',
  }
  return {
    ...base,
    request,
    status: initialStatus(['worker-0']),
    secretEnvironment: {},
    clientToken: null,
    experiment: null,
    ...job,
  }
}

export const event = (reason: string, message = `about ${reason}`): NewEvent => ({
  level: 'Info',
  source: 'Job',
  reason,
  message,
})

/** A change to a phase; `attempt` above 0 adds its record. */
export function changeOf(parts: {
  phase: JobStatus['phase']
  attempt?: number
  ended?: boolean
  status?: Partial<JobStatus>
  events?: NewEvent[]
}): JobChange {
  const { phase, attempt = 0, ended = true } = parts
  const record = {
    attempt,
    startAtMs: 10,
    runningAtMs: 20,
    endAtMs: ended ? 30 : null,
    endReason: ended ? 'done\0' : '',
    imageDigest: null,
    exitCode: ended ? 0 : null,
  }
  const status: JobStatus = {
    ...initialStatus(['worker-0']),
    phase,
    attempt,
    records: attempt > 0 ? [record] : [],
    ...parts.status,
  }
  return { status, events: parts.events ?? [], atMs: 50, bookings: null }
}

/** One task on one simulated host. */
export const booking = (jobId: string, parts: Partial<Booking> = {}): Booking => ({
  jobId,
  attempt: 1,
  task: 'worker-0',
  taskIndex: 0,
  hostId: 'sim-0',
  physicalIds: [],
  cpuCores: 1,
  memoryBytes: 1,
  ...parts,
})

/** Claims a job that can be claimed. */
export async function claimedBy(
  store: JobStore,
  jobId: string,
  serveId = SERVE,
  nowMs = 100,
): Promise<{ lease: Lease; version: number }> {
  const claimed = await store.claimOne(jobId, serveId, nowMs, 1_000)
  if (!claimed) throw new Error(`job ${jobId} could not be claimed`)
  return { lease: claimed.lease, version: claimed.job.version }
}
