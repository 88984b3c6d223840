// The type of every text column.
import { type Kysely, type RawBuilder, sql } from 'kysely'
import { isPostgres } from '../is-postgres.ts'

/**
 * Bytes in their order, as SQLite has it. Else PostgreSQL would order by the language of the database, and an index
 * that does so breaks when an upgrade of the system changes that language's rules.
 */
export const textType = (db: Kysely<unknown>): 'text' | RawBuilder<unknown> =>
  isPostgres(db) ? sql`text collate "C"` : 'text'
