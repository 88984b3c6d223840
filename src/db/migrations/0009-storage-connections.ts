// Object stores elsewhere: one connection per project and name, and which buckets are in it. The secret is sealed like
// access keys (seal.ts).
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('storage_connections')
    .addColumn('project_id', text, (column) => column.notNull().references('projects.id').onDelete('cascade'))
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('endpoint', text, (column) => column.notNull())
    .addColumn('region', text)
    .addColumn('dialect', text, (column) => column.notNull())
    .addColumn('addressing', text, (column) => column.notNull())
    .addColumn('ca', text)
    .addColumn('access_key', text, (column) => column.notNull())
    .addColumn('secret', text, (column) => column.notNull())
    .addColumn('has_session_token', 'integer', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('storage_connections_key', ['project_id', 'name'])
    .execute()
  await db.schema
    .createTable('storage_buckets')
    .addColumn('project_id', text, (column) => column.notNull())
    .addColumn('bucket', text, (column) => column.notNull())
    .addColumn('connection', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('storage_buckets_key', ['project_id', 'bucket'])
    .addForeignKeyConstraint(
      'storage_buckets_connection',
      ['project_id', 'connection'],
      'storage_connections',
      ['project_id', 'name'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .execute()
}
