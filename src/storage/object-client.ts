// A client of any object store: the embedded server (over TCP, or a task's socket), OBS, S3, MinIO, Ceph, SeaweedFS.
// Lists by generation 1 with markers, the one that OBS has too.
import type { Readable } from 'node:stream'
import { percentEncodePath } from '../lib/signature/canonical.ts'
import {
  factsOf,
  LIST_ELEMENTS,
  type ListEntry,
  type ListPage,
  type ObjectFacts,
  type PutAnswer,
  putAnswerOf,
  readListPage,
  refuseErrorIn,
  resultOf,
  type Xml,
} from './object-answers.ts'
import {
  type ObjectBody,
  type ObjectCall,
  type ObjectClientOptions,
  ObjectConnection,
  THROTTLED_FACTOR,
} from './object-connection.ts'
import * as multipart from './object-multipart.ts'
import {
  type CallOptions,
  checkedHeaders,
  type GetOptions,
  type GetSink,
  type ListOptions,
  type PutOptions,
  type UploadId,
} from './object-options.ts'
import { ObjectStoreError } from './object-store-error.ts'
import { streamObject } from './object-stream.ts'
import { element, leaf, xmlDocument } from './xml.ts'

/** Every method throws ObjectStoreError, or the reason of its signal. Dispose to close the connections. */
export class ObjectClient implements AsyncDisposable {
  readonly #connection: ObjectConnection

  constructor(options: ObjectClientOptions) {
    this.#connection = new ObjectConnection(options)
  }

