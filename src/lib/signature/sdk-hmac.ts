// SDK-HMAC-SHA256, the signature of Huawei Cloud's API SDKs: sign and verify as pure functions.
// Mirrors huaweicloudsdkcore 3.1.219 (signer/signer.py), described in the project's client notes.
import {
  basicIsoDate,
  byCodeUnit,
  canonicalEscapes,
  EMPTY_SHA256,
  failure,
  hmacSha256,
  type LookupSecret,
  MAX_SKEW_MS,
  parseBasicIsoDate,
  percentDecode,
  queryPairs,
  type SignableRequest,
  type SignatureFailure,
  sameSignature,
  sha256Hex,
  wireHeader,
} from './canonical.ts'

const ALGORITHM = 'SDK-HMAC-SHA256'
const UNSIGNED = 'UNSIGNED-PAYLOAD'

/** What a verified request is known to be. */
export type SdkVerified = {
  readonly ok: true
  readonly accessKey: string
  readonly signedHeaders: readonly string[]
}

/** Ends with a slash always, whatever the request's path does. */
function canonicalUri(path: string): string {
  const uri = canonicalEscapes(path, '/')
  return uri.endsWith('/') ? uri : `${uri}/`
}

/**
 * Sorted by decoded name. The SDK sorts the values of a repeated name by its own type (numbers as numbers)
 * and sends them in that order, so `received` keeps their order; `sorted` is what other clients sign.
 */
function canonicalQuery(raw: string, values: 'received' | 'sorted'): string {
  const name = (pair: readonly [string, string]) => percentDecode(pair[0]) ?? pair[0]
  return queryPairs(raw)
    .sort((a, b) => byCodeUnit(name(a), name(b)) || (values === 'sorted' ? byCodeUnit(a[1], b[1]) : 0))
    .map(([key, value]) => `${key}=${value}`)
    .join('&')
}

type Canonical = {
  request: SignableRequest
  signedHeaders: readonly string[]
  bodyHash: string
  query: string
}

function signatureOf(secretKey: string, date: string, canonical: Canonical): string {
  const { request, signedHeaders, bodyHash, query } = canonical
  const headers = signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim()}\n`).join('')
  const text = [
    request.method.toUpperCase(),
    canonicalUri(request.path),
    query,
    headers,
    signedHeaders.join(';'),
    bodyHash,
  ].join('\n')
  // latin1: header values are one character per byte here, everything else is ASCII.
  const hash = sha256Hex(Buffer.from(text, 'latin1'))
  return hmacSha256(secretKey, `${ALGORITHM}\n${date}\n${hash}`).toString('hex')
}

/**
 * Signs a request. `request.headers` needs `host`; all its headers without `_` in the name are signed.
 * Returns every header to send, with `x-sdk-date` and `authorization` added, non-ASCII values as bytes.
 */
export function signSdkHmac(input: {
  request: SignableRequest
  body: Uint8Array | string
  accessKey: string
  secretKey: string
  now: Date
}): Record<string, string> {
  const date = basicIsoDate(input.now)
  const headers: Record<string, string> = { 'x-sdk-date': date }
  for (const [name, value] of Object.entries(input.request.headers)) headers[name] = wireHeader(value)
  const type = headers['content-type']
  if (type && !/^application\/[jb]son/.test(type)) headers['x-sdk-content-sha256'] = UNSIGNED
  const signedHeaders = Object.keys(headers)
    .filter((name) => !name.includes('_'))
    .sort(byCodeUnit)
  const bodyHash =
    input.body.length === 0 ? EMPTY_SHA256 : (headers['x-sdk-content-sha256'] ?? sha256Hex(input.body))
  const request = { ...input.request, headers }
  const query = canonicalQuery(request.query, 'sorted')
  const used = headers['x-sdk-date'] ?? date
  const signature = signatureOf(input.secretKey, used, { request, signedHeaders, bodyHash, query })
  headers['authorization'] =
    `${ALGORITHM} Access=${input.accessKey}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  return headers
}

/** The body hashes a client may have signed; empty when the announced hash is not the body's. */
function bodyHashes(announced: string | undefined, body: Uint8Array | string): string[] {
  if (body.length === 0) return announced === UNSIGNED ? [EMPTY_SHA256, UNSIGNED] : [EMPTY_SHA256]
  if (announced === UNSIGNED) return [UNSIGNED]
  const actual = sha256Hex(body)
  return announced === undefined || announced.toLowerCase() === actual ? [actual] : []
}

/**
 * Verifies the `Authorization` header of a request with its whole body.
 * The date may be 15 minutes off; `x-sdk-date` has to be among the signed headers.
 */
export function verifySdkHmac(input: {
  request: SignableRequest
  body: Uint8Array | string
  lookupSecret: LookupSecret
  now: Date
}): SdkVerified | SignatureFailure {
  const { request } = input
  const header = request.headers['authorization']
  if (!header?.startsWith(ALGORITHM))
    return failure('missing', `The request has no Authorization header of the form ${ALGORITHM} Access=…`)
  const match =
    /^SDK-HMAC-SHA256 Access=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-fA-F]{64})$/.exec(header)
  const [, accessKey, names, signature] = match ?? []
  if (!accessKey || !names || !signature)
    return failure(
      'malformed',
      `Authorization must read "${ALGORITHM} Access=…, SignedHeaders=a;b, Signature=<64 hex digits>"`,
    )
  const date = request.headers['x-sdk-date'] ?? ''
  const signedAt = parseBasicIsoDate(date)
  if (!signedAt)
    return failure(
      'malformed',
      `X-Sdk-Date must be a date like 20260131T235959Z, got ${JSON.stringify(date)}`,
    )
  const signedHeaders = names.toLowerCase().split(';')
  if (!signedHeaders.includes('x-sdk-date'))
    return failure('malformed', 'SignedHeaders must contain x-sdk-date')
  const absent = signedHeaders.find((name) => request.headers[name] === undefined)
  if (absent !== undefined)
    return failure('malformed', `SignedHeaders names ${absent}, which the request lacks`)
  const secretKey = input.lookupSecret(accessKey)
  if (secretKey === undefined) return failure('unknown-key', `There is no access key ${accessKey}`)
  if (Math.abs(input.now.getTime() - signedAt.getTime()) > MAX_SKEW_MS)
    return failure(
      'expired',
      `X-Sdk-Date ${date} is more than 15 minutes away from ${basicIsoDate(input.now)}`,
    )
  const queries = new Set([
    canonicalQuery(request.query, 'received'),
    canonicalQuery(request.query, 'sorted'),
  ])
  const hashes = bodyHashes(request.headers['x-sdk-content-sha256'], input.body)
  const expected = [...queries].flatMap((query) =>
    hashes.map((bodyHash) => signatureOf(secretKey, date, { request, signedHeaders, bodyHash, query })),
  )
  const matches = expected.filter((one) => sameSignature(one, signature.toLowerCase()))
  if (matches.length === 0)
    return failure('mismatch', `The signature of access key ${accessKey} does not match the request`)
  return { ok: true, accessKey, signedHeaders }
}
