// Lists of a bucket's keys, in the two generations of S3 (OBS speaks the first).
import { percentEncodePath } from '../../lib/signature/canonical.ts'
import { element, leaf, xmlDocument } from '../xml.ts'
import { isoDate, OWNER_XML } from './bucket-operations.ts'
import { type Call, queryNumber, sendXml } from './call.ts'
import type { ListPage } from './list-objects.ts'
import { StorageError } from './storage-error.ts'

const MAX_KEYS = 1000

type Naming = (name: string) => string

function namingOf(call: Call): Naming {
  const encoding = call.asked.query.get('encoding-type')
  if (encoding === undefined || encoding === '') return (name) => name
  if (encoding !== 'url')
    throw new StorageError('InvalidArgument', `encoding-type must be url, got ${JSON.stringify(encoding)}`)
  return percentEncodePath
}

function commonXml(call: Call, naming: Naming, limit: number): string[] {
  const { bucket, query } = call.asked
  const delimiter = query.get('delimiter')
  return [
    leaf('Name', bucket),
    leaf('Prefix', naming(query.get('prefix') ?? '')),
    leaf('MaxKeys', limit),
    ...(delimiter === undefined ? [] : [leaf('Delimiter', naming(delimiter))]),
    ...(query.get('encoding-type') ? [leaf('EncodingType', 'url')] : []),
  ]
}

function contentsXml(page: ListPage, naming: Naming, withOwner: boolean): string[] {
  const objects = page.objects.map((object) =>
    element(
      'Contents',
      leaf('Key', naming(object.key)),
      leaf('LastModified', isoDate(object.modifiedMs)),
      leaf('ETag', `"${object.etag}"`),
      leaf('Size', object.size),
      ...(withOwner ? [OWNER_XML] : []),
      leaf('StorageClass', 'STANDARD'),
    ),
  )
  return [
    ...objects,
    ...page.prefixes.map((prefix) => element('CommonPrefixes', leaf('Prefix', naming(prefix)))),
  ]
}

const option = (call: Call, name: string, as: string): Record<string, string> => {
  const value = call.asked.query.get(name)
  return value === undefined || value === '' ? {} : { [as]: value }
}

export async function listObjectsV1(call: Call): Promise<void> {
  const naming = namingOf(call)
  const limit = queryNumber(call, 'max-keys', MAX_KEYS, MAX_KEYS)
  const page = await call.store.list({
    bucket: call.asked.bucket,
    limit,
    ...option(call, 'prefix', 'prefix'),
    ...option(call, 'delimiter', 'delimiter'),
    ...option(call, 'marker', 'after'),
  })
  const next =
    page.next !== undefined && page.last !== undefined ? [leaf('NextMarker', naming(page.last))] : []
  const xml = xmlDocument(
    'ListBucketResult',
    ...commonXml(call, naming, limit),
    leaf('Marker', naming(call.asked.query.get('marker') ?? '')),
    leaf('IsTruncated', page.next !== undefined),
    ...next,
    ...contentsXml(page, naming, true),
  )
  sendXml(call, xml)
}

// Opaque for clients, and safe in XML and URLs whatever the key.
const encodeToken = (token: string): string => Buffer.from(token).toString('base64url')

function decodeToken(text: string): string {
  const token = Buffer.from(text, 'base64url').toString()
  if (!/^[kp]/.test(token) || encodeToken(token) !== text)
    throw new StorageError('InvalidArgument', 'continuation-token is not one this server gave out')
  return token
}

export async function listObjectsV2(call: Call): Promise<void> {
  const { query } = call.asked
  if (query.get('list-type') !== '2') throw new StorageError('InvalidArgument', 'list-type must be 2')
  const naming = namingOf(call)
  const limit = queryNumber(call, 'max-keys', MAX_KEYS, MAX_KEYS)
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const page = await call.store.list({
    bucket: call.asked.bucket,
    limit,
    ...option(call, 'prefix', 'prefix'),
    ...option(call, 'delimiter', 'delimiter'),
    ...option(call, 'start-after', 'after'),
    ...(token === undefined ? {} : { token: decodeToken(token) }),
  })
  const xml = xmlDocument(
    'ListBucketResult',
    ...commonXml(call, naming, limit),
    leaf('KeyCount', page.objects.length + page.prefixes.length),
    leaf('IsTruncated', page.next !== undefined),
    ...(token === undefined ? [] : [leaf('ContinuationToken', token)]),
    ...(startAfter === undefined ? [] : [leaf('StartAfter', naming(startAfter))]),
    ...(page.next === undefined ? [] : [leaf('NextContinuationToken', encodeToken(page.next))]),
    ...contentsXml(page, naming, query.get('fetch-owner') === 'true'),
  )
  sendXml(call, xml)
}
