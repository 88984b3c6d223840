// Verifies Huawei Cloud's request signature: SDK-HMAC-SHA256, its form with SM3, and V11-HMAC-SHA256, whose key is
// derived. In two steps, so that whoever names no key that exists is turned away before a byte of the body is read.
import {
  failure,
  MAX_SKEW_MS,
  parseBasicIsoDate,
  type SignableRequest,
  type SignatureFailure,
  sameSignature,
  skewMessage,
} from './canonical.ts'
import {
  ALGORITHM_NAMES,
  algorithmOf,
  canonicalQuery,
  digestHex,
  type SdkAlgorithm,
  sdkSignature,
  UNSIGNED,
} from './sdk-hmac.ts'

/** What the Authorization header of a request says; nothing of it is proven yet. */
export type SdkClaim = {
  readonly ok: true
  readonly algorithm: SdkAlgorithm
  readonly accessKey: string
  readonly signedHeaders: readonly string[]
  /** Lower-case hex. */
  readonly signature: string
  readonly date: string
  readonly signedAtMs: number
  readonly scope?: string
}

const FORM =
  'Authorization must read "SDK-HMAC-SHA256 Access=…, SignedHeaders=a;b, Signature=<64 hex digits>"'

/** Reads the claim of a request. `missing`: it carries no such signature. */
export function readSdkClaim(request: SignableRequest): SdkClaim | SignatureFailure {
  const header = request.headers['authorization'] ?? ''
  const algorithm = algorithmOf(header)
  if (algorithm === undefined)
    return failure(
      'missing',
      `The request has no Authorization header of the form ${ALGORITHM_NAMES[0]} Access=…${/^(SDK|V11)-/.test(header) ? `; known are ${ALGORITHM_NAMES.join(', ')}` : ''}`,
    )
  const match =
    /^\S+ (Access|Credential)=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-fA-F]{64})$/.exec(header)
  const [, word, credential, names, signature] = match ?? []
  if (!credential || !names || !signature || (word === 'Credential') !== algorithm.derived)
    return failure('malformed', FORM)
  const date = request.headers['x-sdk-date'] ?? ''
  const signedAt = parseBasicIsoDate(date)
  if (!signedAt)
    return failure(
      'malformed',
      `X-Sdk-Date must be a date like 20260131T235959Z, got ${JSON.stringify(date.slice(0, 80))}`,
    )
  const { accessKey, scope } = splitCredential(algorithm, credential)
  if (algorithm.derived && !scope?.startsWith(date.slice(0, 8)))
    return failure(
      'malformed',
      'Credential must read ACCESSKEY/YYYYMMDD/REGION/SERVICE, with the day of X-Sdk-Date',
    )
  const signedHeaders = names.toLowerCase().split(';')
  // Not `host`: the SDK for Go (huaweicloud-sdk-go-v3 0.1.207, core/auth/signer) does not sign it.
  if (!signedHeaders.includes('x-sdk-date'))
    return failure('malformed', 'SignedHeaders must contain x-sdk-date')
  const absent = signedHeaders.find((name) => request.headers[name] === undefined)
  if (absent !== undefined)
    return failure('malformed', `SignedHeaders names ${absent}, which the request lacks`)
  const claim = { algorithm, accessKey, signedHeaders, signature: signature.toLowerCase(), date }
  return { ok: true, ...claim, signedAtMs: signedAt.getTime(), ...(scope === undefined ? {} : { scope }) }
}

function splitCredential(algorithm: SdkAlgorithm, credential: string): { accessKey: string; scope?: string } {
  if (!algorithm.derived) return { accessKey: credential }
  const match = /^([^/]+)\/(\d{8}\/[^/]+\/[^/]+)$/.exec(credential)
  return { accessKey: match?.[1] ?? credential, ...(match?.[2] ? { scope: match[2] } : {}) }
}

/** The body hashes a client may have signed; empty when the announced hash is not the body's. */
function bodyHashes(
  algorithm: SdkAlgorithm,
  announced: string | undefined,
  body: Uint8Array | string,
): string[] {
  const actual = digestHex(algorithm, body)
  if (body.length === 0) return announced === UNSIGNED ? [actual, UNSIGNED] : [actual]
  if (announced === UNSIGNED) return [UNSIGNED]
  return announced === undefined || announced.toLowerCase() === actual ? [actual] : []
}

/** Checks a claim against the request with its whole body. The date may be 15 minutes off. null: it holds. */
export function verifySdkHmac(
  claim: SdkClaim,
  input: { request: SignableRequest; body: Uint8Array | string; secretKey: string; now: Date },
): SignatureFailure | null {
  const { request, secretKey, now } = input
  const { algorithm, accessKey, signature, signedAtMs } = claim
  const offMs = signedAtMs - now.getTime()
  if (Math.abs(offMs) > MAX_SKEW_MS) return failure('expired', skewMessage('X-Sdk-Date', claim.date, now))
  const queries = new Set([
    canonicalQuery(request.query, 'received'),
    canonicalQuery(request.query, 'sorted'),
  ])
  const hashes = bodyHashes(algorithm, request.headers[algorithm.content], input.body)
  const expected = [...queries].flatMap((query) =>
    hashes.map((bodyHash) =>
      sdkSignature(algorithm, { accessKey, secretKey }, { ...claim, request, bodyHash, query }),
    ),
  )
  const matches = expected.filter((one) => sameSignature(one, signature))
  return matches.length > 0
    ? null
    : failure('mismatch', `The signature of access key ${accessKey} does not match the request`)
}
