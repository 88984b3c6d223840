// Operations on objects: put, copy, get, head, delete one or many.
import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { drained } from '../../lib/drained.ts'
import { element, leaf, parseXml, xmlDocument } from '../xml.ts'
import { isoDate } from './bucket-operations.ts'
import {
  bodyOf,
  bodySize,
  type Call,
  checksumHeaders,
  objectHeaders,
  sendEmpty,
  sendXml,
  textBody,
} from './call.ts'
import { type ByteRange, checkReadConditions, parseRange, writeCondition } from './conditions.ts'
import { copySource } from './copy-source.ts'
import type { ObjectInfo } from './object-row.ts'
import { contentMd5 } from './request-body.ts'
import { StorageError } from './storage-error.ts'

export async function putObject(call: Call): Promise<void> {
  if (call.headers['x-amz-copy-source'] !== undefined) return copyObject(call)
  const md5 = contentMd5(call.headers)
  const { bucket, key } = call.asked
  const info = await call.store.put({
    bucket,
    key,
    ...objectHeaders(call.headers),
    body: bodyOf(call),
    size: bodySize(call),
    onlyIf: writeCondition(call.headers),
    ...(md5 === undefined ? {} : { md5 }),
  })
  sendEmpty(call, 200, { etag: `"${info.etag}"`, ...checksumHeaders(info) })
}

async function copyObject(call: Call): Promise<void> {
  const from = await copySource(call)
  const { bucket, key } = call.asked
  call.req.resume()
  const directive = call.headers['x-amz-metadata-directive'] ?? 'COPY'
  if (directive !== 'COPY' && directive !== 'REPLACE')
    throw new StorageError(
      'InvalidArgument',
      `x-amz-metadata-directive must be COPY or REPLACE, got ${directive}`,
    )
  if (directive === 'COPY' && from.bucket === bucket && from.key === key)
    throw new StorageError(
      'InvalidRequest',
      'Copying an object onto itself needs x-amz-metadata-directive: REPLACE',
    )
  checkReadConditions(call.headers, await call.store.head(from.bucket, from.key), 'x-amz-copy-source-')
  const info = await call.store.copy(from, {
    bucket,
    key,
    onlyIf: writeCondition(call.headers),
    ...(directive === 'REPLACE' ? { replace: objectHeaders(call.headers) } : {}),
  })
  const facts = [leaf('LastModified', isoDate(info.modifiedMs)), leaf('ETag', `"${info.etag}"`)]
  sendXml(call, xmlDocument('CopyObjectResult', ...facts))
}

const OVERRIDES = ['type', 'language', 'disposition', 'encoding'].map((name) => `content-${name}`)

function infoHeaders(call: Call, info: ObjectInfo, range: ByteRange | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    'accept-ranges': 'bytes',
    'content-type': 'binary/octet-stream',
    etag: `"${info.etag}"`,
    'last-modified': new Date(info.modifiedMs).toUTCString(),
    ...info.headers,
  }
  for (const [name, value] of Object.entries(info.metadata)) headers[`x-amz-meta-${name}`] = value
  for (const name of [...OVERRIDES, 'cache-control', 'expires']) {
    const value = call.asked.query.get(`response-${name}`)
    if (value !== undefined) headers[name] = value
  }
  const { start, end } = range ?? { start: 0, end: info.size }
  headers['content-length'] = String(end - start)
  const wantsChecksum = call.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED'
  if (wantsChecksum && !range) Object.assign(headers, checksumHeaders(info))
  if (range) headers['content-range'] = `bytes ${start}-${end - 1}/${info.size}`
  return headers
}

function rangeOf(call: Call, info: ObjectInfo): ByteRange | undefined {
  if (call.asked.query.has('partNumber'))
    throw new StorageError(
      'NotImplemented',
      'Reading an object by part number is not offered by this object server',
    )
  checkReadConditions(call.headers, info)
  try {
    return parseRange(call.headers['range'], info.size)
  } catch (error) {
    call.res.setHeader('content-range', `bytes */${info.size}`)
    throw error
  }
}

export async function headObject(call: Call): Promise<void> {
  const info = await call.store.head(call.asked.bucket, call.asked.key)
  const range = rangeOf(call, info)
  sendEmpty(call, range ? 206 : 200, infoHeaders(call, info, range))
}

export async function getObject(call: Call): Promise<void> {
  await using reader = await call.store.read(call.asked.bucket, call.asked.key)
  const range = rangeOf(call, reader.info)
  const headers = infoHeaders(call, reader.info, range)
  const pieces = reader.stream(range?.start, range?.end)
  try {
    // Read before the status goes out, so that a damaged body is an error and not half an answer.
    const first = await pieces.next()
    call.res.writeHead(range ? 206 : 200, headers)
    if (!first.done) await sendPieces(call.res, first.value, pieces)
    call.res.end()
  } finally {
    // Whoever stops listening must not leave the file open.
    await pieces.return(undefined)
  }
}

/** Writes pieces as fast as they are taken. Ends when the client is gone. */
async function sendPieces(res: ServerResponse, first: Buffer, rest: AsyncGenerator<Buffer>): Promise<void> {
  for (let piece = first; !res.destroyed; ) {
    if (!res.write(piece)) await drained(res)
    const next = await rest.next()
    if (next.done) return
    piece = next.value
  }
}

export async function deleteObject(call: Call): Promise<void> {
  await call.store.delete(call.asked.bucket, [call.asked.key])
  sendEmpty(call, 204)
}

const MAX_DELETES = 1000

/** Reads `<Delete><Quiet/><Object><Key/></Object>…</Delete>`. */
function parseDeletes(xml: string): { keys: string[]; quiet: boolean } {
  const root = parseXml(xml, ['Object'])['Delete'] as
    | { Object?: Array<{ Key?: unknown }>; Quiet?: unknown }
    | undefined
  const keys = (root?.Object ?? []).map((object) => object?.Key)
  const good = keys.filter((key) => typeof key === 'string' && key !== '') as string[]
  if (good.length === 0 || good.length !== keys.length || good.length > MAX_DELETES)
    throw new StorageError('MalformedXML', `Delete takes 1 to ${MAX_DELETES} Object elements with a Key each`)
  return { keys: good, quiet: String(root?.Quiet).trim() === 'true' }
}

export async function deleteObjects(call: Call): Promise<void> {
  const md5 = contentMd5(call.headers)
  const text = await textBody(call)
  if (md5 !== undefined && md5 !== createHash('md5').update(text).digest('hex'))
    throw new StorageError('BadDigest')
  const { keys, quiet } = parseDeletes(text)
  await call.store.delete(call.asked.bucket, keys)
  const deleted = quiet ? [] : keys.map((key) => element('Deleted', leaf('Key', key)))
  sendXml(call, xmlDocument('DeleteResult', ...deleted))
}
