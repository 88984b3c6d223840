// Verifies the older signatures with HMAC-SHA1, S3's V2 and OBS' own, in the Authorization header and as a presigned
// query. OBS' SDKs fall back to V2 where the endpoint is an IP address. Path style only: no host names a bucket here.
import {
  failure,
  type LookupSecret,
  MAX_SKEW_MS,
  percentDecode,
  queryPairs,
  type SignableRequest,
  type SignatureFailure,
  sameSignature,
  skewMessage,
} from './canonical.ts'
import { type S3V2Dialect, SCHEMES, s3V2Signature } from './s3-v2.ts'

const DIALECTS: readonly S3V2Dialect[] = ['v2', 'obs']

/** `secondsText` is the time of expiry of a presigned request, as it stands there. */
type Claim = {
  readonly dialect: S3V2Dialect
  readonly accessKey: string
  readonly signature: string
  readonly secondsText: string | undefined
}

export type S3V2Verified = { readonly ok: true; readonly accessKey: string; readonly dialect: S3V2Dialect }

function readClaim({ headers, query }: SignableRequest): Claim | SignatureFailure {
  const header = headers['authorization']
  const values = new Map(queryPairs(query).map(([name, value]) => [name, percentDecode(value) ?? value]))
  for (const dialect of DIALECTS) {
    const { word, keyParameter } = SCHEMES[dialect]
    if (header?.startsWith(`${word} `)) {
      const [, accessKey, signature] = /^\S+ ([^:\s]+):(\S+)$/.exec(header) ?? []
      return accessKey !== undefined && signature !== undefined
        ? { dialect, accessKey, signature, secondsText: undefined }
        : failure('malformed', `Authorization must read "${word} KEY:SIGNATURE"`)
    }
    const accessKey = values.get(keyParameter)
    if (header !== undefined || accessKey === undefined) continue
    const [signature, secondsText] = [values.get('Signature'), values.get('Expires')]
    return signature !== undefined && secondsText !== undefined
      ? { dialect, accessKey, signature, secondsText }
      : failure('malformed', `A presigned request needs ${keyParameter}, Expires and Signature`)
  }
  return failure('missing', 'The request carries no signature with HMAC-SHA1')
}

/** What is signed as the date; a failure when that is too far away. */
function dateOf({ dialect, secondsText }: Claim, headers: SignableRequest['headers'], now: Date) {
  if (secondsText !== undefined) {
    if (!/^\d{1,12}$/.test(secondsText))
      return failure('malformed', `Expires must be seconds since 1970, got ${JSON.stringify(secondsText)}`)
    return Number(secondsText) * 1000 < now.getTime()
      ? failure('expired', 'The presigned request has expired')
      : secondsText
  }
  const name = `${SCHEMES[dialect].prefix}date`
  const own = headers[name]
  const sent = own ?? headers['date'] ?? ''
  const ms = Date.parse(sent)
  if (Number.isNaN(ms))
    return failure('malformed', `The request needs the header date or ${name}, like ${now.toUTCString()}`)
  if (Math.abs(ms - now.getTime()) > MAX_SKEW_MS)
    return failure('expired', skewMessage(own === undefined ? 'date' : name, sent, now))
  // Among the other headers of its family it is signed already.
  return own === undefined ? sent : ''
}

/** A bucket's path as it came, and as others write it: botocore signs `/bucket/`, OBS' SDKs `/bucket`. */
function spellingsOf(path: string): string[] {
  const bare = path.replace(/\/$/, '')
  return bare !== '' && !bare.slice(1).includes('/') ? [bare, `${bare}/`] : [path]
}

/** Verifies a request's signature; `missing` when it carries none of these. The body is not covered by any of them. */
export function verifyS3V2(input: {
  request: SignableRequest
  lookupSecret: LookupSecret
  now: Date
}): S3V2Verified | SignatureFailure {
  const { request, now } = input
  const claim = readClaim(request)
  if ('ok' in claim) return claim
  const { dialect, accessKey } = claim
  const secretKey = input.lookupSecret(accessKey, request.headers[`${SCHEMES[dialect].prefix}security-token`])
  if (secretKey === undefined) return failure('unknown-key', `There is no access key ${accessKey}`)
  const date = dateOf(claim, request.headers, now)
  if (typeof date !== 'string') return date
  const credentials = { accessKey, secretKey }
  // OBS' SDKs take their own list of parameters along when they speak V2.
  const isOurs = spellingsOf(request.path).some((path) =>
    DIALECTS.some((parametersOf) => {
      const signed = { dialect, parametersOf, credentials, request: { ...request, path } }
      return sameSignature(s3V2Signature(signed, request.headers, date), claim.signature)
    }),
  )
  return isOurs
    ? { ok: true, accessKey, dialect }
    : failure('mismatch', `The signature of access key ${accessKey} does not match the request`)
}
