// QuotaStore over SQL, and the check of a new job against it.
import { AppError } from '../api/error.ts'
import { QUOTA_RESOURCES, type Quota, type QuotaStore, UNLIMITED } from '../job/quotas.ts'
import type { NewJob } from '../job/store.ts'
import { jobsOfUser } from './job-counts.ts'
import { lockNames } from './locks.ts'
import type { Rows } from './tables.ts'

/** Owns nothing: close the database instead. */
export function createQuotaStore(db: Rows): QuotaStore {
  return {
    list: async (projectId, userName) => {
      const set = await quotasOf(db, projectId, userName)
      const used = await jobsOfUser(db, projectId, userName)
      return QUOTA_RESOURCES.map((resource): Quota => {
        const row = set.get(resource)
        return {
          resource,
          quota: row?.quota ?? (resource === 'job-num' ? UNLIMITED : 0),
          used: resource === 'job-num' ? used : 0,
          extraInfo: row?.extra_info ?? '',
        }
      })
    },
    put: async (projectId, userName, quotas) => {
      await db.transaction().execute(async (transaction) => {
        for (const { resource, quota, extraInfo } of quotas) {
          const values = { quota, extra_info: extraInfo }
          await transaction
            .insertInto('quotas')
            .values({ project_id: projectId, user_name: userName, resource, ...values })
            .onConflict((conflict) =>
              conflict.columns(['project_id', 'user_name', 'resource']).doUpdateSet(values),
            )
            .execute()
        }
      })
    },
  }
}

/** By resource; the user's own hides that of the project. */
async function quotasOf(db: Rows, projectId: string, userName: string) {
  const rows = await db
    .selectFrom('quotas')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('user_name', 'in', ['', userName])
    .orderBy('user_name')
    .execute()
  return new Map(rows.map((row) => [row.resource, row]))
}

/** Throws AppError QuotaExceeded. Nothing is counted where nobody set a quota. */
export async function refuseOverQuota(transaction: Rows, { projectId, userName }: NewJob): Promise<void> {
  const quota = (await quotasOf(transaction, projectId, userName)).get('job-num')?.quota
  if (quota === undefined) return
  await lockNames(transaction, [{ name: `quota ${projectId} ${userName}` }])
  const used = await jobsOfUser(transaction, projectId, userName)
  if (used >= quota)
    throw new AppError(
      'QuotaExceeded',
      `job-num: user ${JSON.stringify(userName)} has ${used} jobs; valid: at most ${quota}, finished ones included`,
    )
}
