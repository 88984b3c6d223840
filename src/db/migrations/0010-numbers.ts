// PostgreSQL hands out numbers by sequences: the row that stayed locked until its transaction ended kept everybody who
// made a job or told of one waiting for the disk of the one before. SQLite has one writer at a time and keeps the rows.
import { type Kysely, sql } from 'kysely'
import { isPostgres } from '../is-postgres.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  if (!isPostgres(db)) return
  for (const name of ['job', 'event']) {
    const sequence = `${name}_numbers`
    await sql`create sequence ${sql.id(sequence)}`.execute(db)
    await sql`
      select setval(${sequence}::regclass, greatest(value, 1), value > 0) from counters where name = ${name}
    `.execute(db)
  }
  await sql`drop table counters`.execute(db)
}
