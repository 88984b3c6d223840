// Substring search that means the same on SQLite and PostgreSQL.
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { toText } from './job-rows.ts'

/** Does `column` contain `text`? `%` and `_` in it are ordinary characters; case of ASCII letters is ignored. */
export function contains(column: Expression<string>, text: string): RawBuilder<SqlBool> {
  const pattern = toText(text)
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/[\\%_]/g, '\\$&')
  return sql<SqlBool>`lower(${column}) like ${`%${pattern}%`} escape '\\'`
}
