// The index that leads from a part of a name to its jobs. It needs the extension pg_trgm, which comes with PostgreSQL and
// which the owner of a database may add since version 13; where it is missing, such a search looks at all names instead.
import { sql } from 'kysely'
import type { Rows } from './tables.ts'

const INDEX = 'job_names_by_trigram'

/** Makes it unless it is there. Returns why not, or null. */
export async function ensureTrigrams(db: Rows): Promise<Error | null> {
  try {
    await db.transaction().execute(async (transaction) => {
      // Of two servers that start at once one would fail.
      await sql`select pg_advisory_xact_lock(hashtext('ropeway trigrams'))`.execute(transaction)
      const { rows } = await sql`select 1 where to_regclass(${INDEX}) is not null`.execute(transaction)
      if (rows.length > 0) return
      await sql`create extension if not exists pg_trgm`.execute(transaction)
      await sql`create index ${sql.id(INDEX)} on job_names using gin (name gin_trgm_ops)`.execute(transaction)
    })
    return null
  } catch (error) {
    return error as Error
  }
}
