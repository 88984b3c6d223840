// Connections to object stores elsewhere; a project shares them.
import { z } from 'zod'
import type { Route } from '../route.ts'
import {
  storageConnection,
  storageConnectionList,
  storageConnectionPut,
  storageConnectionTest,
} from '../storage-connection.ts'

const CONNECTIONS = '/ropeway/v1/:project/storage-connections'

export const STORAGE_CONNECTION_ROUTES = {
  listStorageConnections: {
    method: 'GET',
    path: CONNECTIONS,
    success: 200,
    summary: 'Lists the object stores elsewhere that buckets of the project are in.',
    permission: 'ropeway:storageConnection:list',
    role: 'viewer',
    answer: storageConnectionList,
  },
  putStorageConnection: {
    method: 'PUT',
    path: `${CONNECTIONS}/:connection`,
    success: 200,
    summary: 'Says that buckets are in a store elsewhere, and with which keys.',
    permission: 'ropeway:storageConnection:update',
    // The server itself will send requests to the endpoint.
    role: 'admin',
    body: storageConnectionPut,
    answer: storageConnection,
    errors: ['InvalidParam', 'StorageBucketTaken', 'DiskFull'],
    example: {
      body: {
        endpoint: 'https://obs.cn-north-4.myhuaweicloud.com',
        region: 'cn-north-4',
        buckets: ['data-of-the-team'],
        access_key: 'AKEXAMPLE',
        secret_key: 'correct horse',
      },
    },
  },
  deleteStorageConnection: {
    method: 'DELETE',
    path: `${CONNECTIONS}/:connection`,
    success: 200,
    summary: 'Forgets a store elsewhere with its keys; what is in it stays.',
    permission: 'ropeway:storageConnection:delete',
    role: 'admin',
    answer: z.object({}),
    errors: ['InvalidParam', 'StorageConnectionNotFound'],
  },
  testStorageConnection: {
    method: 'POST',
    path: `${CONNECTIONS}/:connection/test`,
    success: 200,
    summary: 'Asks a store elsewhere for each of the buckets.',
    permission: 'ropeway:storageConnection:test',
    role: 'user',
    reads: true,
    // The store is sent requests that are signed with the keys.
    replay: 'at-once',
    answer: storageConnectionTest,
    errors: ['InvalidParam', 'StorageConnectionNotFound'],
  },
} as const satisfies Record<string, Route>
