// Substring search that means the same on SQLite and PostgreSQL.
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'

/** Does `column` contain `text`? `%` and `_` in it are ordinary characters; case of ASCII letters is ignored. */
export const contains = (column: Expression<string>, text: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`lower(${column}) like lower(${`%${text.replace(/[\\%_]/g, '\\$&')}%`}) escape '\\'`
