// The serves that work on a database, and which of them has a job's tasks and logs.
import type { Keeper } from '../job/store.ts'
import type { Rows } from './tables.ts'

/** Writes down where this serve is, as of now. */
export async function announceServe(db: Rows, { serveId, hostName, endpoint }: Keeper): Promise<void> {
  const place = { host_name: hostName, endpoint }
  await db
    .insertInto('serves')
    .values({ id: serveId, ...place })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(place))
    .execute()
}

/** The serve that has a job's tasks and logs, when it is another than this one. */
export async function keeperOf(db: Rows, serveId: string, jobId: string): Promise<Keeper | null> {
  const row = await db
    .selectFrom('jobs')
    .leftJoin('serves', 'serves.id', 'jobs.serve_id')
    .select(['jobs.serve_id', 'serves.host_name', 'serves.endpoint'])
    .where('jobs.id', '=', jobId)
    .executeTakeFirst()
  if (row === undefined || row.serve_id === null || row.serve_id === serveId) return null
  return { serveId: row.serve_id, hostName: row.host_name ?? '', endpoint: row.endpoint ?? '' }
}
