// Substring search that means the same on SQLite and PostgreSQL.
import { type Expression, type RawBuilder, sql } from 'kysely'
import { isPostgres } from './is-postgres.ts'
import { toText } from './job-rows.ts'
import type { Rows } from './tables.ts'

/** Does `column` contain `text`? `%` and `_` in it are ordinary characters; case of ASCII letters is ignored. */
export function contains(db: Rows, column: Expression<string>, text: string): RawBuilder<boolean> {
  const pattern = toText(text)
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/[\\%_]/g, '\\$&')
  // SQLite's `like` ignores that case by itself; it need not make a copy of every text that it looks at.
  const lower = isPostgres(db) ? sql`lower(${column})` : column
  return sql`${lower} like ${`%${pattern}%`} escape '\\'`
}
