// Verifies AWS4-HMAC-SHA256 for S3, in the Authorization header and as a presigned query.
// Says what the body has to be (a known hash, unsigned, chunks), because only the reader of the body can check it.
import {
  basicIsoDate,
  failure,
  type LookupSecret,
  MAX_SKEW_MS,
  parseBasicIsoDate,
  percentDecode,
  queryPairs,
  type SignableRequest,
  type SignatureFailure,
  sameSignature,
  skewMessage,
} from './canonical.ts'
import { ALGORITHM, type SigningKeys, s3Signature, signingKey, UNSIGNED_PAYLOAD } from './s3-v4.ts'
import type { ChunkSigning } from './s3-v4-chunks.ts'

/** What the body of a verified request has to be; the reader of the body checks it. */
export type S3Payload =
  | { readonly kind: 'sha256'; readonly hex: string }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'chunks'; readonly trailer: boolean; readonly signing?: ChunkSigning }

/** What a verified request is known to be. */
export type S3Verified = {
  readonly ok: true
  readonly accessKey: string
  readonly region: string
  readonly presigned: boolean
  readonly payload: S3Payload
}

type Claim = {
  readonly accessKey: string
  readonly scope: string
  readonly region: string
  readonly date: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly payloadHash: string
  readonly securityToken: string | undefined
  /** Milliseconds after `date` until which a presigned request holds; absent in the header form. */
  readonly lifetimeMs?: number
}

const WEEK_SECONDS = 7 * 24 * 3600

/** Reads the payload word or hash; undefined when it is neither. */
export function parsePayloadHash(hash: string): S3Payload | undefined {
  switch (hash) {
    case UNSIGNED_PAYLOAD:
      return { kind: 'unsigned' }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunks', trailer: false }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunks', trailer: true }
    default:
      return /^[0-9a-fA-F]{64}$/.test(hash) ? { kind: 'sha256', hex: hash.toLowerCase() } : undefined
  }
}

function parseCredential(text: string): Pick<Claim, 'accessKey' | 'scope' | 'region'> | undefined {
  const match = /^([^/\s]+)\/(\d{8}\/([^/\s]*)\/s3\/aws4_request)$/.exec(text)
  const [, accessKey, scope, region] = match ?? []
  return accessKey && scope !== undefined && region !== undefined ? { accessKey, scope, region } : undefined
}

function headerClaim(request: SignableRequest, header: string): Claim | SignatureFailure {
  const field = (name: string) => new RegExp(`[ ,]${name}=([^, ]+)`).exec(header)?.[1]
  const credential = parseCredential(field('Credential') ?? '')
  const names = field('SignedHeaders')
  const signature = field('Signature')
  if (!credential || !names || !signature)
    return failure(
      'malformed',
      `Authorization must read "${ALGORITHM} Credential=KEY/YYYYMMDD/REGION/s3/aws4_request, SignedHeaders=a;b, Signature=…"`,
    )
  const payloadHash = request.headers['x-amz-content-sha256']
  if (payloadHash === undefined) return failure('malformed', 'The header x-amz-content-sha256 is missing')
  const signedHeaders = names.toLowerCase().split(';')
  const securityToken = request.headers['x-amz-security-token']
  const claim = { ...credential, signedHeaders, signature, payloadHash, securityToken }
  const amzDate = request.headers['x-amz-date']
  if (amzDate !== undefined) return { ...claim, date: amzDate }
  // Old clients send Date alone; the string to sign has it in the basic form.
  const sent = request.headers['date'] ?? ''
  const parsed = parseBasicIsoDate(sent) ?? new Date(sent)
  if (Number.isNaN(parsed.getTime()))
    return failure('malformed', 'The request needs the header x-amz-date, like 20260131T235959Z')
  return { ...claim, date: basicIsoDate(parsed) }
}

function queryClaim(request: SignableRequest, query: ReadonlyMap<string, string>): Claim | SignatureFailure {
  const credential = parseCredential(query.get('X-Amz-Credential') ?? '')
  const names = query.get('X-Amz-SignedHeaders')
  const signature = query.get('X-Amz-Signature')
  const date = query.get('X-Amz-Date')
  if (query.get('X-Amz-Algorithm') !== ALGORITHM || !credential || !names || !signature || !date)
    return failure(
      'malformed',
      `A presigned request needs X-Amz-Algorithm=${ALGORITHM}, X-Amz-Credential, X-Amz-Date, X-Amz-Expires, X-Amz-SignedHeaders and X-Amz-Signature`,
    )
  const expires = query.get('X-Amz-Expires') ?? ''
  const seconds = Number(expires)
  if (!/^\d+$/.test(expires) || seconds < 1 || seconds > WEEK_SECONDS)
    return failure(
      'malformed',
      `X-Amz-Expires must be 1 to ${WEEK_SECONDS} seconds, got ${JSON.stringify(expires)}`,
    )
  const signedHeaders = names.toLowerCase().split(';')
  const announced = request.headers['x-amz-content-sha256'] ?? query.get('X-Amz-Content-Sha256')
  const payloadHash = announced ?? UNSIGNED_PAYLOAD
  const securityToken = query.get('X-Amz-Security-Token') ?? request.headers['x-amz-security-token']
  const claim = { ...credential, date, signedHeaders, signature, payloadHash, securityToken }
  return { ...claim, lifetimeMs: seconds * 1000 }
}

