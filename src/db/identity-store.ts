// IdentityStore over SQL.
import { sql } from 'kysely'
import type { IdentitySnapshot, IdentityStore, Project, User, UserChange } from '../auth/identity.ts'
import type { Role } from '../auth/principal.ts'
import type { Clock } from '../lib/clock.ts'
import { ensureFirst, type First, newId } from './identity-first.ts'
import { insertKey, keyColumns, readKeys } from './identity-keys.ts'
import type { Rows } from './tables.ts'

type Options = { readonly secretKey: Uint8Array; readonly clock: Clock }
type Store = IdentityStore & { ensureFirst(): Promise<First> }

/** Throws DataFolderError from whatever meets a key that `secretKey` did not seal. */
export const createIdentityStore = (db: Rows, options: Options): Store => ({
  read: () => readAll(db, options),
  ensureFirst: () =>
    db.transaction().execute((transaction) => ensureFirst(transaction, options.secretKey, nowMs(options))),
  ...users(db, options),
  ...projects(db, options),
  ...keys(db, options),
  revokeToken: async (id, expiresAtMs) => {
    await db.deleteFrom('revoked_tokens').where('expires_at', '<=', nowMs(options)).execute()
    await db
      .insertInto('revoked_tokens')
      .values({ id, expires_at: expiresAtMs })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  },
})

const nowMs = ({ clock }: Options): number => clock.now().getTime()

async function readAll(db: Rows, options: Options): Promise<IdentitySnapshot> {
  const userRows = await db.selectFrom('users').selectAll().orderBy('name').execute()
  const projectRows = await db.selectFrom('projects').selectAll().orderBy('name').execute()
  const memberRows = await db.selectFrom('memberships').selectAll().execute()
  const revoked = await db
    .selectFrom('revoked_tokens')
    .select('id')
    .where('expires_at', '>', nowMs(options))
    .execute()
  return {
    users: userRows.map((row) => ({
      id: row.id,
      name: row.name,
      enabled: row.enabled === 1,
      administrator: row.administrator === 1,
      passwordHash: row.password,
      epoch: row.epoch,
      createdAtMs: row.created_at,
    })),
    projects: projectRows.map((row) => ({
      id: row.id,
      name: row.name,
      description: row.description,
      enabled: row.enabled === 1,
      createdAtMs: row.created_at,
    })),
    memberships: memberRows.map((row) => ({
      userId: row.user_id,
      projectId: row.project_id,
      role: row.role as Role,
    })),
    keys: await readKeys(db, options.secretKey),
    revokedTokens: revoked.map(({ id }) => id),
  }
}

type UserPart = Pick<IdentityStore, 'addUser' | 'changeUser' | 'removeUser' | 'setMember' | 'removeMember'>

const users = (db: Rows, options: Options): UserPart => ({
  addUser: async ({ name, administrator, passwordHash }) => {
    const made: User = {
      ...{ id: newId(), name, enabled: true, administrator, passwordHash, epoch: 0 },
      createdAtMs: nowMs(options),
    }
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('users')
      .values({
        ...{ id: made.id, name, enabled: 1, administrator: administrator ? 1 : 0 },
        ...{ password: passwordHash, epoch: 0, created_at: made.createdAtMs },
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows === 1n ? made : 'taken'
  },
  changeUser: async (id, change) => {
    const columns = userColumns(change)
    const { numUpdatedRows } = await db
      .updateTable('users')
      .set({ ...columns, name: sql<string>`name` })
      .where('id', '=', id)
      .executeTakeFirst()
    return numUpdatedRows === 1n
  },
  removeUser: async (id) => {
    const { numDeletedRows } = await db.deleteFrom('users').where('id', '=', id).executeTakeFirst()
    return numDeletedRows === 1n
  },
  setMember: async ({ userId, projectId, role }) => {
    await db
      .insertInto('memberships')
      .values({ user_id: userId, project_id: projectId, role })
      .onConflict((conflict) => conflict.columns(['user_id', 'project_id']).doUpdateSet({ role }))
      .execute()
  },
  removeMember: async (userId, projectId) => {
    const { numDeletedRows } = await db
      .deleteFrom('memberships')
      .where('user_id', '=', userId)
      .where('project_id', '=', projectId)
      .executeTakeFirst()
    return numDeletedRows === 1n
  },
})

/** Another password, or being disabled, makes what was handed out before void. */
const userColumns = ({ enabled, administrator, passwordHash }: UserChange) => ({
  ...(enabled === undefined ? {} : { enabled: enabled ? 1 : 0 }),
  ...(administrator === undefined ? {} : { administrator: administrator ? 1 : 0 }),
  ...(passwordHash === undefined ? {} : { password: passwordHash }),
  ...(enabled === false || passwordHash !== undefined ? { epoch: sql<number>`epoch + 1` } : {}),
})

type ProjectPart = Pick<IdentityStore, 'addProject' | 'changeProject' | 'removeProject'>

const projects = (db: Rows, options: Options): ProjectPart => ({
  addProject: async ({ name, description }) => {
    const made: Project = { id: newId(), name, description, enabled: true, createdAtMs: nowMs(options) }
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('projects')
      .values({ id: made.id, name, description, enabled: 1, created_at: made.createdAtMs })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst()
    return numInsertedOrUpdatedRows === 1n ? made : 'taken'
  },
  changeProject: async (id, { enabled, description }) => {
    const columns = {
      ...(enabled === undefined ? {} : { enabled: enabled ? 1 : 0 }),
      ...(description === undefined ? {} : { description }),
    }
    const { numUpdatedRows } = await db
      .updateTable('projects')
      .set({ ...columns, name: sql<string>`name` })
      .where('id', '=', id)
      .executeTakeFirst()
    return numUpdatedRows === 1n
  },
  removeProject: (id) =>
    db.transaction().execute(async (transaction) => {
      const job = await transaction
        .selectFrom('jobs')
        .select('id')
        .where('project_id', '=', id)
        .limit(1)
        .execute()
      if (job.length > 0) return 'used'
      const { numDeletedRows } = await transaction
        .deleteFrom('projects')
        .where('id', '=', id)
        .executeTakeFirst()
      return numDeletedRows === 1n ? 'removed' : 'unknown'
    }),
})

type KeyPart = Pick<IdentityStore, 'addKey' | 'changeKey' | 'removeKey' | 'noteUse'>

const keys = (db: Rows, options: Options): KeyPart => ({
  addKey: (key) => insertKey(db, options.secretKey, key, nowMs(options)),
  changeKey: async (accessKey, change) => {
    const { numUpdatedRows } = await db
      .updateTable('access_keys')
      .set({ ...keyColumns(change), access_key: accessKey })
      .where('access_key', '=', accessKey)
      .executeTakeFirst()
    return numUpdatedRows === 1n
  },
  removeKey: async (accessKey) => {
    const { numDeletedRows } = await db
      .deleteFrom('access_keys')
      .where('access_key', '=', accessKey)
      .executeTakeFirst()
    return numDeletedRows === 1n
  },
  noteUse: async (uses) => {
    await db.transaction().execute(async (transaction) => {
      for (const [accessKey, atMs] of uses)
        await transaction
          .updateTable('access_keys')
          .set({ last_used_at: atMs })
          .where('access_key', '=', accessKey)
          .execute()
    })
  },
})
