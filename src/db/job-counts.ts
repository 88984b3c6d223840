// Numbers of jobs, as they are kept by group (migrations/0011-search.ts).
import { type RawBuilder, sql } from 'kysely'
import type { Rows } from './tables.ts'

/** All jobs of a project. */
export const jobsOfProject = (db: Rows, projectId: string): Promise<number> =>
  sum(db, sql`g.project_id = ${projectId} and g.detail = 0`)

/** Those that one user made. */
export const jobsOfUser = (db: Rows, projectId: string, userName: string): Promise<number> =>
  sum(db, sql`g.project_id = ${projectId} and g.detail = 1 and g.user_name = ${userName}`)

async function sum(db: Rows, condition: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ jobs: number }>`
    select cast(coalesce(sum(g.jobs), 0) as bigint) as jobs from counted_groups g where ${condition}
  `.execute(db)
  return rows[0]?.jobs ?? 0
}

/** The workspaces that jobs of a project are in. */
export async function listWorkspaces(db: Rows, projectId: string): Promise<string[]> {
  const { rows } = await sql<{ workspace_id: string }>`
    select g.workspace_id from counted_groups g where g.project_id = ${projectId} and g.detail = 0
    group by 1 having sum(g.jobs) > 0 order by 1
  `.execute(db)
  return rows.map((row) => row.workspace_id)
}