function readClaim(request: SignableRequest): Claim | SignatureFailure {
  const header = request.headers['authorization']
  if (header?.startsWith(`${ALGORITHM} `)) return headerClaim(request, header)
  const query = new Map(
    queryPairs(request.query).map(([name, value]) => [name, percentDecode(value) ?? value]),
  )
  if (query.has('X-Amz-Algorithm') || query.has('X-Amz-Signature')) return queryClaim(request, query)
  return failure(
    'missing',
    `The request has neither an Authorization header of ${ALGORITHM} nor X-Amz-Signature`,
  )
}

function checkHeaders(
  request: SignableRequest,
  signedHeaders: readonly string[],
): SignatureFailure | undefined {
  if (!signedHeaders.includes('host')) return failure('malformed', 'SignedHeaders must contain host')
  const absent = signedHeaders.find((name) => request.headers[name] === undefined)
  if (absent !== undefined)
    return failure('malformed', `SignedHeaders names ${absent}, which the request lacks`)
  // Else whoever sits in between could add an x-amz-copy-source to a signed request.
  const loose = Object.keys(request.headers).find(
    (name) => name.startsWith('x-amz-') && name !== 'x-amz-content-sha256' && !signedHeaders.includes(name),
  )
  return loose === undefined
    ? undefined
    : failure('malformed', `The header ${loose} must be among SignedHeaders`)
}

function checkDates(claim: Claim, now: Date): SignatureFailure | undefined {
  const signedAt = parseBasicIsoDate(claim.date)
  if (!signedAt)
    return failure('malformed', `x-amz-date must be like 20260131T235959Z, got ${JSON.stringify(claim.date)}`)
  if (!claim.scope.startsWith(claim.date.slice(0, 8)))
    return failure(
      'malformed',
      `The credential's date ${claim.scope.slice(0, 8)} is not the day of ${claim.date}`,
    )
  const ageMs = now.getTime() - signedAt.getTime()
  const late = claim.lifetimeMs === undefined ? ageMs > MAX_SKEW_MS : ageMs > claim.lifetimeMs
  if (late && claim.lifetimeMs !== undefined) return failure('expired', 'The presigned request has expired')
  if (late || ageMs < -MAX_SKEW_MS) return failure('expired', skewMessage('x-amz-date', claim.date, now))
  return undefined
}

/** Verifies a request's signature. The body is not looked at: `payload` of the answer says what it has to be. */
export function verifyS3V4(input: {
  request: SignableRequest
  lookupSecret: LookupSecret
  now: Date
  keys?: SigningKeys | undefined
}): S3Verified | SignatureFailure {
  const { request, keys = signingKey } = input
  const claim = readClaim(request)
  if ('ok' in claim) return claim
  const payload = parsePayloadHash(claim.payloadHash)
  if (!payload)
    return failure(
      'malformed',
      `x-amz-content-sha256 must be a sha256 in hex or a word S3 knows, got ${JSON.stringify(claim.payloadHash)}`,
    )
  const secretKey = input.lookupSecret(claim.accessKey, claim.securityToken)
  if (secretKey === undefined) return failure('unknown-key', `There is no access key ${claim.accessKey}`)
  const refused = checkHeaders(request, claim.signedHeaders) ?? checkDates(claim, input.now)
  if (refused) return refused
  const { accessKey, region, scope, date, signedHeaders, payloadHash } = claim
  const key = keys(secretKey, scope)
  const expected = s3Signature(key, date, scope, { request, signedHeaders, payloadHash })
  if (!sameSignature(expected, claim.signature))
    return failure('mismatch', `The signature of access key ${accessKey} does not match the request`)
  const signing = { keyHex: key.toString('hex'), date, scope, seedSignature: expected }
  const signed = payload.kind === 'chunks' && payloadHash.startsWith('STREAMING-AWS4')
  const presigned = claim.lifetimeMs !== undefined
  return { ok: true, accessKey, region, presigned, payload: signed ? { ...payload, signing } : payload }
}
