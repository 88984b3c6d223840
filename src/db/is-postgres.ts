// The few places where one schema or statement cannot be written for both databases ask here.
import { type Kysely, PostgresAdapter } from 'kysely'

export const isPostgres = <T>(db: Kysely<T>): boolean => db.getExecutor().adapter instanceof PostgresAdapter