  #xml(call: ObjectCall, lists: readonly string[] = []): Promise<Xml> {
    return this.#connection.sendForXml(call, lists)
  }

  /** False when the bucket is ours already. */
  async createBucket(bucket: string, { signal }: CallOptions = {}): Promise<boolean> {
    const { target } = this.#connection
    const region = 'endpoint' in target ? target.region : undefined
    const dialect = await this.#connection.dialect(signal)
    const place = leaf(dialect === 'obs' ? 'Location' : 'LocationConstraint', region ?? '')
    // S3 refuses the name of its first region.
    const isNamed = region !== undefined && region !== 'us-east-1'
    const body = isNamed ? Buffer.from(xmlDocument('CreateBucketConfiguration', place)) : undefined
    try {
      await this.#connection.send({ method: 'PUT', bucket, body, signal })
      return true
    } catch (error) {
      if (error instanceof ObjectStoreError && error.code === 'BucketAlreadyOwnedByYou') return false
      throw error
    }
  }

  /** Fails with BucketNotEmpty while there are objects. */
  async deleteBucket(bucket: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#connection.send({ method: 'DELETE', bucket, signal })
  }

  async bucketExists(bucket: string, { signal }: CallOptions = {}): Promise<boolean> {
    try {
      await this.#connection.send({ method: 'HEAD', bucket, signal })
      return true
    } catch (error) {
      if (error instanceof ObjectStoreError && error.status === 404) return false
      throw error
    }
  }

  async listBuckets({ signal }: CallOptions = {}): Promise<Array<{ name: string; created: Date }>> {
    const xml = await this.#xml({ method: 'GET', signal }, ['Bucket'])
    const { Buckets: listed } = resultOf(xml, 'ListAllMyBucketsResult') as {
      Buckets?: { Bucket?: Array<{ Name: string; CreationDate: string }> } | string
    }
    const buckets = typeof listed === 'object' ? (listed.Bucket ?? []) : []
    return buckets.map((bucket) => ({ name: bucket.Name, created: new Date(bucket.CreationDate) }))
  }

  /** Undefined when there is no such object or bucket. */
  async head(bucket: string, key: string, { signal }: CallOptions = {}): Promise<ObjectFacts | undefined> {
    const headers = { 'x-amz-checksum-mode': 'ENABLED' }
    try {
      return factsOf(
        await this.#connection.send({ method: 'HEAD', bucket, key, headers, small: true, signal }),
      )
    } catch (error) {
      if (error instanceof ObjectStoreError && error.status === 404) return undefined
      throw error
    }
  }

  /** How long one part of an object is that was made of parts; undefined where the store does not say. */
  partSize(bucket: string, key: string, number: number, { signal }: CallOptions = {}) {
    return multipart.partSize(this.#connection, bucket, key, number, signal)
  }

  /** Reads an object once, without a second try, as fast as it comes. `small` lets it share a connection. */
  async get(
    bucket: string,
    key: string,
    options: GetOptions & { readonly small?: boolean },
    sink: GetSink,
  ): Promise<void> {
    const { range, small = false, signal } = options
    const call = { method: 'GET', bucket, key, headers: readHeaders(options), small, signal } as const
    await this.#connection.once(call, {
      onHead: (answer) => {
        if (range && answer.status !== 206) throw rangeIgnored(answer.status, bucket, key)
        sink.onFacts(factsOf(answer))
      },
      onBody: (bytes) => {
        sink.onBytes(bytes)
        return true
      },
    })
  }

  /** An object's facts (`size` is that of the whole) and its bytes, which have to be read or destroyed. */
  async getStream(
    bucket: string,
    key: string,
    options: GetOptions = {},
  ): Promise<{ facts: ObjectFacts; body: Readable }> {
    const call = {
      method: 'GET',
      bucket,
      key,
      headers: readHeaders(options),
      signal: options.signal,
    } as const
    const { answer, body } = await streamObject(this.#connection, call)
    if (options.range === undefined || answer.status === 206) return { facts: factsOf(answer), body }
    body.destroy()
    throw rangeIgnored(answer.status, bucket, key)
  }

  /** Stores an object of up to 5 GiB. A body is opened anew for each try. */
  async put(
    bucket: string,
    key: string,
    body: Uint8Array | ObjectBody,
    options: PutOptions = {},
  ): Promise<PutAnswer> {
    const { signal, contentType, metadata = {}, small = false, once } = options
    const headers: Record<string, string> = checkedHeaders(body, options)
    if (contentType !== undefined) headers['content-type'] = contentType
    for (const [name, value] of Object.entries(metadata)) headers[`x-amz-meta-${name.toLowerCase()}`] = value
    const call = { method: 'PUT', bucket, key, headers, body, small, once, signal } as const
    const answer = await this.#connection.send(call)
    return putAnswerOf(answer)
  }

  /** Copies inside the store, without the bytes passing here. */
  async copy(
    from: { bucket: string; key: string },
    to: { bucket: string; key: string },
    { signal, headers: more = {} }: CallOptions & Pick<PutOptions, 'headers'> = {},
  ): Promise<void> {
    const headers = { ...more, 'x-amz-copy-source': `/${from.bucket}/${percentEncodePath(from.key)}` }
    resultOf(await this.#xml({ method: 'PUT', ...to, headers, signal }), 'CopyObjectResult')
  }

  /** Deletes one object; an absent one is fine. */
  async delete(bucket: string, key: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#connection.send({ method: 'DELETE', bucket, key, signal })
  }

  /** Deletes many objects, 1000 with each request. */
  async deleteMany(bucket: string, keys: readonly string[], { signal }: CallOptions = {}): Promise<void> {
    // XML cannot carry control characters faithfully through every parser.
    const odd = keys.filter((key) => /\p{Cc}/u.test(key))
    const plain = keys.filter((key) => !/\p{Cc}/u.test(key))
    for (const key of odd) await this.delete(bucket, key, { signal })
    for (let from = 0; from < plain.length; from += 1000) {
      const objects = plain.slice(from, from + 1000).map((key) => element('Object', leaf('Key', key)))
      const body = Buffer.from(xmlDocument('Delete', leaf('Quiet', true), ...objects))
      const headers = { ...checkedHeaders(body, {}), 'content-type': 'application/xml' }
      refuseErrorIn(await this.#xml({ method: 'POST', bucket, query: { delete: '' }, headers, body, signal }))
    }
  }

  /** One page of a list, and the marker that the next one begins behind. */
  async listPage(
    bucket: string,
    options: ListOptions & { readonly marker?: string | undefined },
  ): Promise<ListPage> {
    const { prefix = '', delimiter, marker, signal, pageSize = 1000 } = options
    const query: Record<string, string> = { prefix, 'encoding-type': 'url', 'max-keys': String(pageSize) }
    if (delimiter !== undefined && delimiter !== '') query['delimiter'] = delimiter
    if (marker !== undefined && marker !== '') query['marker'] = marker
    const page = readListPage(await this.#xml({ method: 'GET', bucket, query, signal }, LIST_ELEMENTS))
    if (page.next === undefined || page.next !== marker) return page
    throw new ObjectStoreError(200, 'InvalidAnswer', `The list of ${bucket} does not go on after ${marker}`)
  }

  /** All objects under a prefix in order of their keys; with a delimiter, prefixes come at the end of each page. */
  async *list(bucket: string, options: ListOptions = {}): AsyncGenerator<ListEntry> {
    for (let marker: string | undefined = ''; marker !== undefined; ) {
      const page: ListPage = await this.listPage(bucket, { ...options, marker })
      yield* page.entries
      marker = page.next
    }
  }

  /** Begins a multipart upload and returns its id. */
  startUpload(bucket: string, key: string, options: PutOptions = {}): Promise<string> {
    return multipart.startUpload(this.#connection, bucket, key, options)
  }

  /** Stores one part (1 to 10,000). */
  putPart(
    upload: UploadId,
    number: number,
    body: Uint8Array | ObjectBody,
    options: Pick<PutOptions, 'signal' | 'headers' | 'once'> = {},
  ): Promise<PutAnswer> {
    return multipart.putPart(this.#connection, upload, number, body, options)
  }

  /** Makes a part of a piece of another object, without the bytes passing here. Returns its ETag. */
  copyPart(
    upload: UploadId,
    number: number,
    from: multipart.ObjectPiece,
    options: CallOptions = {},
  ): Promise<string> {
    return multipart.copyPart(this.#connection, upload, number, from, options)
  }

  /** Makes the object of its parts, in the order given; answers its ETag. With `size`, that is checked in case of doubt. */
  completeUpload(
    upload: UploadId,
    parts: ReadonlyArray<{ number: number; etag: string }>,
    options: CallOptions & { readonly size?: number | undefined } = {},
  ): Promise<string> {
    return multipart.completeUpload(this.#connection, upload, parts, options)
  }

  async abortUpload({ bucket, key, uploadId }: UploadId, { signal }: CallOptions = {}): Promise<void> {
    await this.#connection.send({ method: 'DELETE', bucket, key, query: { uploadId }, signal })
  }

  /** A link that reads an object without keys for so many seconds. Throws over a socket, which has no keys. */
  presign(bucket: string, key: string, seconds: number, { signal }: CallOptions = {}): Promise<string> {
    return this.#connection.presign({ method: 'GET', bucket, key, signal }, seconds)
  }

  /** The dialect that is spoken; `auto` asks the store. */
  dialect(signal?: AbortSignal): Promise<string> {
    return this.#connection.dialect(signal)
  }

  /** The endpoint or socket, for messages and as a name. */
  get where(): string {
    const { target } = this.#connection
    return 'endpoint' in target ? target.endpoint : target.socketPath
  }

  /** How often a request is tried in all, and how often when the store says that it has too much to do. */
  get attempts(): { readonly failed: number; readonly throttled: number } {
    const { attempts } = this.#connection
    return { failed: attempts, throttled: attempts * THROTTLED_FACTOR }
  }

  /** Waits before a further try, as the requests themselves do, and at least as long as the store asked. */
  pause(failures: number, signal?: AbortSignal, atLeastMs?: number): Promise<void> {
    return this.#connection.pause(failures, signal, atLeastMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
  }
}

function readHeaders({ range, ifMatch }: GetOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  if (range) headers['range'] = `bytes=${range.start}-${range.end - 1}`
  else headers['x-amz-checksum-mode'] = 'ENABLED'
  if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`
  return headers
}

const rangeIgnored = (status: number, bucket: string, key: string): ObjectStoreError =>
  new ObjectStoreError(status, 'RangeIgnored', `The object store ignores ranges (${bucket}/${key})`)
