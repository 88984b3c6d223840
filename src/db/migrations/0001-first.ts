// The first schema (decisions.md 3.3). Written with types and constraints that SQLite and PostgreSQL both have.
import { type Kysely, sql } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await makeCounters(db)
  await makeJobs(db)
  await makeHistory(db)
  await makeBookings(db)
  await makeAccessKeys(db)
}

/**
 * Numbers that grow, as rows instead of sequences: the row stays locked until its transaction ends, so numbers become
 * visible in their order, and who reads "everything above N" misses nothing.
 */
async function makeCounters(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('counters')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute()
  await sql`insert into counters (name, value) values ('job', 0), ('event', 0)`.execute(db)
}

async function makeJobs(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('jobs')
    .addColumn('seq', 'bigint', (column) => column.primaryKey())
    .addColumn('id', text, (column) => column.notNull().unique())
    .addColumn('project_id', text, (column) => column.notNull())
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    // Beside the document: one column for each search filter (modelarts.md §1.6).
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('algorithm_name', text, (column) => column.notNull())
    .addColumn('runtime_type', text, (column) => column.notNull())
    .addColumn('user_name', text, (column) => column.notNull())
    .addColumn('generation', 'integer', (column) => column.notNull())
    .addColumn('create_time', 'bigint', (column) => column.notNull())
    .addColumn('description', text, (column) => column.notNull())
    .addColumn('request', text, (column) => column.notNull())
    .addColumn('secret_environment', text)
    // Intents.
    .addColumn('stop_requested_at', 'bigint')
    .addColumn('delete_requested_at', 'bigint')
    // Facts. shown_phase, placed and finished follow from the others and are kept for searching.
    .addColumn('cleaned_at', 'bigint')
    .addColumn('phase', text, (column) => column.notNull())
    .addColumn('shown_phase', text, (column) => column.notNull())
    .addColumn('placed', 'integer', (column) => column.notNull())
    .addColumn('finished', 'integer', (column) => column.notNull())
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    // Who may move it: serve_id null means any replica.
    .addColumn('serve_id', text)
    .addColumn('lease_owner', text)
    .addColumn('lease_token', 'bigint', (column) => column.notNull())
    .addColumn('lease_until', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('jobs_name_unique', ['project_id', 'workspace_id', 'name'])
    .execute()
  await db.schema
    .createIndex('jobs_by_time')
    .on('jobs')
    .columns(['project_id', 'workspace_id', 'create_time'])
    .execute()
  await sql`create index jobs_unfinished on jobs (seq) where finished = 0`.execute(db)
}

async function makeHistory(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('attempts')
    .addColumn('job_id', text, (column) => column.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('start_at', 'bigint', (column) => column.notNull())
    .addColumn('running_at', 'bigint')
    .addColumn('end_at', 'bigint')
    .addColumn('end_reason', text, (column) => column.notNull())
    .addColumn('exit_code', 'integer')
    .addPrimaryKeyConstraint('attempts_key', ['job_id', 'attempt'])
    .execute()
  await db.schema
    .createTable('events')
    .addColumn('sequence', 'bigint', (column) => column.primaryKey())
    .addColumn('job_id', text, (column) => column.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('time', 'bigint', (column) => column.notNull())
    .addColumn('level', text, (column) => column.notNull())
    .addColumn('source', text, (column) => column.notNull())
    .addColumn('reason', text, (column) => column.notNull())
    .addColumn('message', text, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('events_by_job').on('events').columns(['job_id', 'sequence']).execute()
  await db.schema
    .createTable('reports')
    .addColumn('job_id', text, (column) => column.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('task', text, (column) => column.notNull())
    .addColumn('sequence', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('reports_key', ['job_id', 'attempt', 'task', 'sequence'])
    .execute()
}

/** Host ids such as `sim-0` are a serve's own, so every key begins with the serve. */
async function makeBookings(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('bookings')
    .addColumn('job_id', text, (column) => column.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('task', text, (column) => column.notNull())
    .addColumn('task_index', 'integer', (column) => column.notNull())
    .addColumn('serve_id', text, (column) => column.notNull())
    .addColumn('host_id', text, (column) => column.notNull())
    .addColumn('cpu_cores', 'double precision', (column) => column.notNull())
    .addColumn('memory_bytes', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('bookings_key', ['job_id', 'task'])
    .execute()
  // The key is the promise that no device has two owners.
  await db.schema
    .createTable('booked_devices')
    .addColumn('serve_id', text, (column) => column.notNull())
    .addColumn('host_id', text, (column) => column.notNull())
    .addColumn('physical_id', 'integer', (column) => column.notNull())
    .addColumn('job_id', text, (column) => column.notNull())
    .addColumn('task', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('booked_devices_key', ['serve_id', 'host_id', 'physical_id'])
    .addForeignKeyConstraint(
      'booked_devices_owner',
      ['job_id', 'task'],
      'bookings',
      ['job_id', 'task'],
      (owner) => owner.onDelete('cascade'),
    )
    .execute()
  await db.schema
    .createIndex('booked_devices_by_owner')
    .on('booked_devices')
    .columns(['job_id', 'task'])
    .execute()
}

async function makeAccessKeys(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('projects')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', text, (column) => column.notNull().unique())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('access_keys')
    .addColumn('access_key', text, (column) => column.primaryKey())
    .addColumn('project_id', text, (column) => column.notNull().references('projects.id').onDelete('cascade'))
    .addColumn('user_name', text, (column) => column.notNull())
    .addColumn('scope', text, (column) => column.notNull())
    .addColumn('secret_key', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .execute()
}
