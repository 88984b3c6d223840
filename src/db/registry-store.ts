// RegistryStore over SQL.
import type { RegistryStore } from '../job/registries.ts'
import type { Clock } from '../lib/clock.ts'
import { seal, unseal } from './seal.ts'
import type { Rows } from './tables.ts'

/** Throws DataFolderError from `find` for a row that `secretKey` did not seal. */
export function createRegistryStore(
  db: Rows,
  { secretKey, clock }: { secretKey: Uint8Array; clock: Clock },
): RegistryStore {
  const ownerOf = (projectId: string, host: string): string => `registry login ${projectId} ${host}`
  return {
    list: async (projectId) => {
      const rows = await db
        .selectFrom('registries')
        .select(['host', 'user_name', 'updated_at'])
        .where('project_id', '=', projectId)
        .orderBy('host')
        .execute()
      return rows.map((row) => ({
        host: row.host,
        userName: row.user_name,
        updatedAtMs: row.updated_at,
      }))
    },
    find: async (projectId, host) => {
      const row = await db
        .selectFrom('registries')
        .selectAll()
        .where('project_id', '=', projectId)
        .where('host', '=', host)
        .executeTakeFirst()
      if (row === undefined) return null
      return {
        host,
        userName: row.user_name,
        password: unseal(secretKey, ownerOf(projectId, host), row.password),
      }
    },
    put: async (projectId, { host, userName, password }) => {
      const values = {
        user_name: userName,
        password: seal(secretKey, ownerOf(projectId, host), password),
        updated_at: clock.now().getTime(),
      }
      await db
        .insertInto('registries')
        .values({ project_id: projectId, host, ...values })
        .onConflict((conflict) => conflict.columns(['project_id', 'host']).doUpdateSet(values))
        .execute()
      return { host, userName, updatedAtMs: values.updated_at }
    },
    remove: async (projectId, host) => {
      const { numDeletedRows } = await db
        .deleteFrom('registries')
        .where('project_id', '=', projectId)
        .where('host', '=', host)
        .executeTakeFirst()
      return numDeletedRows === 1n
    },
  }
}
