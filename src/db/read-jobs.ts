// Jobs that are known by their ids or numbers, however many.
import { sql } from 'kysely'
import type { Job } from '../job/job.ts'
import { toJob } from './job-rows.ts'
import type { Rows } from './tables.ts'

/** SQLite takes at most 32,766 values in one statement. */
const READ_AT_ONCE = 1_000

/** Those that are there, in any order. */
export async function readJobs(
  db: Rows,
  column: 'id' | 'seq',
  values: readonly (string | number)[],
): Promise<Job[]> {
  const jobs: Job[] = []
  for (let n = 0; n < values.length; n += READ_AT_ONCE) {
    const part = values.slice(n, n + READ_AT_ONCE)
    const rows = await db
      .selectFrom('jobs')
      .selectAll()
      .where(sql.ref<string | number>(column), 'in', part)
      .execute()
    jobs.push(...rows.map(toJob))
  }
  return jobs
}
