// What a server needs to begin with: a project, its administrator, and a key that credentials.json can name.
import type { AccessKey } from '../auth/identity.ts'
import { newUuid } from '../lib/id.ts'
import { insertKey, readKeys } from './identity-keys.ts'
import type { Rows } from './tables.ts'

/** The project that is always there. */
export const FIRST_PROJECT = 'default'
const FIRST_USER = 'admin'

/** 32 hex digits, the form of ids in ModelArts' samples. */
export const newId = (): string => newUuid().replaceAll('-', '')

/** `key` null: the administrators there are have none that works, and the first one is disabled or gone. */
export type First = { readonly projectId: string; readonly key: AccessKey | null }

/** Makes what is missing. Two servers may start at once on an empty database: the second one waits for the first. */
export async function ensureFirst(transaction: Rows, secretKey: Uint8Array, nowMs: number): Promise<First> {
  const projectId = await holdFirstProject(transaction, nowMs)
  const userId = await firstAdministrator(transaction, projectId, nowMs)
  const administrators = await transaction
    .selectFrom('users')
    .innerJoin('memberships', 'memberships.user_id', 'users.id')
    .select('users.id')
    .where('enabled', '=', 1)
    .where('administrator', '=', 1)
    .where('project_id', '=', projectId)
    .execute()
  const ids = new Set(administrators.map(({ id }) => id))
  // A server whose secret.key is another one's stops here, before it adds what nobody else could open.
  const working = (await readKeys(transaction, secretKey)).filter(
    (key) =>
      key.projectId === projectId &&
      key.enabled &&
      ids.has(key.userId) &&
      (key.expiresAtMs === null || key.expiresAtMs > nowMs),
  )
  // One that ends would have to be followed by another.
  const live = working.find(({ expiresAtMs }) => expiresAtMs === null) ?? working[0]
  if (live || userId === null || !ids.has(userId)) return { projectId, key: live ?? null }
  const wanted = { userId, projectId, description: 'made by the server', expiresAtMs: null }
  return { projectId, key: await insertKey(transaction, secretKey, wanted, nowMs) }
}

/** The first project's id; it is made when missing and locked either way. */
async function holdFirstProject(transaction: Rows, nowMs: number): Promise<string> {
  await transaction
    .insertInto('projects')
    .values({ id: newId(), name: FIRST_PROJECT, description: '', enabled: 1, created_at: nowMs })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  const { id } = await transaction
    .updateTable('projects')
    .set({ name: FIRST_PROJECT })
    .where('name', '=', FIRST_PROJECT)
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** The user that a server begins with; made only where there is no user at all, null when somebody removed it. */
async function firstAdministrator(
  transaction: Rows,
  projectId: string,
  nowMs: number,
): Promise<string | null> {
  const users = await transaction.selectFrom('users').select(['id', 'name']).execute()
  if (users.length > 0) return users.find(({ name }) => name === FIRST_USER)?.id ?? null
  return makeAdministrator(transaction, { name: FIRST_USER, passwordHash: null, projectId }, nowMs)
}

/** An administrator who is admin of a project too. */
export async function makeAdministrator(
  transaction: Rows,
  { name, passwordHash, projectId }: { name: string; passwordHash: string | null; projectId: string },
  nowMs: number,
): Promise<string> {
  const id = newId()
  const flags = { enabled: 1, administrator: 1, epoch: 0 }
  await transaction
    .insertInto('users')
    .values({ id, name, ...flags, password: passwordHash, created_at: nowMs })
    .execute()
  await transaction
    .insertInto('memberships')
    .values({ user_id: id, project_id: projectId, role: 'admin' })
    .execute()
  return id
}
