// Where the serves of a database are, so that one can tell people where to find what only another one has.
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('serves')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('host_name', text, (column) => column.notNull())
    .addColumn('endpoint', text, (column) => column.notNull())
    .execute()
}
