// What stands beside jobs in a project: stored algorithms, experiments, tags and quotas. Jobs learn who asked for them
// twice (client_token), which experiment they belong to, and which hosts they have been on.
import { type Kysely, sql } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema.alterTable('jobs').addColumn('client_token', text).execute()
  await db.schema.alterTable('jobs').addColumn('request_digest', text).execute()
  await db.schema.alterTable('jobs').addColumn('experiment_id', text).execute()
  await db.schema.alterTable('jobs').addColumn('experiment_serial', 'bigint').execute()
  await sql`create unique index jobs_by_token on jobs (project_id, client_token) where client_token is not null`.execute(
    db,
  )
  await sql`create index jobs_by_experiment on jobs (experiment_id) where experiment_id is not null`.execute(
    db,
  )
  await makeDocuments(db, 'algorithms')
  await makeExperiments(db)
  await makeTags(db)
  await db.schema
    .createTable('job_hosts')
    .addColumn('job_id', text, (column) => column.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('serve_id', text, (column) => column.notNull())
    .addColumn('host_id', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('job_hosts_key', ['job_id', 'serve_id', 'host_id'])
    .execute()
  await db.schema
    .createTable('quotas')
    .addColumn('project_id', text, (column) => column.notNull().references('projects.id').onDelete('cascade'))
    // Empty: for every user of the project.
    .addColumn('user_name', text, (column) => column.notNull())
    .addColumn('resource', text, (column) => column.notNull())
    .addColumn('quota', 'bigint', (column) => column.notNull())
    .addColumn('extra_info', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('quotas_key', ['project_id', 'user_name', 'resource'])
    .execute()
}

/** A name, what is listed by, and the document whole. */
async function makeDocuments(db: Kysely<unknown>, table: string): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable(table)
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('project_id', text, (column) => column.notNull().references('projects.id').onDelete('cascade'))
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('user_name', text, (column) => column.notNull())
    .addColumn('create_time', 'bigint', (column) => column.notNull())
    .addColumn('update_time', 'bigint', (column) => column.notNull())
    .addColumn('document', text, (column) => column.notNull())
    .addUniqueConstraint(`${table}_name_unique`, ['project_id', 'workspace_id', 'name'])
    .execute()
}

async function makeExperiments(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('experiments')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('project_id', text, (column) => column.notNull().references('projects.id').onDelete('cascade'))
    .addColumn('workspace_id', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('description', text, (column) => column.notNull())
    .addColumn('create_time', 'bigint', (column) => column.notNull())
    .addColumn('update_time', 'bigint', (column) => column.notNull())
    // Numbers the jobs of an experiment; a number is never given twice.
    .addColumn('last_serial', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('experiments_name_unique', ['project_id', 'workspace_id', 'name'])
    .execute()
}

async function makeTags(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('job_tags')
    .addColumn('job_id', text, (column) => column.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('value', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('job_tags_key', ['job_id', 'key'])
    .execute()
  await db.schema.createIndex('job_tags_by_key').on('job_tags').columns(['key', 'value']).execute()
}
