// StorageConnectionStore over SQL.
import { AppError } from '../api/error.ts'
import type {
  NewConnection,
  OpenConnection,
  StorageConnection,
  StorageConnectionStore,
  StorageSecret,
} from '../job/storage-connections.ts'
import type { Clock } from '../lib/clock.ts'
import { seal, unseal } from './seal.ts'
import type { Rows, StorageConnectionsTable } from './tables.ts'

const connectionOf = (row: StorageConnectionsTable, buckets: readonly string[]): StorageConnection => ({
  name: row.name,
  endpoint: row.endpoint,
  region: row.region,
  dialect: row.dialect as StorageConnection['dialect'],
  addressing: row.addressing as StorageConnection['addressing'],
  buckets,
  accessKey: row.access_key,
  ca: row.ca,
  hasSessionToken: row.has_session_token === 1,
  updatedAtMs: row.updated_at,
})

const ownerOf = (projectId: string, name: string): string => `storage connection ${projectId} ${name}`

/** Throws DataFolderError from the find calls for a row that `secretKey` did not seal. */
export function createStorageConnectionStore(
  db: Rows,
  { secretKey, clock }: { secretKey: Uint8Array; clock: Clock },
): StorageConnectionStore {
  const bucketsOf = async (projectId: string): Promise<Map<string, string[]>> => {
    const rows = await db
      .selectFrom('storage_buckets')
      .select(['bucket', 'connection'])
      .where('project_id', '=', projectId)
      .orderBy('bucket')
      .execute()
    const found = new Map<string, string[]>()
    for (const { bucket, connection } of rows)
      found.set(connection, [...(found.get(connection) ?? []), bucket])
    return found
  }
  const find = async (projectId: string, name: string): Promise<OpenConnection | null> => {
    const row = await db
      .selectFrom('storage_connections')
      .selectAll()
      .where('project_id', '=', projectId)
      .where('name', '=', name)
      .executeTakeFirst()
    if (row === undefined) return null
    const buckets = (await bucketsOf(projectId)).get(name) ?? []
    const secret = JSON.parse(unseal(secretKey, ownerOf(projectId, name), row.secret)) as StorageSecret
    return { ...connectionOf(row, buckets), ...secret }
  }
  return {
    find,
    list: async (projectId) => {
      const rows = await db
        .selectFrom('storage_connections')
        .selectAll()
        .where('project_id', '=', projectId)
        .orderBy('name')
        .execute()
      const buckets = await bucketsOf(projectId)
      return rows.map((row) => connectionOf(row, buckets.get(row.name) ?? []))
    },
    findByBucket: async (projectId, bucket) => {
      const row = await db
        .selectFrom('storage_buckets')
        .select('connection')
        .where('project_id', '=', projectId)
        .where('bucket', '=', bucket)
        .executeTakeFirst()
      return row === undefined ? null : find(projectId, row.connection)
    },
    put: async (projectId, connection) => {
      const updatedAtMs = clock.now().getTime()
      await db.transaction().execute((rows) => write(rows, projectId, connection, secretKey, updatedAtMs))
      const { secretKey: _, sessionToken, ...shown } = connection
      return { ...shown, hasSessionToken: sessionToken !== null, updatedAtMs }
    },
    remove: async (projectId, name) => {
      const { numDeletedRows } = await db
        .deleteFrom('storage_connections')
        .where('project_id', '=', projectId)
        .where('name', '=', name)
        .executeTakeFirst()
      return numDeletedRows === 1n
    },
  }
}

async function write(
  db: Rows,
  projectId: string,
  connection: NewConnection,
  key: Uint8Array,
  updatedAtMs: number,
): Promise<void> {
  const { name, buckets, secretKey, sessionToken } = connection
  const values = {
    endpoint: connection.endpoint,
    region: connection.region,
    dialect: connection.dialect,
    addressing: connection.addressing,
    ca: connection.ca,
    access_key: connection.accessKey,
    secret: seal(key, ownerOf(projectId, name), JSON.stringify({ secretKey, sessionToken })),
    has_session_token: sessionToken === null ? 0 : 1,
    updated_at: updatedAtMs,
  }
  await db
    .insertInto('storage_connections')
    .values({ project_id: projectId, name, ...values })
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doUpdateSet(values))
    .execute()
  const taken = await db
    .selectFrom('storage_buckets')
    .select(['bucket', 'connection'])
    .where('project_id', '=', projectId)
    .where('bucket', 'in', [...buckets])
    .where('connection', '!=', name)
    .executeTakeFirst()
  if (taken)
    throw new AppError(
      'StorageBucketTaken',
      `buckets: ${taken.bucket} is in the connection ${taken.connection} already; valid: buckets that no other connection has`,
    )
  await db
    .deleteFrom('storage_buckets')
    .where('project_id', '=', projectId)
    .where('connection', '=', name)
    .execute()
  await db
    .insertInto('storage_buckets')
    .values(buckets.map((bucket) => ({ project_id: projectId, bucket, connection: name })))
    .execute()
}
