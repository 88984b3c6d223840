// Rows of access keys. Verifying a signature needs the secret itself (HMAC), so it stands there sealed with secret.key.
import type { AccessKey, KeyChange, NewKey } from '../auth/identity.ts'
import { newAccessKey, newSecretKey } from '../lib/id.ts'
import { seal, unseal } from './seal.ts'
import type { Rows } from './tables.ts'

const ownerOf = (accessKey: string): string => `access key ${accessKey}`

/** Oldest first. Throws DataFolderError for a row that another secret.key sealed. */
export async function readKeys(db: Rows, secretKey: Uint8Array): Promise<AccessKey[]> {
  const rows = await db
    .selectFrom('access_keys')
    .selectAll()
    .orderBy('created_at')
    .orderBy('access_key')
    .execute()
  return rows.map((row) => ({
    accessKey: row.access_key,
    secret: unseal(secretKey, ownerOf(row.access_key), row.secret_key),
    userId: row.user_id,
    projectId: row.project_id,
    description: row.description,
    enabled: row.enabled === 1,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
    lastUsedAtMs: row.last_used_at,
  }))
}

/** Makes a key for a user and project that exist. */
export async function insertKey(
  db: Rows,
  secretKey: Uint8Array,
  wanted: NewKey,
  nowMs: number,
): Promise<AccessKey> {
  const accessKey = newAccessKey()
  const secret = newSecretKey()
  const made = { accessKey, secret, enabled: true, createdAtMs: nowMs, lastUsedAtMs: null, ...wanted }
  await db
    .insertInto('access_keys')
    .values({
      access_key: accessKey,
      user_id: wanted.userId,
      project_id: wanted.projectId,
      secret_key: seal(secretKey, ownerOf(accessKey), secret),
      description: wanted.description,
      enabled: 1,
      created_at: nowMs,
      expires_at: wanted.expiresAtMs,
      last_used_at: null,
    })
    .execute()
  return made
}

/** The columns of a change. */
export const keyColumns = ({ enabled, description, expiresAtMs }: KeyChange) => ({
  ...(enabled === undefined ? {} : { enabled: enabled ? 1 : 0 }),
  ...(description === undefined ? {} : { description }),
  ...(expiresAtMs === undefined ? {} : { expires_at: expiresAtMs }),
})
