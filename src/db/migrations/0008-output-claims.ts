// Which folders of object storage unfinished jobs write their outputs to: two jobs must not write into one unawares.
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('output_claims')
    .addColumn('job_id', text, (column) => column.notNull().references('jobs.id').onDelete('cascade'))
    .addColumn('bucket', text, (column) => column.notNull())
    /** Key of the folder with its "/"; empty: the whole bucket. */
    .addColumn('folder', text, (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('output_claims_by_folder')
    .on('output_claims')
    .columns(['bucket', 'folder'])
    .execute()
  await db.schema.createIndex('output_claims_by_job').on('output_claims').column('job_id').execute()
}
