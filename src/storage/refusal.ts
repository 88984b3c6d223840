// Turns an answer that is no success into one sentence that says who may not do what, or what is set wrongly:
// key, clock, region, endpoint. Pure. The words of the store are kept behind ours.
import { ObjectStoreError } from './object-store-error.ts'
import type { WireError } from './wire/wire-error.ts'
import { parseXml } from './xml.ts'

/** What was asked and by whom. `principal` is an access key, or words such as "this task". */
export type Asked = {
  readonly method: string
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  readonly principal: string
  readonly endpoint: string
  readonly region?: string | undefined
  readonly now: Date
}

export type Refused = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

type Headers = Readonly<Record<string, string>>

/** What stores and clouds allow between two clocks. */
const MAX_SKEW_MS = 15 * 60_000

const STATUS_CODES: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  304: 'NotModified',
  403: 'AccessDenied',
  412: 'PreconditionFailed',
  416: 'InvalidRange',
}

const EXPIRED = ['ExpiredToken', 'TokenRefreshRequired', 'InvalidToken', 'ExpiredAccessKeyId']
const WRONG_KEY = ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidSecurity']
const WRONG_REGION = [
  'AuthorizationHeaderMalformed',
  'AuthorizationQueryParametersError',
  'IllegalLocationConstraintException',
]

type ErrorXml = { Code?: unknown; Message?: unknown; Region?: unknown; Endpoint?: unknown }

/** The error document of an answer, or what OBS puts into headers where there can be no body. */
function readError({ headers, text }: Refused): ErrorXml {
  try {
    const error = parseXml(text, [])['Error'] as ErrorXml | undefined
    if (typeof error?.Code === 'string') return error
  } catch {
    // Proxies answer in HTML or not at all; the status says what there is to say.
  }
  return { Code: headers['x-obs-error-code'], Message: headers['x-obs-error-message'] }
}

/** "17 minutes": how long a difference is, for people. */
export function durationWords(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000)
  if (seconds < 120) return `${seconds} seconds`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}

/** This machine's clock minus the store's, in ms; undefined when the store does not say. */
function skewMs({ headers }: Refused, now: Date): number | undefined {
  const theirs = Date.parse(headers['date'] ?? '')
  return Number.isNaN(theirs) ? undefined : now.getTime() - theirs
}

/** Milliseconds of a Retry-After header: seconds, or a date. */
export function retryAfterMs(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined
  const ms = /^\d{1,6}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now.getTime()
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined
}

const regionWords = (asked: Asked): string =>
  asked.region === undefined
    ? 'no region is set for this store'
    : `the region set here is ${JSON.stringify(asked.region)}`

/** What a refusal means in this installation's words; undefined when the store's own are as good. */
function explain(asked: Asked, refused: Refused, code: string, error: ErrorXml): string | undefined {
  const skew = skewMs(refused, asked.now)
  const isLate =
    code === 'RequestTimeTooSkewed' || (refused.status === 403 && Math.abs(skew ?? 0) > MAX_SKEW_MS)
  if (isLate && skew !== undefined)
    return `this machine's clock is ${durationWords(skew)} ${skew > 0 ? 'ahead of' : 'behind'} the store's, which refuses more than 15 minutes: set the clock (NTP)`
  if (isLate)
    return "this machine's clock and the store's are more than 15 minutes apart: set the clock (NTP)"
  if (EXPIRED.includes(code))
    return `${asked.principal} is a temporary one that has expired, or its session token is wrong`
  const region = typeof error.Region === 'string' ? error.Region : refused.headers['x-amz-bucket-region']
  if (
    WRONG_REGION.includes(code) ||
    (refused.status >= 300 && refused.status < 400 && refused.status !== 304)
  ) {
    const place = typeof error.Endpoint === 'string' ? error.Endpoint : refused.headers['location']
    if (region !== undefined) return `it is in region ${JSON.stringify(region)}, and ${regionWords(asked)}`
    if (place !== undefined) return `${asked.endpoint} is not its endpoint, the store points to ${place}`
    if (refused.status < 400) return `${asked.endpoint} is not its endpoint`
    return `the signature is for another region: ${regionWords(asked)}`
  }
  if (WRONG_KEY.includes(code)) return `the store does not accept ${asked.principal} or its secret key`
  return refused.status === 403 ? `${asked.principal} may not do this (HTTP ${refused.status})` : undefined
}

/** The error for an answer that is no success. */
export function refusalOf(asked: Asked, refused: Refused): ObjectStoreError {
  const { status, headers } = refused
  const error = readError(refused)
  const absent = asked.key === undefined ? 'NoSuchBucket' : 'NoSuchKey'
  const guess = status === 404 ? absent : (STATUS_CODES[status] ?? `Status${status}`)
  const code = typeof error.Code === 'string' ? error.Code : guess
  const words = typeof error.Message === 'string' ? error.Message : 'the object store gave no reason'
  const own = explain(asked, refused, code, error)
  const name = `${asked.method} ${asked.bucket ?? ''}/${asked.key ?? ''}`
  const why = own === undefined ? words : `${own}; the store says: ${words}`
  return new ObjectStoreError(status, code, `${name}: ${why} (${code}, HTTP ${status})`, {
    retryAfterMs: retryAfterMs(headers['retry-after'], asked.now),
  })
}

/**
 * What a success is that no object store would give: a web page, or an answer about an object that does not say which
 * version it is (S3, OBS and their kin give every object an ETag). Undefined for what a store could have said.
 */
export function strangeSuccess(
  call: { readonly method: string; readonly key?: string | undefined; readonly headers?: Headers },
  { status, headers }: { readonly status: number; readonly headers: Headers },
): string | undefined {
  if (status < 200 || status >= 300 || headers['etag'] !== undefined) return undefined
  const type = headers['content-type'] ?? ''
  if (/^text\/html/i.test(type)) return 'a web page'
  if (call.key === undefined) return undefined
  // What a copy made stands in its document.
  const tells = call.method === 'PUT' && call.headers?.['x-amz-copy-source'] === undefined
  if (tells || call.method === 'GET' || call.method === 'HEAD') return 'a success that has no ETag'
  const speaks = (headers['content-length'] ?? '0') !== '0' && !/xml/i.test(type)
  return call.method === 'DELETE' && speaks ? 'a text where nothing is to be said' : undefined
}

/** The error for a success that no object store would give: a web page, or what is no XML where XML should be. */
export const notAnObjectStore = (asked: Asked, status: number, what: string): ObjectStoreError =>
  new ObjectStoreError(
    status,
    'NotAnObjectStore',
    `${asked.method} ${asked.bucket ?? ''}/${asked.key ?? ''}: ${asked.endpoint} answers with ${what}; it is no object store, or a proxy stands in the way`,
  )

const CERTIFICATE = /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/

/** The error for an exchange that came to nothing. */
export function failureOf(asked: Asked, error: WireError): ObjectStoreError {
  if (error.code === 'NotHttp') return notAnObjectStore(asked, 200, error.message)
  const name = `${asked.bucket ?? ''}/${asked.key ?? ''}`
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (CERTIFICATE.test(code))
    // Not status 0: asking again will show the same certificate.
    return new ObjectStoreError(
      495,
      'CertificateNotTrusted',
      `${asked.endpoint} shows a certificate that is not trusted here (${code}): give the certificate of its authority (CA)`,
      { cause: error },
    )
  return new ObjectStoreError(
    0,
    'ConnectionFailed',
    `The object store cannot be reached for ${name}: ${error.message}`,
    { cause: error },
  )
}
