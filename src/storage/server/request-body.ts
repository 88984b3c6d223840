// The body of a request as its data: aws-chunked undone, and everything the client announced about it
// (length, sha256, checksums) checked at the end. Content-MD5 is checked where the md5 is computed anyway.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { crc32 } from 'node:zlib'
import type { S3Payload } from '../../lib/signature/verify-s3-v4.ts'
import { decodeAwsChunks } from './aws-chunks.ts'
import { StorageError } from './storage-error.ts'
import { MAX_BODY_BYTES } from './write-body.ts'

type Headers = Readonly<Record<string, string>>
type Digest = { update(chunk: Uint8Array): void; result(): string }

function crc32Digest(): Digest {
  let value = 0
  return {
    update: (chunk) => {
      value = crc32(chunk, value)
    },
    result: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value)
      return bytes.toString('base64')
    },
  }
}

function hashDigest(algorithm: string): Digest {
  const hash = createHash(algorithm)
  return { update: (chunk) => void hash.update(chunk), result: () => hash.digest('base64') }
}

// crc32c and crc64nvme are accepted and not checked: Node computes neither.
const CHECKSUMS: Readonly<Record<string, () => Digest>> = {
  'x-amz-checksum-crc32': crc32Digest,
  'x-amz-checksum-sha1': () => hashDigest('sha1'),
  'x-amz-checksum-sha256': () => hashDigest('sha256'),
}

/** Content-MD5 as hex; undefined when there is none. Throws InvalidDigest. */
export function contentMd5(headers: Headers): string | undefined {
  const sent = headers['content-md5']
  if (sent === undefined) return undefined
  const bytes = Buffer.from(sent, 'base64')
  if (bytes.length !== 16) throw new StorageError('InvalidDigest')
  return bytes.toString('hex')
}

/** Bytes of data announced; undefined when the client streams without knowing. Throws InvalidArgument. */
export function announcedLength(headers: Headers, chunked: boolean): number | undefined {
  const name = chunked ? 'x-amz-decoded-content-length' : 'content-length'
  const sent = headers[name]
  if (sent === undefined) {
    if (chunked || headers['transfer-encoding'] !== undefined) return undefined
    return 0
  }
  if (!/^\d{1,15}$/.test(sent))
    throw new StorageError('InvalidArgument', `${name} must be a number, got ${sent}`)
  const length = Number(sent)
  if (length > MAX_BODY_BYTES) throw new StorageError('EntityTooLarge')
  return length
}

/**
 * The data of a request's body. Throws StorageError while it is read when it is not what was announced, and
 * leaves the connection usable for an answer.
 */
export function requestBody(
  req: IncomingMessage,
  headers: Headers,
  payload: S3Payload,
): AsyncIterable<Uint8Array> {
  const length = announcedLength(headers, payload.kind === 'chunks')
  const expected = new Map<string, string>()
  for (const name of Object.keys(CHECKSUMS)) {
    const value = headers[name]
    if (value !== undefined) expected.set(name, value)
  }
  const trailing = (headers['x-amz-trailer'] ?? '').split(',').map((name) => name.trim().toLowerCase())
  const digests = new Map<string, Digest>()
  for (const name of [...expected.keys(), ...trailing]) {
    const make = CHECKSUMS[name]
    if (make) digests.set(name, make())
  }
  const raw: AsyncIterable<Uint8Array> = req.iterator({ destroyOnReturn: false })
  const data =
    payload.kind === 'chunks'
      ? decodeAwsChunks(raw, payload.signing, (trailers) => {
          for (const [name, value] of trailers) expected.set(name, value)
        })
      : raw
  return checked(data, {
    length,
    digests,
    expected,
    ...(payload.kind === 'sha256' ? { sha256: payload.hex } : {}),
  })
}

type Expectation = {
  readonly length: number | undefined
  readonly sha256?: string
  readonly digests: ReadonlyMap<string, Digest>
  readonly expected: ReadonlyMap<string, string>
}

async function* checked(source: AsyncIterable<Uint8Array>, expect: Expectation): AsyncGenerator<Uint8Array> {
  const sha256 = expect.sha256 === undefined ? undefined : createHash('sha256')
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (expect.length !== undefined && size > expect.length) throw new StorageError('IncompleteBody')
    sha256?.update(chunk)
    for (const digest of expect.digests.values()) digest.update(chunk)
    yield chunk
  }
  if (expect.length !== undefined && size !== expect.length) throw new StorageError('IncompleteBody')
  if (sha256 && sha256.digest('hex') !== expect.sha256) throw new StorageError('XAmzContentSHA256Mismatch')
  for (const [name, digest] of expect.digests) {
    const sent = expect.expected.get(name)
    if (sent !== undefined && sent !== digest.result())
      throw new StorageError('BadDigest', `${name} is not that of the body received`)
  }
}
