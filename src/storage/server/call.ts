// One request on its way to an answer: what the operations are given, and the few ways they answer.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { S3Payload } from '../../lib/signature/verify-s3-v4.ts'
import type { ObjectHeaders } from './object-row.ts'
import type { ObjectRequest } from './operation.ts'
import type { ProjectObjects } from './project-objects.ts'
import { announcedLength, requestBody } from './request-body.ts'
import { StorageError } from './storage-error.ts'

export type Call = {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly store: ProjectObjects
  readonly asked: ObjectRequest
  readonly headers: Readonly<Record<string, string>>
  readonly payload: S3Payload
  /** Throws AccessDenied (or why else) when the principal may not read this source of a copy. */
  allowSource(bucket: string, key: string): Promise<void>
}

const MAX_XML_BYTES = 4 * 1024 * 1024

/** Answers with an XML document. */
export function sendXml(call: Call, xml: string, status = 200): void {
  call.res.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) })
  call.res.end(xml)
}

/** CRC-32 of what was stored, as S3 tells it. */
export const checksumHeaders = ({
  crc32,
}: {
  readonly crc32?: string | undefined
}): Record<string, string> =>
  crc32 === undefined ? {} : { 'x-amz-checksum-crc32': crc32, 'x-amz-checksum-type': 'FULL_OBJECT' }

/** Answers without a body. */
export function sendEmpty(call: Call, status: number, headers: Record<string, string> = {}): void {
  call.res.writeHead(status, status === 204 ? headers : { 'content-length': '0', ...headers })
  call.res.end()
}

/** The data of the body, checked while it is read. */
export const bodyOf = (call: Call): AsyncIterable<Uint8Array> =>
  requestBody(call.req, call.headers, call.payload)

/** Bytes of data the client announced; undefined when it streams without knowing. */
export const bodySize = (call: Call): number | undefined =>
  announcedLength(call.headers, call.payload.kind === 'chunks')

/** A small text body. Throws MalformedXML when it is too big for what XML bodies are here. */
export async function textBody(call: Call): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of bodyOf(call)) {
    size += piece.length
    if (size > MAX_XML_BYTES)
      throw new StorageError('MalformedXML', `The body has more than ${MAX_XML_BYTES} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** A whole number of the query from 0 to `max` (more is taken as `max`). Throws InvalidArgument. */
export function queryNumber(call: Call, name: string, fallback: number, max: number): number {
  const text = call.asked.query.get(name)
  if (text === undefined || text === '') return fallback
  if (!/^\d{1,10}$/.test(text))
    throw new StorageError(
      'InvalidArgument',
      `${name} must be a whole number from 0, got ${JSON.stringify(text)}`,
    )
  return Math.min(Number(text), max)
}

const KEPT = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-language',
  'content-encoding',
  'expires',
]
const META = 'x-amz-meta-'

/** The headers to keep with an object: six of HTTP's and the user's metadata. */
export function objectHeaders(headers: Readonly<Record<string, string>>): ObjectHeaders {
  const kept: Record<string, string> = {}
  for (const name of KEPT) {
    const value = headers[name]
    if (value !== undefined) kept[name] = value
  }
  // aws-chunked is how the body travelled, not what it is.
  const encoding = (kept['content-encoding'] ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one !== 'aws-chunked')
  if (encoding.length > 0) kept['content-encoding'] = encoding.join(', ')
  else delete kept['content-encoding']
  const metadata = Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(META))
      .map(([name, value]) => [name.slice(META.length), value]),
  )
  return { headers: kept, metadata }
}
