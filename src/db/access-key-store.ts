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
      const rows = await db
        .selectFrom('access_keys')
        .selectAll()
        .orderBy('created_at')
        .orderBy('access_key')
        .execute()
      const keys = rows.map((row) => ({
        accessKey: row.access_key,
        secret: unseal(secretKey, ownerOf(row.access_key), row.secret_key),
        projectId: row.project_id,
        userName: row.user_name,
        scope: row.scope,
        expiresAtMs: row.expires_at,
      }))
      known.clear()
      for (const key of keys) known.set(key.accessKey, key)
      return known
    },
    findSecret: (accessKey) => known.get(accessKey),
    ensureFirst: async () => {
      await store.load()
      const nowMs = clock.now().getTime()
      const projectId = await ensureFirstProject(db, nowMs)
      const live = [...known.values()].find(
        (key) => key.projectId === projectId && (key.expiresAtMs === null || key.expiresAtMs > nowMs),
      )
      if (live) return { ...live, created: false }
      return {
        ...(await store.add({ projectId, userName: FIRST.userName, expiresAtMs: null })),
        created: true,
      }
    },
    add: async ({ projectId, userName, expiresAtMs }) => {
      const key = {
        accessKey: newAccessKey(),
        secret: newSecretKey(),
        projectId,
        userName,
        scope: FIRST.scope,
        expiresAtMs,
      }
      await insertKey(db, key, seal(secretKey, ownerOf(key.accessKey), key.secret), clock.now().getTime())
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

/** Two replicas may start at once: whoever inserts second takes what is there. */
async function ensureFirstProject(db: Rows, nowMs: number): Promise<string> {
  // 32 hex digits, the form of project ids in ModelArts' samples.
  await db
    .insertInto('projects')
    .values({ id: newUuid().replaceAll('-', ''), name: FIRST.projectName, created_at: nowMs })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  const { id } = await db
    .selectFrom('projects')
    .select('id')
    .where('name', '=', FIRST.projectName)
    .executeTakeFirstOrThrow()
  return id
}

async function insertKey(db: Rows, key: AccessKey, sealedSecret: string, nowMs: number): Promise<void> {
  await db
    .insertInto('access_keys')
    .values({
      access_key: key.accessKey,
      project_id: key.projectId,
      user_name: key.userName,
      scope: key.scope,
      secret_key: sealedSecret,
      created_at: nowMs,
      expires_at: key.expiresAtMs,
    })
    .execute()
}
