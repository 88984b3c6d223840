// A client of any S3-compatible object store: the embedded server (over TCP, or a task's socket), OBS, MinIO, Ceph.
// Lists by generation 1 with markers, the one that OBS has too.
import type { Readable } from 'node:stream'
import { percentEncodePath } from '../lib/signature/canonical.ts'
import {
  bareEtag,
  factsOf,
  type ListEntry,
  type ObjectFacts,
  readListPage,
  refuseErrorIn,
} from './object-answers.ts'
import {
  type ObjectAnswer,
  type ObjectBody,
  type ObjectCall,
  type ObjectClientOptions,
  ObjectConnection,
} from './object-connection.ts'
import { ObjectStoreError } from './object-store-error.ts'
import { element, leaf, parseXml, xmlDocument } from './xml.ts'

export type CallOptions = { readonly signal?: AbortSignal | undefined }

export type GetOptions = CallOptions & {
  /** Bytes from `start` up to, not including, `end`. */
  readonly range?: { readonly start: number; readonly end: number }
  /** Only while the object has this ETag; else ObjectStoreError PreconditionFailed. */
  readonly ifMatch?: string | undefined
}

export type PutOptions = CallOptions & {
  readonly contentType?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** Every method throws ObjectStoreError, or the reason of its signal. Dispose to close the connections. */
export class ObjectClient implements AsyncDisposable {
  #connection: ObjectConnection

  constructor(options: ObjectClientOptions) {
    this.#connection = new ObjectConnection(options)
  }

  async #text(call: ObjectCall): Promise<string> {
    return await (await this.#connection.send(call)).body.text()
  }

  async #dump(call: ObjectCall): Promise<ObjectAnswer> {
    const answer = await this.#connection.send(call)
    await answer.body.dump()
    return answer
  }

  /** False when the bucket is ours already. */
  async createBucket(bucket: string, { signal }: CallOptions = {}): Promise<boolean> {
    try {
      await this.#dump({ method: 'PUT', bucket, signal })
      return true
    } catch (error) {
      if (error instanceof ObjectStoreError && error.code === 'BucketAlreadyOwnedByYou') return false
      throw error
    }
  }

  /** Fails with BucketNotEmpty while there are objects. */
  async deleteBucket(bucket: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#dump({ method: 'DELETE', bucket, signal })
  }

  async bucketExists(bucket: string, { signal }: CallOptions = {}): Promise<boolean> {
    try {
      await this.#dump({ method: 'HEAD', bucket, signal })
      return true
    } catch (error) {
      if (error instanceof ObjectStoreError && error.status === 404) return false
      throw error
    }
  }

  async listBuckets({ signal }: CallOptions = {}): Promise<Array<{ name: string; created: Date }>> {
    const xml = parseXml(await this.#text({ method: 'GET', signal }), ['Bucket'])
    const root = xml['ListAllMyBucketsResult'] as
      | { Buckets?: { Bucket?: Array<{ Name: string; CreationDate: string }> } | string }
      | undefined
    const buckets = typeof root?.Buckets === 'object' ? (root.Buckets.Bucket ?? []) : []
    return buckets.map((bucket) => ({ name: bucket.Name, created: new Date(bucket.CreationDate) }))
  }

  /** Undefined when there is no such object or bucket. */
  async head(bucket: string, key: string, { signal }: CallOptions = {}): Promise<ObjectFacts | undefined> {
    try {
      return factsOf(await this.#dump({ method: 'HEAD', bucket, key, signal }))
    } catch (error) {
      if (error instanceof ObjectStoreError && error.status === 404) return undefined
      throw error
    }
  }

  /** An object's facts (`size` is that of the whole) and its bytes, which have to be read or destroyed. */
  async getStream(
    bucket: string,
    key: string,
    options: GetOptions = {},
  ): Promise<{ facts: ObjectFacts; body: Readable }> {
    const { range, ifMatch, signal } = options
    const headers: Record<string, string> = {}
    if (range) headers['range'] = `bytes=${range.start}-${range.end - 1}`
    if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`
    const answer = await this.#connection.send({ method: 'GET', bucket, key, headers, signal })
    // Whoever reads gets the error from reading; for one who stops early it must not end the process.
    answer.body.on('error', () => undefined)
    if (range && answer.status !== 206) {
      answer.body.destroy()
      throw new ObjectStoreError(
        answer.status,
        'RangeIgnored',
        `The object store ignores ranges (${bucket}/${key})`,
      )
    }
    return { facts: factsOf(answer), body: answer.body }
  }

  /** Stores an object of up to 5 GiB. Bytes are sent with their md5; a body is opened anew for each try. */
  async put(
    bucket: string,
    key: string,
    body: Uint8Array | ObjectBody,
    options: PutOptions = {},
  ): Promise<{ etag: string }> {
    const { signal, contentType, metadata = {} } = options
    const headers: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType }
    for (const [name, value] of Object.entries(metadata)) headers[`x-amz-meta-${name.toLowerCase()}`] = value
    const answer = await this.#dump({ method: 'PUT', bucket, key, headers, body, signal })
    return { etag: bareEtag(answer.headers['etag'] ?? '') }
  }

  /** Copies inside the store, without the bytes passing here. */
  async copy(
    from: { bucket: string; key: string },
    to: { bucket: string; key: string },
    { signal }: CallOptions = {},
  ): Promise<void> {
    const headers = { 'x-amz-copy-source': `/${from.bucket}/${percentEncodePath(from.key)}` }
    refuseErrorIn(await this.#text({ method: 'PUT', ...to, headers, signal }))
  }

  /** Deletes one object; an absent one is fine. */
  async delete(bucket: string, key: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#dump({ method: 'DELETE', bucket, key, signal })
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
      const headers = { 'content-type': 'application/xml' }
      refuseErrorIn(
        await this.#text({ method: 'POST', bucket, query: { delete: '' }, headers, body, signal }),
      )
    }
  }

  /** All objects under a prefix in order of their keys; with a delimiter, prefixes come at the end of each page. */
  async *list(
    bucket: string,
    options: CallOptions & { prefix?: string; delimiter?: string; pageSize?: number } = {},
  ): AsyncGenerator<ListEntry> {
    const { prefix = '', delimiter, signal, pageSize = 1000 } = options
    const fixed = {
      prefix,
      'encoding-type': 'url',
      'max-keys': String(pageSize),
      ...(delimiter ? { delimiter } : {}),
    }
    for (let marker: string | undefined = ''; marker !== undefined; ) {
      const query: Record<string, string> = marker === '' ? fixed : { ...fixed, marker }
      const xml = await this.#text({ method: 'GET', bucket, query, signal })
      const page = readListPage(xml)
      yield* page.entries
      marker = page.next
    }
  }

  /** Begins a multipart upload and returns its id. */
  async startUpload(bucket: string, key: string, { signal, contentType }: PutOptions = {}): Promise<string> {
    const headers: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType }
    const xml = parseXml(
      await this.#text({ method: 'POST', bucket, key, query: { uploads: '' }, headers, signal }),
      [],
    )
    const id = (xml['InitiateMultipartUploadResult'] as { UploadId?: unknown } | undefined)?.UploadId
    if (typeof id !== 'string' || id === '')
      throw new ObjectStoreError(
        200,
        'InvalidAnswer',
        `The object store gave no UploadId for ${bucket}/${key}`,
      )
    return id
  }

  /** Stores one part (1 to 10,000) and returns its ETag. */
  async putPart(
    upload: { bucket: string; key: string; uploadId: string },
    number: number,
    body: Uint8Array | ObjectBody,
    { signal }: CallOptions = {},
  ): Promise<string> {
    const { bucket, key, uploadId } = upload
    const query = { partNumber: String(number), uploadId }
    const answer = await this.#dump({ method: 'PUT', bucket, key, query, body, signal })
    return bareEtag(answer.headers['etag'] ?? '')
  }

  /** Makes the object of its parts, in the order given; answers its ETag. */
  async completeUpload(
    upload: { bucket: string; key: string; uploadId: string },
    parts: ReadonlyArray<{ number: number; etag: string }>,
    { signal }: CallOptions = {},
  ): Promise<string> {
    const { bucket, key, uploadId } = upload
    const items = parts.map((part) =>
      element('Part', leaf('PartNumber', part.number), leaf('ETag', `"${part.etag}"`)),
    )
    const body = Buffer.from(xmlDocument('CompleteMultipartUpload', ...items))
    const xml = await this.#text({ method: 'POST', bucket, key, query: { uploadId }, body, signal })
    refuseErrorIn(xml)
    const result = parseXml(xml, [])['CompleteMultipartUploadResult'] as { ETag?: unknown } | undefined
    return bareEtag(String(result?.ETag ?? ''))
  }

  async abortUpload(
    upload: { bucket: string; key: string; uploadId: string },
    { signal }: CallOptions = {},
  ): Promise<void> {
    const { bucket, key, uploadId } = upload
    await this.#dump({ method: 'DELETE', bucket, key, query: { uploadId }, signal })
  }

  /** Waits before a further try, as the requests themselves do. */
  pause(attempt: number, signal?: AbortSignal): Promise<void> {
    return this.#connection.pause(attempt, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
  }
}
