// Data folders made before the first release have a column in `reports` that nothing reads or fills any more.
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  const tables = await db.introspection.getTables()
  const reports = tables.find(({ name }) => name === 'reports')
  if (reports?.columns.some(({ name }) => name === 'received_at'))
    await db.schema.alterTable('reports').dropColumn('received_at').execute()
}
