// A project's buckets in a store elsewhere, behind the same interface as the embedded ones: the object server speaks
// its one dialect to tasks and clients, and this speaks the store's. Its keys stay on this side.
import type { Readable } from 'node:stream'
import type { ObjectFacts } from '../object-answers.ts'
import type { ObjectClient } from '../object-client.ts'
import type { ObjectBody } from '../object-connection.ts'
import type { ListInput, ListPage } from '../server/list-objects.ts'
import type { ListedPart, PartInput, UploadTarget } from '../server/multipart-uploads.ts'
import type { BucketRow, ObjectHeaders, ObjectInfo } from '../server/object-row.ts'
import type { ObjectPlace, OpenObject, ProjectObjects, PutInput } from '../server/project-objects.ts'
import { StorageError } from '../server/storage-error.ts'
import type { WriteCondition } from '../server/store-context.ts'
import { cachedBytes, type ObjectCache } from './cached-read.ts'
import { asStorageError } from './foreign-error.ts'

/** Bodies up to this size are kept in memory until they have arrived, so that they can be sent again. */
const REPEATABLE_BYTES = 8 * 1024 * 1024

function infoOf({ bucket, key }: ObjectPlace, facts: ObjectFacts): ObjectInfo {
  const { size, etag = '', modified, contentType, metadata, crc32 } = facts
  const headers =
    contentType === undefined ? facts.headers : { ...facts.headers, 'content-type': contentType }
  return { bucket, key, size, etag, modifiedMs: modified?.getTime() ?? 0, headers, metadata, crc32 }
}

/** Headers to send with a new object, in S3's spelling. */
function sentHeaders(
  { headers, metadata }: Partial<ObjectHeaders>,
  onlyIf: WriteCondition = {},
  md5?: string,
): Record<string, string> {
  const sent: Record<string, string> = { ...headers }
  for (const [name, value] of Object.entries(metadata ?? {})) sent[`x-amz-meta-${name}`] = value
  const quoted = (etag: string) => (etag === '*' ? etag : `"${etag}"`)
  if (onlyIf.ifMatch !== undefined) sent['if-match'] = quoted(onlyIf.ifMatch)
  if (onlyIf.ifNoneMatch !== undefined) sent['if-none-match'] = quoted(onlyIf.ifNoneMatch)
  if (md5 !== undefined) sent['content-md5'] = Buffer.from(md5, 'hex').toString('base64')
  return sent
}

/** A request's body as one to send on: small ones can be sent again, of the others there is only one. */
async function passedOn(
  body: AsyncIterable<Uint8Array>,
  size: number | undefined,
): Promise<{ body: Uint8Array | ObjectBody; once: boolean }> {
  if (size === undefined) throw new StorageError('MissingContentLength')
  if (size <= REPEATABLE_BYTES) {
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(Buffer.from(piece))
    return { body: Buffer.concat(pieces), once: false }
  }
  let isOpen = false
  const open = (): AsyncIterable<Uint8Array> => {
    if (isOpen) throw new StorageError('InternalError', 'The body was sent once and is gone; send it again')
    isOpen = true
    return body
  }
  return { body: { size, open }, once: true }
}

/** Runs a call; what the store says goes to the caller in its own words. */
async function telling<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asStorageError(error)
  }
}

