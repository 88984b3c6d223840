// Objects in parts: begin, send or copy parts, complete.
import { percentEncodePath } from '../lib/signature/canonical.ts'
import { expectedEtag } from './multipart-etag.ts'
import { bareEtag, factsOf, type PutAnswer, putAnswerOf, resultOf } from './object-answers.ts'
import type { ObjectBody, ObjectConnection } from './object-connection.ts'
import { type CallOptions, checkedHeaders, type PutOptions, type UploadId } from './object-options.ts'
import { ObjectStoreError } from './object-store-error.ts'
import { element, leaf, xmlDocument } from './xml.ts'

/** Bytes of an object from `start` up to, not including, `end`; with `etag`, of this version and no other. */
export type ObjectPiece = {
  readonly etag?: string | undefined
  readonly bucket: string
  readonly key: string
  readonly start: number
  readonly end: number
}

/** Begins a multipart upload and returns its id. */
export async function startUpload(
  connection: ObjectConnection,
  bucket: string,
  key: string,
  { signal, contentType, headers: more }: PutOptions,
): Promise<string> {
  const headers: Record<string, string> = { ...more }
  if (contentType !== undefined) headers['content-type'] = contentType
  const call = { method: 'POST', bucket, key, query: { uploads: '' }, headers, signal } as const
  const id = resultOf(await connection.sendForXml(call), 'InitiateMultipartUploadResult')['UploadId']
  if (typeof id === 'string' && id !== '') return id
  throw new ObjectStoreError(200, 'InvalidAnswer', `The object store gave no UploadId for ${bucket}/${key}`)
}

/** Stores one part (1 to 10,000). */
export async function putPart(
  connection: ObjectConnection,
  { bucket, key, uploadId }: UploadId,
  number: number,
  body: Uint8Array | ObjectBody,
  options: Pick<PutOptions, 'signal' | 'headers' | 'once'>,
): Promise<PutAnswer> {
  const { signal, once } = options
  const query = { partNumber: String(number), uploadId }
  const headers = checkedHeaders(body, options)
  return putAnswerOf(
    await connection.send({ method: 'PUT', bucket, key, query, headers, body, once, signal }),
  )
}

/** Makes a part of a piece of another object. Returns its ETag. */
export async function copyPart(
  connection: ObjectConnection,
  { bucket, key, uploadId }: UploadId,
  number: number,
  from: ObjectPiece,
  { signal }: CallOptions,
): Promise<string> {
  const headers: Record<string, string> = {
    'x-amz-copy-source': `/${from.bucket}/${percentEncodePath(from.key)}`,
    'x-amz-copy-source-range': `bytes=${from.start}-${from.end - 1}`,
  }
  if (from.etag) headers['x-amz-copy-source-if-match'] = `"${from.etag}"`
  const query = { partNumber: String(number), uploadId }
  const xml = await connection.sendForXml({ method: 'PUT', bucket, key, query, headers, signal })
  const { ETag: etag } = resultOf(xml, 'CopyPartResult')
  if (typeof etag === 'string' && etag !== '') return bareEtag(etag)
  throw new ObjectStoreError(200, 'InvalidAnswer', `The object store gave no ETag for ${key}, part ${number}`)
}

type Part = { readonly number: number; readonly etag: string }

/**
 * Makes the object of its parts, in the order given; answers its ETag. A store that does not know the upload may have
 * done as told when the answer was lost, and not be one that remembers: then the object that is there decides.
 */
export async function completeUpload(
  connection: ObjectConnection,
  upload: UploadId,
  parts: readonly Part[],
  { signal, size }: CallOptions & { readonly size?: number | undefined },
): Promise<string> {
  const { bucket, key } = upload
  try {
    return await completeOnce(connection, upload, parts, { signal })
  } catch (error) {
    const isLost = error instanceof ObjectStoreError && error.code === 'NoSuchUpload'
    const etag = isLost ? expectedEtag(parts.map((part) => part.etag)) : undefined
    if (etag === undefined) throw error
    const answer = await connection.send({ method: 'HEAD', bucket, key, signal }).catch(() => undefined)
    const facts = answer && factsOf(answer)
    if (facts?.etag !== etag || facts.size !== (size ?? facts.size)) throw error
    return etag
  }
}

async function completeOnce(
  connection: ObjectConnection,
  { bucket, key, uploadId }: UploadId,
  parts: readonly Part[],
  { signal }: CallOptions,
): Promise<string> {
  const items = parts.map((part) =>
    element('Part', leaf('PartNumber', part.number), leaf('ETag', `"${part.etag}"`)),
  )
  const body = Buffer.from(xmlDocument('CompleteMultipartUpload', ...items))
  const xml = await connection.sendForXml({ method: 'POST', bucket, key, query: { uploadId }, body, signal })
  const { ETag: etag } = resultOf(xml, 'CompleteMultipartUploadResult')
  // Ceph does not say it.
  if (typeof etag === 'string' && etag !== '') return bareEtag(etag)
  return expectedEtag(parts.map((part) => part.etag)) ?? ''
}

/** Undefined for a store that does not know `partNumber`, or says that there is no such part. */
export async function partSize(
  connection: ObjectConnection,
  bucket: string,
  key: string,
  number: number,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const query = { partNumber: String(number) }
  try {
    const { status, headers } = await connection.send({ method: 'HEAD', bucket, key, query, signal })
    const [, start, end] = /^bytes (\d+)-(\d+)\//.exec(headers['content-range'] ?? '') ?? []
    if (status !== 206) return undefined
    return start === undefined ? Number(headers['content-length']) : Number(end) - Number(start) + 1
  } catch (error) {
    // 501: our own server.
    if (error instanceof ObjectStoreError && !error.retryable && error.status >= 400) return undefined
    throw error
  }
}
