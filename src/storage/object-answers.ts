// Reads what object stores answer: headers of objects, pages of lists, errors inside successes.
import { percentDecode } from '../lib/signature/canonical.ts'
import { ObjectStoreError } from './object-store-error.ts'
import type { ObjectAnswer } from './send-once.ts'

/** What an object store says of an object. `etag` is without quotes, undefined if it says none. */
export type ObjectFacts = {
  readonly size: number
  readonly etag: string | undefined
  readonly modified: Date | undefined
  readonly contentType: string | undefined
  /** What else of HTTP's headers is kept with an object. */
  readonly headers: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  /** Whether the ETag of an object sent in one piece is its md5; not so where a key service encrypts. */
  readonly etagIsMd5: boolean
  /** CRC-32 of the whole object in base64, where the store keeps one. */
  readonly crc32: string | undefined
}

/** One line of a list: an object, or with a delimiter a prefix that stands for many. */
export type ListEntry =
  | {
      readonly kind: 'object'
      readonly key: string
      readonly size: number
      readonly etag: string
      readonly modified: Date
    }
  | { readonly kind: 'prefix'; readonly prefix: string }

/** An ETag as it stands in a header or a list, without its quotes. */
export const bareEtag = (etag: string): string => etag.replace(/^"|"$/g, '')

const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-encoding',
  'expires',
]

type Headers = Readonly<Record<string, string>>

/** Whether the ETag in an answer is the md5 of what was sent or is given in one piece. */
function isMd5(headers: Headers, etag: string | undefined): boolean {
  const encryption = headers['x-amz-server-side-encryption'] ?? headers['x-obs-server-side-encryption'] ?? ''
  const customer = Object.keys(headers).some((name) => name.includes('encryption-customer-algorithm'))
  return etag !== undefined && /^[0-9a-f]{32}$/.test(etag) && !/kms/.test(encryption) && !customer
}

/** What a store says of what it has stored; `crc32` in base64 only if it computes one. */
export type PutAnswer = {
  readonly etag: string
  readonly etagIsMd5: boolean
  readonly crc32: string | undefined
}

/** What the headers of an answer say of what was stored. */
export function putAnswerOf({ headers }: ObjectAnswer): PutAnswer {
  const etag = bareEtag(headers['etag'] ?? '')
  return { etag, etagIsMd5: isMd5(headers, etag), crc32: headers['x-amz-checksum-crc32'] }
}

/** What the headers of an answer say of the object. */
export function factsOf({ headers }: ObjectAnswer): ObjectFacts {
  const etag = headers['etag'] === undefined ? undefined : bareEtag(headers['etag'])
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] ?? headers['content-length'] ?? '0'
  const modified = headers['last-modified']
  const crc32 = headers['x-amz-checksum-crc32']
  // A checksum of the parts' checksums says nothing of ranges that are cut otherwise.
  const isWhole = headers['x-amz-checksum-type'] !== 'COMPOSITE' && crc32?.length === 8
  const metadata = Object.entries(headers)
    .map(([name, value]) => [/^x-(?:amz|obs)-meta-(.+)$/.exec(name)?.[1], value] as const)
    .filter((pair): pair is [string, string] => pair[0] !== undefined)
  return {
    size: Number(total),
    etag,
    modified: modified === undefined ? undefined : new Date(modified),
    contentType: headers['content-type'],
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT_HEADERS.includes(name))),
    metadata: Object.fromEntries(metadata),
    etagIsMd5: isMd5(headers, etag),
    crc32: isWhole ? crc32 : undefined,
  }
}

/** A parsed document. */
export type Xml = Readonly<Record<string, unknown>>

type ListXml = {
  Contents?: Array<{ Key: string; Size: string; ETag?: string; LastModified: string }>
  CommonPrefixes?: Array<{ Prefix: string }>
  IsTruncated?: string
  NextMarker?: string
  EncodingType?: string
}

const byUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** `next` is the marker that the following page begins behind. */
export type ListPage = { readonly entries: readonly ListEntry[]; readonly next: string | undefined }

/** Elements that repeat in a list. */
export const LIST_ELEMENTS = ['Contents', 'CommonPrefixes']

/** One page of a generation-1 list, and the marker of the next page if there is one. */
export function readListPage(xml: Xml): ListPage {
  const page = resultOf(xml, 'ListBucketResult') as ListXml
  const plain = (name: string): string =>
    page.EncodingType === 'url' ? (percentDecode(name.replaceAll('+', '%20')) ?? name) : name
  const objects = (page.Contents ?? []).map((object) => ({
    kind: 'object' as const,
    key: plain(object.Key),
    size: Number(object.Size),
    etag: bareEtag(object.ETag ?? ''),
    modified: new Date(object.LastModified),
  }))
  const prefixes = (page.CommonPrefixes ?? []).map((one) => ({
    kind: 'prefix' as const,
    prefix: plain(one.Prefix),
  }))
  const names = [...objects.map((object) => object.key), ...prefixes.map((one) => one.prefix)]
  // S3 names the next marker only when there is a delimiter; else it is the last key.
  const last = page.NextMarker ? plain(page.NextMarker) : names.sort(byUtf8).at(-1)
  return { entries: [...objects, ...prefixes], next: page.IsTruncated === 'true' ? last : undefined }
}

/**
 * The document of this name, empty when it says nothing. Throws ObjectStoreError: the error that came in its place, or
 * InvalidAnswer where neither came, so that silence is never taken for "done" or for "nothing is there".
 */
export function resultOf(xml: Xml, name: string): Xml {
  refuseErrorIn(xml)
  const result = xml[name]
  if (result === undefined)
    throw new ObjectStoreError(200, 'InvalidAnswer', `The object store gave no ${name}, where one was due`)
  return typeof result === 'object' && result !== null ? (result as Xml) : {}
}

/** Throws the error in the body of a success: S3 says 200 before it knows how a long operation ends. */
export function refuseErrorIn(xml: Xml): void {
  const found = (xml['Error'] ??
    (xml['DeleteResult'] as Record<string, unknown> | undefined)?.['Error']) as unknown
  const error = (Array.isArray(found) ? found[0] : found) as
    | { Code?: string; Message?: string; Key?: string }
    | undefined
  if (!error) return
  const key = error.Key === undefined ? '' : `${error.Key}: `
  throw new ObjectStoreError(
    200,
    error.Code ?? 'InternalError',
    `${key}${error.Message ?? 'no reason given'}`,
  )
}