/** `buckets` are those that belong to the connection; the store may have others. What is read stays in `cache`. */
export function remoteObjects(
  client: ObjectClient,
  buckets: readonly string[],
  cache: ObjectCache | null = null,
): ProjectObjects {
  const headOf = async (place: ObjectPlace): Promise<ObjectInfo> => {
    const facts = await client.head(place.bucket, place.key)
    if (facts) return infoOf(place, facts)
    const code = (await client.bucketExists(place.bucket)) ? 'NoSuchKey' : 'NoSuchBucket'
    throw new StorageError(code, `There is no object ${JSON.stringify(place.key)} in bucket ${place.bucket}`)
  }
  const put = (input: PutInput): Promise<ObjectInfo> =>
    telling(async () => {
      const { bucket, key, onlyIf, md5, headers = {}, metadata = {} } = input
      const { body, once } = await passedOn(input.body, input.size)
      const sent = sentHeaders({ headers, metadata }, onlyIf, md5)
      const { etag, crc32 } = await client.put(bucket, key, body, { headers: sent, once })
      const size = body instanceof Uint8Array ? body.length : body.size
      return { bucket, key, size, etag, crc32, modifiedMs: Date.now(), headers, metadata }
    })
  return {
    createBucket: (name) => telling(() => client.createBucket(name)),
    bucketExists: (name) => telling(() => client.bucketExists(name)),
    listBuckets: async (): Promise<BucketRow[]> =>
      buckets.map((name) => ({ name, createdMs: 0, project: '' })),
    deleteBucket: (name) => telling(() => client.deleteBucket(name)),
    put,
    copy: (from, to) =>
      telling(async () => {
        const replaced = to.replace && { ...sentHeaders(to.replace), 'x-amz-metadata-directive': 'REPLACE' }
        await client.copy(from, to, { headers: { ...replaced, ...sentHeaders({}, to.onlyIf) } })
        return headOf(to)
      }),
    head: (bucket, key) => telling(() => headOf({ bucket, key })),
    read: (bucket, key) => telling(async () => openRemote(client, await headOf({ bucket, key }), cache)),
    delete: (bucket, keys) =>
      telling(() =>
        keys.length === 1 ? client.delete(bucket, keys[0] ?? '') : client.deleteMany(bucket, keys),
      ),
    list: (input) => telling(() => listRemote(client, input)),
    startUpload: ({ bucket, key, headers, metadata }) =>
      telling(() => client.startUpload(bucket, key, { headers: sentHeaders({ headers, metadata }) })),
    putPart: (input: PartInput) =>
      telling(async () => {
        const { body, once } = await passedOn(input.body, input.size)
        const headers = sentHeaders({}, {}, input.md5)
        const { etag, crc32 } = await client.putPart(input, input.number, body, { headers, once })
        const size = body instanceof Uint8Array ? body.length : body.size
        return { number: input.number, size, etag, crc32, modifiedMs: Date.now() }
      }),
    completeUpload: (target: UploadTarget & { readonly parts: readonly ListedPart[] }) =>
      telling(async () => {
        await client.completeUpload(target, target.parts)
        return headOf(target)
      }),
    abortUpload: (target) => telling(() => client.abortUpload(target)),
    listParts: () => Promise.reject(notOffered('Listing parts')),
    listUploads: () => Promise.reject(notOffered('Listing uploads')),
  }
}

const notOffered = (what: string): StorageError =>
  new StorageError('NotImplemented', `${what} is not offered for buckets of another store`)

function openRemote(client: ObjectClient, info: ObjectInfo, cache: ObjectCache | null): OpenObject {
  const stop = new AbortController()
  return {
    info,
    async *stream(start = 0, end = info.size) {
      if (start >= end) return
      const whole = start === 0 && end === info.size
      try {
        if (cache !== null && info.etag !== '') {
          yield* cachedBytes(client, cache, info, start, end)
          return
        }
        const { body } = await client.getStream(info.bucket, info.key, {
          ...(whole ? {} : { range: { start, end } }),
          ifMatch: info.etag,
          signal: stop.signal,
        })
        yield* body as Readable & AsyncIterable<Buffer>
      } catch (error) {
        throw asStorageError(error)
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('nobody reads the object any more'))
    },
  }
}

/** Tokens of ours are keys or prefixes to go on behind, and so are markers. */
async function listRemote(client: ObjectClient, input: ListInput): Promise<ListPage> {
  const { bucket, prefix, delimiter, limit = 1000 } = input
  const after = input.token === undefined ? input.after : input.token.slice(1)
  if (limit === 0) {
    if (!(await client.bucketExists(bucket))) throw new StorageError('NoSuchBucket')
    return { objects: [], prefixes: [] }
  }
  const page = await client.listPage(bucket, { prefix, delimiter, marker: after, pageSize: limit })
  const objects = page.entries
    .filter((entry) => entry.kind === 'object')
    .map(({ key, size, etag, modified }) => ({ key, size, etag, modifiedMs: modified.getTime() }))
  const prefixes = page.entries.filter((entry) => entry.kind === 'prefix').map((entry) => entry.prefix)
  const { next } = page
  if (next === undefined) return { objects, prefixes }
  return { objects, prefixes, last: next, next: `${prefixes.includes(next) ? 'p' : 'k'}${next}` }
}
