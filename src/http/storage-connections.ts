// Connections to object stores elsewhere.
import { AppError } from '../api/error.ts'
import type { StorageConnectionBody } from '../api/storage-connection.ts'
import { checkEndpoint, connectionName, type StorageConnection } from '../job/storage-connections.ts'
import type { Handlers } from './handlers.ts'
import type { ApiContext, ApiParts } from './parts.ts'

type Names =
  | 'listStorageConnections'
  | 'putStorageConnection'
  | 'deleteStorageConnection'
  | 'testStorageConnection'

export const storageConnectionHandlers = (parts: ApiParts): Handlers<Names> => ({
  listStorageConnections: async ({ context }) => {
    const found = await parts.storageConnections.list(projectOf(context))
    return { total: found.length, connections: found.map(bodyOf) }
  },
  putStorageConnection: async ({ context, body }) => {
    const name = nameOf(context)
    checkEndpoint(body.endpoint)
    const buckets = [...new Set(body.buckets)]
    await refuseEmbedded(parts, projectOf(context), buckets)
    const connection = {
      ...{ name, endpoint: body.endpoint, buckets },
      region: body.region ?? null,
      dialect: body.dialect ?? 'auto',
      addressing: body.addressing ?? 'auto',
      ca: body.ca ?? null,
      accessKey: body.access_key,
      secretKey: body.secret_key,
      sessionToken: body.session_token ?? null,
    }
    return bodyOf(await parts.storageConnections.put(projectOf(context), connection))
  },
  deleteStorageConnection: async ({ context }) => {
    const name = nameOf(context)
    if (!(await parts.storageConnections.remove(projectOf(context), name))) throw notFound(name)
    return {}
  },
  testStorageConnection: async ({ context }) => {
    const name = nameOf(context)
    const connection = await parts.storageConnections.find(projectOf(context), name)
    if (connection === null) throw notFound(name)
    const { ok, dialect, buckets } = await parts.testStorage(connection, context.req.raw.signal)
    return { ok, dialect, buckets: [...buckets] }
  },
})

/** A bucket with objects here would be hidden by one of the same name elsewhere. */
async function refuseEmbedded(parts: ApiParts, projectId: string, buckets: readonly string[]): Promise<void> {
  const here = new Set(await parts.embeddedBuckets(projectId))
  const taken = buckets.find((bucket) => here.has(bucket))
  if (taken !== undefined)
    throw new AppError(
      'StorageBucketTaken',
      `buckets: ${taken} is a bucket of this server; valid: names that are not in its own object store`,
    )
}

const nameOf = (context: ApiContext): string => connectionName(context.req.param('connection') ?? '')
const projectOf = (context: ApiContext): string => context.get('principal').projectId

const bodyOf = (connection: StorageConnection): StorageConnectionBody => ({
  name: connection.name,
  endpoint: connection.endpoint,
  region: connection.region,
  dialect: connection.dialect,
  addressing: connection.addressing,
  buckets: [...connection.buckets],
  access_key: connection.accessKey,
  has_ca: connection.ca !== null,
  has_session_token: connection.hasSessionToken,
  update_time: connection.updatedAtMs,
})

const notFound = (name: string): AppError =>
  new AppError(
    'StorageConnectionNotFound',
    `connection: got ${JSON.stringify(name)}; valid: the name of a connection of this project`,
  )
