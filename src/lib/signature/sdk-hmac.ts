// Huawei Cloud's request signature, for clients: signs as huaweicloudsdkcore's Signer does. What servers need of it is
// in verify-sdk-hmac.ts; official-signer.json holds what the official signer made.
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import {
  basicIsoDate,
  byCodeUnit,
  canonicalEscapes,
  percentDecode,
  queryPairs,
  type SignableRequest,
  wireHeader,
} from './canonical.ts'

export const UNSIGNED = 'UNSIGNED-PAYLOAD'

/** What differs between the forms of the signature. `content`: the header that announces the body's hash. */
export type SdkAlgorithm = {
  readonly name: string
  readonly hash: 'sha256' | 'sm3'
  readonly content: string
  /** The key is derived for a day, a region and a service (huaweicloudsdkcore's DerivationAKSKSigner). */
  readonly derived: boolean
}

const SHA256 = { hash: 'sha256', content: 'x-sdk-content-sha256', derived: false } as const
const ALGORITHMS: readonly SdkAlgorithm[] = [
  { ...SHA256, name: 'SDK-HMAC-SHA256' },
  { name: 'SDK-HMAC-SM3', hash: 'sm3', content: 'x-sdk-content-sm3', derived: false },
  { ...SHA256, name: 'V11-HMAC-SHA256', derived: true },
]
export const ALGORITHM_NAMES: readonly string[] = ALGORITHMS.map(({ name }) => name)
const DEFAULT = 'SDK-HMAC-SHA256'

/** The form an Authorization header begins with. */
export const algorithmOf = (header: string | undefined): SdkAlgorithm | undefined =>
  ALGORITHMS.find(({ name }) => header?.startsWith(`${name} `))

/** Lower-case hex digest of a body or of a canonical request. */
export const digestHex = ({ hash }: SdkAlgorithm, data: Uint8Array | string): string =>
  createHash(hash).update(data).digest('hex')

/** Ends with a slash always, whatever the request's path does. */
function canonicalUri(path: string): string {
  const uri = canonicalEscapes(path, '/')
  return uri.endsWith('/') ? uri : `${uri}/`
}

/**
 * Sorted by decoded name. The SDK sorts the values of a repeated name by its own type (numbers as numbers)
 * and sends them in that order, so `received` keeps their order; `sorted` is what other clients sign.
 */
export function canonicalQuery(raw: string, values: 'received' | 'sorted'): string {
  const name = (pair: readonly [string, string]) => percentDecode(pair[0]) ?? pair[0]
  return queryPairs(raw)
    .sort((a, b) => byCodeUnit(name(a), name(b)) || (values === 'sorted' ? byCodeUnit(a[1], b[1]) : 0))
    .map(([key, value]) => `${key}=${value}`)
    .join('&')
}

/** What is signed: `query` and `bodyHash` are canonical; `scope` is `day/region/service` of the derived form. */
export type Canonical = {
  readonly request: SignableRequest
  readonly signedHeaders: readonly string[]
  readonly bodyHash: string
  readonly query: string
  readonly date: string
  readonly scope?: string
}

/** The hex signature. */
export function sdkSignature(
  algorithm: SdkAlgorithm,
  keys: { readonly accessKey: string; readonly secretKey: string },
  canonical: Canonical,
): string {
  const { request, signedHeaders, bodyHash, query, date, scope } = canonical
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
  const hash = digestHex(algorithm, Buffer.from(text, 'latin1'))
  const lines = [algorithm.name, date, ...(scope === undefined ? [] : [scope]), hash]
  const key =
    scope === undefined
      ? keys.secretKey
      : Buffer.from(hkdfSync('sha256', keys.secretKey, keys.accessKey, scope, 32)).toString('hex')
  return createHmac(algorithm.hash, key).update(lines.join('\n')).digest('hex')
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
  const algorithm = algorithmOf(`${DEFAULT} `) as SdkAlgorithm
  const headers: Record<string, string> = { 'x-sdk-date': basicIsoDate(input.now) }
  for (const [name, value] of Object.entries(input.request.headers)) headers[name] = wireHeader(value)
  const type = headers['content-type']
  if (type && !/^application\/[jb]son/.test(type)) headers[algorithm.content] = UNSIGNED
  const signedHeaders = Object.keys(headers)
    .filter((name) => !name.includes('_'))
    .sort(byCodeUnit)
  const announced = input.body.length === 0 ? undefined : headers[algorithm.content]
  const signature = sdkSignature(algorithm, input, {
    request: { ...input.request, headers },
    query: canonicalQuery(input.request.query, 'sorted'),
    date: headers['x-sdk-date'] ?? '',
    signedHeaders,
    bodyHash: announced ?? digestHex(algorithm, input.body),
  })
  headers['authorization'] =
    `${DEFAULT} Access=${input.accessKey}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  return headers
}
