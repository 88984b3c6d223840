// Substring search that means the same on SQLite and PostgreSQL.
import { type Expression, type RawBuilder, sql } from 'kysely'

/** Does `column` contain `text`? `%` and `_` in it are ordinary characters; case of ASCII letters is ignored. */
export const contains = (column: Expression<string>, text: string): RawBuilder<boolean> =>
  foldedContains(sql`lower(${column})`, text)

/** The same of a column whose ASCII letters are small already. */
export function foldedContains(column: Expression<string>, text: string): RawBuilder<boolean> {
  const pattern = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/[\\%_]/g, '\\$&')
  return sql`${column} like ${`%${pattern}%`} escape '\\'`
}
