// Connections to object stores elsewhere, by project and bucket; the seam between rows, object server and API.
import { AppError } from '../api/error.ts'

/** Where a store is and how it is spoken to. No secret in it. */
export type StorageConnection = {
  readonly name: string
  readonly endpoint: string
  readonly region: string | null
  readonly dialect: 'auto' | 'v4' | 'v2' | 'obs'
  readonly addressing: 'auto' | 'path' | 'host'
  readonly buckets: readonly string[]
  readonly accessKey: string
  readonly ca: string | null
  readonly hasSessionToken: boolean
  readonly updatedAtMs: number
}

export type StorageSecret = { readonly secretKey: string; readonly sessionToken: string | null }

/** All that is needed to ask the store. */
export type OpenConnection = StorageConnection & StorageSecret

export type NewConnection = Omit<StorageConnection, 'updatedAtMs' | 'hasSessionToken'> & StorageSecret

export interface StorageConnectionStore {
  /** By name. Without secrets. */
  list(projectId: string): Promise<StorageConnection[]>
  find(projectId: string, name: string): Promise<OpenConnection | null>
  /** The connection a bucket is in. */
  findByBucket(projectId: string, bucket: string): Promise<OpenConnection | null>
  /** Makes it or replaces it. Throws AppError StorageBucketTaken when another one has a bucket. */
  put(projectId: string, connection: NewConnection): Promise<StorageConnection>
  /** false when there was none. */
  remove(projectId: string, name: string): Promise<boolean>
}

export type StorageTest = {
  readonly ok: boolean
  readonly dialect: string | null
  readonly buckets: ReadonlyArray<{ readonly bucket: string; readonly ok: boolean; readonly message: string }>
}

/** Asks a store itself. Never rejects for what the store says. */
export type TestStorage = (connection: OpenConnection, signal: AbortSignal) => Promise<StorageTest>

/** A connection's name. Throws AppError InvalidParam. */
export function connectionName(text: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,62}$/.test(text)) return text
  throw new AppError(
    'InvalidParam',
    `connection: got ${JSON.stringify(text.slice(0, 80))}; valid: 1 to 63 lower-case letters, digits, hyphens and underscores, such as obs-beijing`,
  )
}

/** Refuses endpoints that only this machine's own services listen to for it. Throws AppError InvalidParam. */
export function checkEndpoint(endpoint: string): void {
  const host = URL.parse(endpoint)?.hostname
  const isMetadata = host === undefined || /^169\.254\.|^\[fe80:/i.test(host)
  if (isMetadata)
    throw new AppError(
      'InvalidParam',
      `endpoint: got ${JSON.stringify(endpoint.slice(0, 200))}; valid: the URL of an object store, no link-local address`,
    )
}
