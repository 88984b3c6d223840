// Projects and their access keys. Verifying a signature needs the secret itself (HMAC), so it is kept sealed in the
// row and plain in memory, where it can be looked up while a request waits.

import type { Clock } from '../lib/clock.ts'
import { newAccessKey, newSecretKey, newUuid } from '../lib/id.ts'
import { seal, unseal } from './seal.ts'
import type { Rows } from './tables.ts'

/** What an access key stands for. `expiresAtMs` null: never. */
export type AccessKey = {
  readonly accessKey: string
  readonly secret: string
  readonly projectId: string
  readonly userName: string
  /** `project`: everything in the project. The one scope there is so far. */
  readonly scope: string
  readonly expiresAtMs: number | null
}

export interface AccessKeyStore {
  /** Reads all keys into memory and returns them; other calls keep the memory in step. */
  load(): Promise<ReadonlyMap<string, AccessKey>>
  /** Answers from memory, at once. An expired key is returned too: who asks compares `expiresAtMs`. */
  findSecret(accessKey: string): AccessKey | undefined
  /** The first project and a key of it that has not expired; made when missing, `created` tells. Loads. */
  ensureFirst(): Promise<AccessKey & { readonly created: boolean }>
  /** Makes a key for a project that exists. */
  add(key: { projectId: string; userName: string; expiresAtMs: number | null }): Promise<AccessKey>
  /** false when there was none. */
  remove(accessKey: string): Promise<boolean>
}

const FIRST = { projectName: 'default', userName: 'admin', scope: 'project' } as const

/** Throws DataFolderError from any call that meets a row which `secretKey` did not seal. */
export function createAccessKeyStore(
  db: Rows,
  options: { secretKey: Uint8Array; clock: Clock },
): AccessKeyStore {
  const { secretKey, clock } = options
  const known = new Map<string, AccessKey>()
  const store: AccessKeyStore = {
    load: async () => {
      const keys = await readKeys(db, secretKey)
      known.clear()
      for (const key of keys) known.set(key.accessKey, key)
      return known
    },
    findSecret: (accessKey) => known.get(accessKey),
    ensureFirst: async () => {
      const first = await db.transaction().execute(async (transaction) => {
        const nowMs = clock.now().getTime()
        const projectId = await holdFirstProject(transaction, nowMs)
        const live = (await readKeys(transaction, secretKey)).find(
          (key) => key.projectId === projectId && (key.expiresAtMs === null || key.expiresAtMs > nowMs),
        )
        if (live) return { ...live, created: false }
        const key = { ...newKey({ projectId, userName: FIRST.userName, expiresAtMs: null }), created: true }
        await insertKey(transaction, secretKey, key, nowMs)
        return key
      })
      await store.load()
      return first
    },
    add: async (wanted) => {
      const key = newKey(wanted)
      await insertKey(db, secretKey, key, clock.now().getTime())
      known.set(key.accessKey, key)
      return key
    },
    remove: async (accessKey) => {
      const { numDeletedRows } = await db
        .deleteFrom('access_keys')
        .where('access_key', '=', accessKey)
        .executeTakeFirst()
      known.delete(accessKey)
      return numDeletedRows === 1n
    },
  }
  return store
}

const ownerOf = (accessKey: string): string => `access key ${accessKey}`

const newKey = (parts: Pick<AccessKey, 'projectId' | 'userName' | 'expiresAtMs'>): AccessKey => ({
  accessKey: newAccessKey(),
  secret: newSecretKey(),
  scope: FIRST.scope,
  ...parts,
})

/** Oldest first. */
async function readKeys(db: Rows, secretKey: Uint8Array): Promise<AccessKey[]> {
  const rows = await db
    .selectFrom('access_keys')
    .selectAll()
    .orderBy('created_at')
    .orderBy('access_key')
    .execute()
  return rows.map((row) => ({
    accessKey: row.access_key,
    secret: unseal(secretKey, ownerOf(row.access_key), row.secret_key),
    projectId: row.project_id,
    userName: row.user_name,
    scope: row.scope,
    expiresAtMs: row.expires_at,
  }))
}

/**
 * The first project's id; it is made when missing and locked either way. Two replicas may start at once on an empty
 * database: the second then meets the first one's key, and one that seals with another secret.key stops right there.
 */
async function holdFirstProject(transaction: Rows, nowMs: number): Promise<string> {
  // 32 hex digits, the form of project ids in ModelArts' samples.
  await transaction
    .insertInto('projects')
    .values({ id: newUuid().replaceAll('-', ''), name: FIRST.projectName, created_at: nowMs })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  const { id } = await transaction
    .updateTable('projects')
    .set({ name: FIRST.projectName })
    .where('name', '=', FIRST.projectName)
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

async function insertKey(db: Rows, secretKey: Uint8Array, key: AccessKey, nowMs: number): Promise<void> {
  await db
    .insertInto('access_keys')
    .values({
      access_key: key.accessKey,
      project_id: key.projectId,
      user_name: key.userName,
      scope: key.scope,
      secret_key: seal(secretKey, ownerOf(key.accessKey), key.secret),
      created_at: nowMs,
      expires_at: key.expiresAtMs,
    })
    .execute()
}
