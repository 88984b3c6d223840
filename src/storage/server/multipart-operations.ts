// Multipart uploads over HTTP: begin, parts (sent or copied), complete, abort, and the two lists.
import { percentEncodePath } from '../../lib/signature/canonical.ts'
import { element, leaf, parseXml, xmlDocument } from '../xml.ts'
import { isoDate, OWNER_XML } from './bucket-operations.ts'
import {
  bodyOf,
  bodySize,
  type Call,
  checksumHeaders,
  objectHeaders,
  queryNumber,
  sendEmpty,
  sendXml,
  textBody,
} from './call.ts'
import { bareEtag, checkReadConditions, parseRange, writeCondition } from './conditions.ts'
import { copySource } from './copy-source.ts'
import { type ListedPart, MAX_PARTS, type UploadTarget } from './multipart-uploads.ts'
import { contentMd5 } from './request-body.ts'
import { StorageError } from './storage-error.ts'

const targetOf = (call: Call): UploadTarget => ({
  bucket: call.asked.bucket,
  key: call.asked.key,
  uploadId: call.asked.query.get('uploadId') ?? '',
})

export async function createUpload(call: Call): Promise<void> {
  const { bucket, key } = call.asked
  call.req.resume()
  const id = await call.store.startUpload({ bucket, key, ...objectHeaders(call.headers) })
  sendXml(
    call,
    xmlDocument(
      'InitiateMultipartUploadResult',
      leaf('Bucket', bucket),
      leaf('Key', key),
      leaf('UploadId', id),
    ),
  )
}

export async function uploadPart(call: Call): Promise<void> {
  const number = Number(call.asked.query.get('partNumber'))
  if (call.headers['x-amz-copy-source'] !== undefined) return copyPart(call, number)
  const md5 = contentMd5(call.headers)
  const input = { ...targetOf(call), number, body: bodyOf(call), size: bodySize(call) }
  const part = await call.store.putPart(md5 === undefined ? input : { ...input, md5 })
  sendEmpty(call, 200, { etag: `"${part.etag}"`, ...checksumHeaders(part) })
}

async function copyPart(call: Call, number: number): Promise<void> {
  const from = await copySource(call)
  call.req.resume()
  await using reader = await call.store.read(from.bucket, from.key)
  checkReadConditions(call.headers, reader.info, 'x-amz-copy-source-')
  const range = parseRange(call.headers['x-amz-copy-source-range'], reader.info.size)
  const { start, end } = range ?? { start: 0, end: reader.info.size }
  const body = reader.stream(start, end)
  const part = await call.store.putPart({ ...targetOf(call), number, body, size: end - start })
  const facts = [leaf('LastModified', isoDate(part.modifiedMs)), leaf('ETag', `"${part.etag}"`)]
  sendXml(call, xmlDocument('CopyPartResult', ...facts))
}

/** Reads `<CompleteMultipartUpload><Part><PartNumber/><ETag/></Part>…`. */
function parseParts(xml: string): ListedPart[] {
  const root = parseXml(xml, ['Part'])['CompleteMultipartUpload'] as
    | { Part?: Array<{ PartNumber?: unknown; ETag?: unknown }> }
    | undefined
  const parts = (root?.Part ?? []).map((part) => ({
    number: Number(String(part?.PartNumber).trim()),
    etag: bareEtag(String(part?.ETag)),
  }))
  const good = parts.every((part) => Number.isInteger(part.number) && part.number >= 1)
  if (!good || parts.length === 0 || parts.length > MAX_PARTS)
    throw new StorageError(
      'MalformedXML',
      `CompleteMultipartUpload takes 1 to ${MAX_PARTS} Part elements with PartNumber and ETag`,
    )
  return parts
}

export async function completeUpload(call: Call): Promise<void> {
  const parts = parseParts(await textBody(call))
  const info = await call.store.completeUpload({
    ...targetOf(call),
    parts,
    onlyIf: writeCondition(call.headers),
  })
  sendXml(
    call,
    xmlDocument(
      'CompleteMultipartUploadResult',
      leaf('Location', `/${info.bucket}/${percentEncodePath(info.key)}`),
      leaf('Bucket', info.bucket),
      leaf('Key', info.key),
      leaf('ETag', `"${info.etag}"`),
    ),
  )
}

export async function abortUpload(call: Call): Promise<void> {
  await call.store.abortUpload(targetOf(call))
  sendEmpty(call, 204)
}

export async function listParts(call: Call): Promise<void> {
  const limit = queryNumber(call, 'max-parts', 1000, 1000)
  const marker = queryNumber(call, 'part-number-marker', 0, MAX_PARTS)
  const { upload, parts } = await call.store.listParts(targetOf(call))
  const rest = parts.filter((part) => part.number > marker)
  const page = rest.slice(0, limit)
  const items = page.map((part) =>
    element(
      'Part',
      leaf('PartNumber', part.number),
      leaf('LastModified', isoDate(part.modifiedMs)),
      leaf('ETag', `"${part.etag}"`),
      leaf('Size', part.size),
    ),
  )
  sendXml(
    call,
    xmlDocument(
      'ListPartsResult',
      leaf('Bucket', upload.bucket),
      leaf('Key', upload.key),
      leaf('UploadId', upload.id),
      element('Initiator', leaf('ID', 'ropeway'), leaf('DisplayName', 'ropeway')),
      OWNER_XML,
      leaf('StorageClass', 'STANDARD'),
      leaf('PartNumberMarker', marker),
      leaf('NextPartNumberMarker', page.at(-1)?.number ?? 0),
      leaf('MaxParts', limit),
      leaf('IsTruncated', rest.length > page.length),
      ...items,
    ),
  )
}

/** All unfinished uploads of the bucket at once: there are few, so there is no second page. */
export async function listUploads(call: Call): Promise<void> {
  const { bucket, query } = call.asked
  const naming = query.get('encoding-type') === 'url' ? percentEncodePath : (name: string) => name
  const prefix = query.get('prefix') ?? ''
  const uploads = await call.store.listUploads(bucket, prefix)
  const items = uploads.map((upload) =>
    element(
      'Upload',
      leaf('Key', naming(upload.key)),
      leaf('UploadId', upload.id),
      OWNER_XML,
      leaf('StorageClass', 'STANDARD'),
      leaf('Initiated', isoDate(upload.startedMs)),
    ),
  )
  const facts = [leaf('Bucket', bucket), leaf('Prefix', naming(prefix)), leaf('MaxUploads', 1000)]
  const encoding = query.get('encoding-type') ? [leaf('EncodingType', 'url')] : []
  const ends = [...encoding, leaf('IsTruncated', false)]
  sendXml(call, xmlDocument('ListMultipartUploadsResult', ...facts, ...ends, ...items))
}
