// The older signatures with HMAC-SHA1, as pure functions: S3's V2 (`AWS key:signature`) and OBS' own
// (`OBS key:signature`), in the Authorization header and as a presigned query. Mirrors AWS's "Signing and
// authenticating REST requests (Signature Version 2)" and "User signature authentication" of OBS' API reference.
import { createHmac } from 'node:crypto'
import {
  byCodeUnit,
  percentDecode,
  percentEncode,
  queryPairs,
  type SignableRequest,
  wireHeader,
} from './canonical.ts'

export type S3V2Dialect = 'v2' | 'obs'

/** `bucket` is the one the host names (virtual-host style); absent when it stands in the path. */
export type S3V2Input = {
  readonly dialect: S3V2Dialect
  readonly request: SignableRequest
  readonly bucket?: string | undefined
  /** Whose list of signed parameters counts; the dialect's own when absent. */
  readonly parametersOf?: S3V2Dialect | undefined
  readonly credentials: {
    readonly accessKey: string
    readonly secretKey: string
    readonly sessionToken?: string | undefined
  }
}

export const SCHEMES = {
  v2: { word: 'AWS', prefix: 'x-amz-', keyParameter: 'AWSAccessKeyId' },
  obs: { word: 'OBS', prefix: 'x-obs-', keyParameter: 'AccessKeyId' },
} as const satisfies Record<S3V2Dialect, object>

const SHARED = [
  ...['acl', 'cors', 'delete', 'inventory', 'lifecycle', 'location', 'logging', 'notification'],
  ...['object-lock', 'partNumber', 'policy', 'replication', 'restore', 'tagging', 'torrent', 'uploadId'],
  ...['uploads', 'versionId', 'versioning', 'versions', 'website', 'requestPayment'],
  ...['response-cache-control', 'response-content-disposition', 'response-content-encoding'],
  ...['response-content-language', 'response-content-type', 'response-expires'],
]

/** Parameters that are part of the resource: what botocore's HmacV1Auth and the OBS SDK's const.py list. */
const SIGNED_PARAMETERS: Readonly<Record<S3V2Dialect, ReadonlySet<string>>> = {
  v2: new Set([
    ...SHARED,
    ...['accelerate', 'analytics', 'defaultObjectAcl', 'metrics', 'select', 'select-type', 'storageClass'],
  ]),
  obs: new Set([
    ...SHARED,
    ...['append', 'backtosource', 'bucketstatus', 'customdomain', 'deletebucket', 'directcoldaccess'],
    ...[
      'dispolicy',
      'encryption',
      'length',
      'metadata',
      'modify',
      'name',
      'obscompresspolicy',
      'policyStatus',
    ],
    ...['position', 'publicAccessBlock', 'quota', 'rename', 'retention', 'storageClass', 'storageinfo'],
    ...['storagePolicy', 'truncate', 'x-image-process', 'x-image-save-bucket', 'x-image-save-object'],
  ]),
}

function resourceOf({ dialect, request, bucket, parametersOf = dialect }: S3V2Input): string {
  const { prefix } = SCHEMES[dialect]
  const path = bucket === undefined ? request.path : `/${bucket}${request.path}`
  const parameters = queryPairs(request.query)
    .map(([name, value]) => [percentDecode(name) ?? name, percentDecode(value) ?? value] as const)
    .filter(
      ([name]) => SIGNED_PARAMETERS[parametersOf].has(name) || (dialect === 'obs' && name.startsWith(prefix)),
    )
    .sort((a, b) => byCodeUnit(a[0], b[0]))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  return wireHeader(parameters.length === 0 ? path : `${path}?${parameters.join('&')}`)
}

/** Base64 signature over headers that are as on the wire; `date` is the Date header's text or the time of expiry. */
export function s3V2Signature(
  input: S3V2Input,
  headers: Readonly<Record<string, string>>,
  date: string,
): string {
  const { prefix } = SCHEMES[input.dialect]
  const own = Object.entries(headers)
    .filter(([name]) => name.startsWith(prefix))
    .sort((a, b) => byCodeUnit(a[0], b[0]))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
    .join('')
  const fixed = [input.request.method, headers['content-md5'] ?? '', headers['content-type'] ?? '', date]
  const text = `${fixed.join('\n')}\n${own}${resourceOf(input)}`
  return createHmac('sha1', input.credentials.secretKey).update(Buffer.from(text, 'latin1')).digest('base64')
}

const onTheWire = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, wireHeader(value)]))

/** Signs a request in its headers: returns all to send, `date` and `authorization` added. */
export function signS3V2(input: S3V2Input & { readonly now: Date }): Record<string, string> {
  const { word, prefix } = SCHEMES[input.dialect]
  const { accessKey, sessionToken } = input.credentials
  const headers = onTheWire(input.request.headers)
  headers['date'] = input.now.toUTCString()
  if (sessionToken !== undefined) headers[`${prefix}security-token`] = sessionToken
  headers['authorization'] = `${word} ${accessKey}:${s3V2Signature(input, headers, headers['date'])}`
  return headers
}

/** Signs a request in its query, for links that work without keys until they expire. Returns the whole query. */
export function presignS3V2(
  input: S3V2Input & { readonly now: Date; readonly expiresSeconds: number },
): string {
  const { prefix, keyParameter } = SCHEMES[input.dialect]
  const { request, credentials } = input
  const expires = String(Math.floor(input.now.getTime() / 1000) + input.expiresSeconds)
  const token = credentials.sessionToken
  const tokenName = `${prefix}security-token`
  const withToken = token === undefined ? [] : [`${tokenName}=${percentEncode(token)}`]
  const query = [...(request.query === '' ? [] : [request.query]), ...withToken].join('&')
  const headers = onTheWire(request.headers)
  // OBS signs the token as the parameter it is, S3 as the header it would have been.
  if (token !== undefined && input.dialect === 'v2') headers[tokenName] = token
  const value = percentEncode(s3V2Signature({ ...input, request: { ...request, query } }, headers, expires))
  const added = `${keyParameter}=${percentEncode(credentials.accessKey)}&Expires=${expires}&Signature=${value}`
  return query === '' ? added : `${query}&${added}`
}
