// Between a job of the domain and its row. The request and the status are kept whole as JSON; columns beside them
// exist only for what is searched, guarded or ordered by.
import type { Selectable } from 'kysely'
import type { TrainingJobRequest } from '../api/training-job.ts'
import { type Job, type JobStatus, SECRET_MASK } from '../job/job.ts'
import { isTerminal, shownPhase } from '../job/phase.ts'
import type { NewJob } from '../job/store.ts'
import type { NewNumber } from './counter.ts'
import { seal, unseal } from './seal.ts'
import type { JobsTable } from './tables.ts'

/** The row of a job that was just accepted. `serveId` null: any replica may move it. */
export function toNewRow(
  job: NewJob,
  seq: NewNumber,
  serveId: string | null,
  secretKey: Uint8Array,
  experiment: ExperimentPlace | null,
): Omit<JobsTable, 'seq' | 'client_token' | 'request_digest'> & { seq: NewNumber } {
  const request = withExperiment(job.request, experiment)
  const { metadata, algorithm, kind } = request
  const secrets = job.secretEnvironment
  return {
    seq,
    id: job.id,
    project_id: job.projectId,
    workspace_id: metadata.workspace_id ?? '0',
    name: metadata.name,
    kind,
    algorithm_name: algorithm?.name ?? '',
    runtime_type: runtimeType(request),
    user_name: job.userName,
    generation: job.generation,
    create_time: job.createTimeMs,
    description: job.description,
    request: JSON.stringify(maskSecrets(request, Object.keys(secrets))),
    secret_environment:
      Object.keys(secrets).length === 0 ? null : seal(secretKey, ownerOf(job.id), JSON.stringify(secrets)),
    stop_requested_at: null,
    delete_requested_at: null,
    cleaned_at: null,
    ...statusColumns(job.status),
    shown_phase: shownPhase({ stopRequestedAtMs: null, deleteRequestedAtMs: null, status: job.status }).phase,
    finished: 0,
    version: 1,
    serve_id: serveId,
    lease_owner: null,
    lease_token: 0,
    lease_until: 0,
    experiment_id: experiment?.id ?? null,
    experiment_serial: experiment?.serial ?? null,
  }
}

/** Where a job stands among those of its experiment. */
export type ExperimentPlace = { readonly id: string; readonly name: string; readonly serial: number }

/** The job says which experiment it is in, as ModelArts answers it. */
function withExperiment(request: TrainingJobRequest, experiment: ExperimentPlace | null): TrainingJobRequest {
  if (experiment === null) return request
  const { id, name, serial } = experiment
  const reference = { id, name, serial_number: serial }
  return { ...request, metadata: { ...request.metadata, training_experiment_reference: reference } }
}

/** The columns that follow from the status alone. */
export const statusColumns = (status: JobStatus) => ({
  phase: status.phase,
  placed: status.placements.length === 0 ? 0 : 1,
  status: JSON.stringify(status),
})

/** The job of a row. The documents were written by `toNewRow` and `statusColumns`, so they are not checked again. */
export function toJob(row: Selectable<JobsTable>): Job {
  return {
    seq: row.seq,
    id: row.id,
    projectId: row.project_id,
    userName: row.user_name,
    generation: row.generation as Job['generation'],
    request: requestOf(row),
    createTimeMs: row.create_time,
    description: row.description,
    stopRequestedAtMs: row.stop_requested_at,
    deleteRequestedAtMs: row.delete_requested_at,
    cleanedAtMs: row.cleaned_at,
    status: JSON.parse(row.status) as JobStatus,
    version: row.version,
  }
}

/** Who left its experiment is in none, whatever the document says. */
function requestOf(row: Selectable<JobsTable>): TrainingJobRequest {
  const request = JSON.parse(row.request) as TrainingJobRequest
  if (row.experiment_id !== null) return request
  const { training_experiment_reference: _, ...metadata } = request.metadata
  return { ...request, metadata }
}

/** The plain values sealed by `toNewRow`. */
export function openSecrets(
  row: Pick<JobsTable, 'id' | 'secret_environment'>,
  secretKey: Uint8Array,
): Record<string, string> {
  if (row.secret_environment === null) return {}
  return JSON.parse(unseal(secretKey, ownerOf(row.id), row.secret_environment)) as Record<string, string>
}

const ownerOf = (jobId: string): string => `job ${jobId}`

/** The caller masks already; a plain secret in a document would be there for ever, so it is made sure here. */
function maskSecrets(request: TrainingJobRequest, names: readonly string[]): TrainingJobRequest {
  const environments = request.algorithm?.environments
  if (!request.algorithm || !environments) return request
  const masked = Object.fromEntries(
    Object.entries(environments).map(([name, value]) => [name, names.includes(name) ? SECRET_MASK : value]),
  )
  return { ...request, algorithm: { ...request.algorithm, environments: masked } }
}

/** `debug` for interactive jobs (modelarts.md §1.8), else empty. */
function runtimeType({ metadata, endpoints }: TrainingJobRequest): string {
  const ssh = endpoints?.['ssh'] as { key_pair_names?: unknown[] } | null | undefined
  const interactive =
    metadata.annotations?.['jupyter-lab/enable'] === 'true' || Boolean(ssh?.key_pair_names?.length)
  return interactive ? 'debug' : ''
}

/** Phases that never change again, for conditions in SQL. */
export const TERMINAL_PHASES = (['Completed', 'Failed', 'Terminated', 'Abnormal'] as const).filter(isTerminal)
