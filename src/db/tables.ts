// The rows, as Kysely sees them. Times are milliseconds since 1970 in bigint columns; JSON stands in text columns.
// migrations/ makes the tables; comments there say what the columns are for.
import type { GeneratedAlways, Kysely } from 'kysely'

type Counters = { name: string; value: number }

export type JobsTable = {
  seq: number
  id: string
  project_id: string
  workspace_id: string
  name: string
  kind: string
  algorithm_name: string
  runtime_type: string
  user_name: string
  generation: number
  create_time: number
  description: string
  request: string
  secret_environment: string | null
  stop_requested_at: number | null
  delete_requested_at: number | null
  cleaned_at: number | null
  phase: string
  shown_phase: string
  placed: number
  finished: number
  status: string
  version: number
  serve_id: string | null
  lease_owner: string | null
  lease_token: number
  lease_until: number
  client_token: string | null
  request_digest: string | null
  experiment_id: string | null
  experiment_serial: number | null
}

type Attempts = {
  job_id: string
  attempt: number
  start_at: number
  running_at: number | null
  end_at: number | null
  end_reason: string
  exit_code: number | null
}

export type EventsTable = {
  sequence: number
  job_id: string
  time: number
  level: string
  source: string
  reason: string
  message: string
}

type Reports = { job_id: string; attempt: number; task: string; sequence: number }

type Bookings = {
  job_id: string
  attempt: number
  task: string
  task_index: number
  serve_id: string
  host_id: string
  cpu_cores: number
  memory_bytes: number
}

type BookedDevices = { serve_id: string; host_id: string; physical_id: number; job_id: string; task: string }

type Users = {
  id: string
  name: string
  enabled: number
  administrator: number
  password: string | null
  epoch: number
  created_at: number
}

type Projects = { id: string; name: string; description: string; enabled: number; created_at: number }

type Memberships = { user_id: string; project_id: string; role: string }

type AccessKeys = {
  access_key: string
  user_id: string
  project_id: string
  secret_key: string
  description: string
  enabled: number
  created_at: number
  expires_at: number | null
  last_used_at: number | null
}

type RevokedTokens = { id: string; expires_at: number }

type Registries = {
  project_id: string
  host: string
  user_name: string
  password: string
  updated_at: number
}

type OutputClaims = { job_id: string; bucket: string; folder: string }

/** A row whose document is kept whole; columns are what it is found and listed by. */
export type DocumentsTable = {
  id: string
  project_id: string
  workspace_id: string
  name: string
  user_name: string
  create_time: number
  update_time: number
  document: string
}

export type ExperimentsTable = {
  id: string
  project_id: string
  workspace_id: string
  name: string
  description: string
  create_time: number
  update_time: number
  last_serial: number
}

type JobTags = { job_id: string; key: string; value: string }
type JobHosts = { job_id: string; serve_id: string; host_id: string }
type Quotas = { project_id: string; user_name: string; resource: string; quota: number; extra_info: string }

export type StorageConnectionsTable = {
  project_id: string
  name: string
  endpoint: string
  region: string | null
  dialect: string
  addressing: string
  ca: string | null
  access_key: string
  secret: string
  has_session_token: number
  updated_at: number
}
type StorageBuckets = { project_id: string; bucket: string; connection: string }

type Serves = { id: string; host_name: string; endpoint: string }

export type Tables = {
  counters: Counters
  jobs: JobsTable
  attempts: Attempts
  events: EventsTable
  reports: Reports
  bookings: Bookings
  booked_devices: BookedDevices
  users: Users
  projects: Projects
  memberships: Memberships
  access_keys: AccessKeys
  revoked_tokens: RevokedTokens
  registries: Registries
  serves: Serves
  storage_connections: StorageConnectionsTable
  storage_buckets: StorageBuckets
  output_claims: OutputClaims
  algorithms: DocumentsTable
  experiments: ExperimentsTable
  job_tags: JobTags
  job_hosts: JobHosts
  quotas: Quotas
  /** Kysely's own; read only, to refuse a newer schema. */
  kysely_migration: { name: GeneratedAlways<string> }
}

/** A handle on the rows; a transaction is one too. */
export type Rows = Kysely<Tables>
