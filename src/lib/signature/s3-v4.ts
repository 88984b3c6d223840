// AWS4-HMAC-SHA256 for S3, as pure functions: sign and verify, in the Authorization header and as
// a presigned query. Mirrors AWS's "Authenticating Requests (AWS Signature Version 4)" for S3:
// paths are escaped once, and x-amz-content-sha256 stands in the canonical request as it came.
import {
  basicIsoDate,
  byCodeUnit,
  canonicalEscapes,
  EMPTY_SHA256,
  hmacSha256,
  percentEncode,
  queryPairs,
  type SignableRequest,
  sha256Hex,
  wireHeader,
} from './canonical.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'

/** Who signs, and for which region (any word will do for servers that have none). */
export type S3Credentials = {
  readonly accessKey: string
  readonly secretKey: string
  readonly region?: string | undefined
  /** Of temporary keys. */
  readonly sessionToken?: string | undefined
}

/** What a signature covers; the same shape serves signing and verifying. */
export type S3Canonical = {
  readonly request: SignableRequest
  readonly signedHeaders: readonly string[]
  readonly payloadHash: string
}

/** `20260131/region/s3/aws4_request` for a date like `20260131T235959Z`. */
export const credentialScope = (date: string, region: string): string =>
  `${date.slice(0, 8)}/${region}/s3/aws4_request`

/** The key that signs everything of one day, region and service. */
export function signingKey(secretKey: string, scope: string): Buffer {
  let key: Uint8Array | string = `AWS4${secretKey}`
  for (const piece of scope.split('/')) key = hmacSha256(key, piece)
  return Buffer.from(key)
}

/** Gives the signing key of a secret and a scope. */
export type SigningKeys = (secretKey: string, scope: string) => Buffer

const MAX_REMEMBERED = 100

/** Signing keys that are worked out once a day, for whoever signs or checks many requests. */
export function rememberedKeys(): SigningKeys {
  const known = new Map<string, Buffer>()
  return (secretKey, scope) => {
    const name = `${scope} ${secretKey}`
    const found = known.get(name)
    if (found) return found
    if (known.size >= MAX_REMEMBERED) known.clear()
    const key = signingKey(secretKey, scope)
    known.set(name, key)
    return key
  }
}

function canonicalRequest({ request, signedHeaders, payloadHash }: S3Canonical): Buffer {
  const query = queryPairs(request.query)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .sort((a, b) => byCodeUnit(a[0], b[0]) || byCodeUnit(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const headers = signedHeaders
    .map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('')
  const lines = [request.method, canonicalEscapes(request.path, '/') || '/', query, headers]
  // latin1: header values are one character per byte here, everything else is ASCII.
  return Buffer.from([...lines, signedHeaders.join(';'), payloadHash].join('\n'), 'latin1')
}

/** Hex signature of a canonical request. */
export function s3Signature(key: Uint8Array, date: string, scope: string, canonical: S3Canonical): string {
  const hash = sha256Hex(canonicalRequest(canonical))
  return hmacSha256(key, `${ALGORITHM}\n${date}\n${scope}\n${hash}`).toString('hex')
}

/**
 * Signs a request in its headers. `request.headers` needs `host`. `payloadHash` is the hex sha256 of the
 * body, or one of the words S3 knows (`UNSIGNED-PAYLOAD`, `STREAMING-…`); without it the body is empty.
 * Returns every header to send, `x-amz-date`, `x-amz-content-sha256` and `authorization` added.
 */
export function signS3V4(input: {
  request: SignableRequest
  credentials: S3Credentials
  now: Date
  payloadHash?: string
  keys?: SigningKeys | undefined
}): Record<string, string> {
  const { credentials, keys = signingKey } = input
  const payloadHash = input.payloadHash ?? EMPTY_SHA256
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(input.request.headers)) headers[name] = wireHeader(value)
  const date = basicIsoDate(input.now)
  headers['x-amz-date'] = date
  headers['x-amz-content-sha256'] = payloadHash
  if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken
  // What proxies and HTTP libraries rewrite on their way stays unsigned.
  const unsigned = new Set(['connection', 'expect', 'transfer-encoding', 'user-agent', 'content-length'])
  const signedHeaders = Object.keys(headers)
    .filter((name) => !unsigned.has(name))
    .sort(byCodeUnit)
  const scope = credentialScope(date, credentials.region ?? 'us-east-1')
  const canonical = { request: { ...input.request, headers }, signedHeaders, payloadHash }
  const signature = s3Signature(keys(credentials.secretKey, scope), date, scope, canonical)
  headers['authorization'] =
    `${ALGORITHM} Credential=${credentials.accessKey}/${scope},SignedHeaders=${signedHeaders.join(';')},Signature=${signature}`
  return headers
}

/**
 * Signs a request in its query, for links that work without keys until they expire (1 s to 7 days).
 * Only the headers of `request` (at least `host`) are signed; whoever uses the link must send the same.
 * Returns the whole query, without `?`.
 */
export function presignS3V4(input: {
  request: SignableRequest
  credentials: S3Credentials
  now: Date
  expiresSeconds: number
}): string {
  const { request, credentials } = input
  const date = basicIsoDate(input.now)
  const scope = credentialScope(date, credentials.region ?? 'us-east-1')
  const signedHeaders = Object.keys(request.headers).sort(byCodeUnit)
  const added = {
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': `${credentials.accessKey}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(input.expiresSeconds),
    'X-Amz-SignedHeaders': signedHeaders.join(';'),
  }
  const token =
    credentials.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': credentials.sessionToken }
  const pairs = Object.entries({ ...added, ...token }).map(
    ([name, value]) => `${name}=${percentEncode(value)}`,
  )
  const query = [...(request.query === '' ? [] : [request.query]), ...pairs].join('&')
  const canonical = { request: { ...request, query }, signedHeaders, payloadHash: UNSIGNED_PAYLOAD }
  const signature = s3Signature(signingKey(credentials.secretKey, scope), date, scope, canonical)
  return `${query}&X-Amz-Signature=${signature}`
}
