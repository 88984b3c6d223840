// A year of jobs, made inside the database by one statement: finished ones, and the newest still live. For tests and bench/.
import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { isPostgres } from '../../src/db/is-postgres.ts'
import { toNewRow } from '../../src/db/job-rows.ts'
import { MIGRATIONS } from '../../src/db/migrate.ts'
import type { Rows } from '../../src/db/tables.ts'
import { changeOf, newJob } from './store-fixture.ts'

export type Seeds = { readonly finished: number; readonly live: number; readonly untilMs: number }

const YEAR_MS = 365 * 86_400_000
const NAMES = ['bert', 'glm', 'llama', 'resnet', 'qwen', 'yolo', 'whisper', 'unet']
const NAME = 'name-of-this-job'

/** The first project, which a server answers for. */
export const SEEDED_PROJECT = '0123456789abcdef0123456789abcdef'

/** The name of the nth job, as the database makes it. */
export const nameOf = (n: number): string => `${NAMES[n % NAMES.length]}-${n}`

/** Its id. */
export const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** Brings an empty database to the schema before `name`, so that what comes after can be timed over many rows. */
export async function migrateBefore(db: Rows, name: string): Promise<void> {
  const names = Object.keys(MIGRATIONS).sort()
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  const { error } = await migrator.migrateTo(names[names.indexOf(name) - 1] ?? '')
  if (error !== undefined) throw error
}

/** `untilMs`: the time of the newest; every fiftieth is in the workspace `other`. */
export async function seedJobs(db: Rows, { finished, live, untilMs }: Seeds): Promise<void> {
  await db
    .insertInto('projects')
    .values({ id: SEEDED_PROJECT, name: 'default', description: '', enabled: 1, created_at: 0 })
    .execute()
  const total = finished + live
  const phase = sql`case
    when n > ${sql.lit(finished)} then case when n % 100 = 1 then 'Running' else 'Pending' end
    when n % 100 < 70 then 'Completed' when n % 100 < 90 then 'Failed'
    when n % 100 < 98 then 'Terminated' else 'Abnormal' end`
  const made = newJob({ name: NAME, job: { projectId: SEEDED_PROJECT, createTimeMs: 0 } })
  const row = toNewRow(made, 0, null, Buffer.alloc(32, 7), null)
  const { status } = changeOf({ phase: 'Completed', attempt: 1 })
  const name = sql`case n % ${sql.lit(NAMES.length)} ${sql.join(
    NAMES.map((word, index) => sql`when ${sql.lit(index)} then ${sql.lit(`${word}-`)}`),
    sql` `,
  )} end || n`
  const values = {
    ...row,
    seq: sql`n`,
    id: sql`'00000000-0000-4000-8000-' || substr('000000000000' || n, length(cast(n as text)) + 1)`,
    workspace_id: sql`case when n % 50 = 0 then 'other' else '0' end`,
    name,
    kind: sql`case when n % 97 = 0 then 'hetero_job' else 'job' end`,
    algorithm_name: sql`case when n % 10 < 7 then '' else 'algorithm-' || (n / 7 % 30) end`,
    runtime_type: sql`case when n % 89 = 0 then 'debug' else '' end`,
    user_name: sql`'user-' || (n * 31 % 101)`,
    create_time: sql`${sql.lit(untilMs - YEAR_MS)} + cast(n * ${sql.lit(YEAR_MS / total)} as bigint)`,
    request: sql`replace(${sql.lit(row.request)}, ${sql.lit(NAME)}, ${name})`,
    phase,
    shown_phase: phase,
    finished: sql`case when n > ${sql.lit(finished)} then 0 else 1 end`,
    status: sql`case when n > ${sql.lit(finished)} then ${sql.lit(row.status)} else ${sql.lit(JSON.stringify(status))} end`,
  }
  const keys = Object.keys(values)
  const numbers = isPostgres(db)
    ? sql`(select generate_series(1, ${sql.lit(total)}::bigint) as n) as numbers`
    : sql`(with recursive numbers (n) as (select 1 union all select n + 1 from numbers limit ${sql.lit(total)}) select n from numbers)`
  const literal = (value: unknown) =>
    value !== null && typeof value === 'object' ? value : sql.lit(value as string)
  await sql`insert into jobs (${sql.join(keys.map((key) => sql.ref(key)))})
    select ${sql.join(Object.values(values).map(literal))} from ${numbers}`.execute(db)
  if (isPostgres(db)) await sql`select setval('job_numbers', ${total}::bigint)`.execute(db)
  else await db.updateTable('counters').set({ value: total }).where('name', '=', 'job').execute()
}
