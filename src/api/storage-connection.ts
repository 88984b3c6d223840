// Connections to object stores elsewhere: PUT takes keys, nothing gives a secret back.
import { z } from 'zod'

const bucketName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'must be a bucket name of 3 to 63 lower-case letters, digits, dots and hyphens',
  )

const place = {
  endpoint: z
    .string()
    .max(1024)
    .regex(
      /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
      'must be a URL such as https://obs.cn-north-4.myhuaweicloud.com',
    ),
  region: z.string().max(64).nullish(),
  /** How requests are signed; `auto` asks the store. */
  dialect: z.enum(['auto', 'v4', 'v2', 'obs']).nullish(),
  /** Where the bucket's name stands; `auto` looks at the endpoint. */
  addressing: z.enum(['auto', 'path', 'host']).nullish(),
  buckets: z.array(bucketName).min(1, 'must name at least one bucket').max(1000),
  access_key: z.string().min(1, 'must not be empty').max(256),
  /** PEM of the authorities to trust for this store, in place of the system's. */
  ca: z.string().max(262_144).nullish(),
}

/** Body of `PUT /ropeway/v1/{project_id}/storage-connections/{connection}`. */
export const storageConnectionPut = z.object({
  ...place,
  secret_key: z.string().min(1, 'must not be empty').max(1024),
  /** Of temporary keys. */
  session_token: z.string().max(16_384).nullish(),
})
export type StorageConnectionPut = z.infer<typeof storageConnectionPut>

export const storageConnection = z.object({
  name: z.string(),
  endpoint: z.string(),
  region: z.string().nullable(),
  dialect: z.string(),
  addressing: z.string(),
  buckets: z.array(z.string()),
  access_key: z.string(),
  has_ca: z.boolean(),
  has_session_token: z.boolean(),
  /** Milliseconds. */
  update_time: z.number(),
})
export type StorageConnectionBody = z.infer<typeof storageConnection>

export const storageConnectionList = z.object({
  total: z.number(),
  connections: z.array(storageConnection),
})
export type StorageConnectionList = z.infer<typeof storageConnectionList>

export const storageConnectionTest = z.object({
  ok: z.boolean(),
  /** The dialect in use; null when the store did not answer. */
  dialect: z.string().nullable(),
  buckets: z.array(z.object({ bucket: z.string(), ok: z.boolean(), message: z.string() })),
})
export type StorageConnectionTestBody = z.infer<typeof storageConnectionTest>
