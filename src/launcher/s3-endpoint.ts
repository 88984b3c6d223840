// S3 on the task's loopback, for programs that bring their own client (boto3, TensorFlow, the image's own moxing). Keys
// are made here, hold for this task only and name only the buckets that the job names; the bytes go over the task's
// socket, so no key of the project ever comes into the task (decisions.md 1.2).
import { randomBytes } from 'node:crypto'
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { percentDecode, type SignableRequest } from '../lib/signature/canonical.ts'
import { verifyS3V2 } from '../lib/signature/verify-s3-v2.ts'
import { verifyS3V4 } from '../lib/signature/verify-s3-v4.ts'
import { signableOf } from '../storage/server/operation.ts'
import { leaf, xmlError } from '../storage/xml.ts'
import type { Environment } from './environment.ts'

export type S3EndpointOptions = {
  readonly socketPath: string
  /** Those the job names. */
  readonly buckets: readonly string[]
}

export type S3Endpoint = AsyncDisposable & {
  /** What clients read to find it. */
  readonly environment: Environment
}

type Keys = { readonly accessKey: string; readonly secretKey: string }
type Refusal = { readonly code: string; readonly message: string }

const REGION = 'ropeway'

/** Listens on a free port of 127.0.0.1 until it is disposed. */
export async function openS3Endpoint(options: S3EndpointOptions): Promise<S3Endpoint> {
  const keys = {
    accessKey: `TASK${randomBytes(8).toString('hex').toUpperCase()}`,
    secretKey: randomBytes(30).toString('base64url'),
  }
  const server = createServer({ requestTimeout: 0 }, (incoming, response) =>
    answer(options, keys, incoming, response),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    environment: environmentOf(`http://127.0.0.1:${port}`, keys),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/**
 * Names that boto3 and the AWS SDKs, TensorFlow, moxing (modelarts.md §3.6) and OBS' SDKs read. TensorFlow puts the scheme
 * before S3_ENDPOINT itself, by S3_USE_HTTPS; the others take both forms.
 */
function environmentOf(endpoint: string, { accessKey, secretKey }: Keys): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    S3_ENDPOINT: new URL(endpoint).host,
    S3_USE_HTTPS: '0',
    S3_VERIFY_SSL: '0',
    S3_REGION: REGION,
    S3_ACCESS_KEY_ID: accessKey,
    S3_SECRET_ACCESS_KEY: secretKey,
    ACCESS_KEY_ID: accessKey,
    SECRET_ACCESS_KEY: secretKey,
    OBS_ACCESS_KEY_ID: accessKey,
    OBS_SECRET_ACCESS_KEY: secretKey,
  }
}

function answer(
  options: S3EndpointOptions,
  keys: Keys,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  const asked = verified(options, keys, signableOf(incoming))
  if ('code' in asked) {
    incoming.resume()
    const xml = xmlError(leaf('Code', asked.code), leaf('Message', asked.message))
    response.writeHead(403, { 'content-type': 'application/xml' })
    response.end(incoming.method === 'HEAD' ? undefined : xml)
    return
  }
  const { path, query, headers } = asked
  const target = query === '' ? path : `${path}?${query}`
  const outgoing = forward(
    { socketPath: options.socketPath, method: incoming.method, path: target, headers },
    (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(response)
      reply.on('error', () => response.destroy())
    },
  )
  // Clients try again what breaks off; half an answer must not look like a whole one.
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy()
    else response.writeHead(503, { 'retry-after': '1', connection: 'close' }).end()
  })
  response.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}

/** Parameters of presigned queries: they have said what they had to say. */
const SIGNATURE_PARAMETERS = /^(X-Amz-[^=]*|AWSAccessKeyId|AccessKeyId|Expires|Signature)(=|$)/i

/** The request as the server is to see it: in S3's spelling, without its signature. Or why it is refused. */
function verified(
  { buckets }: S3EndpointOptions,
  keys: Keys,
  request: SignableRequest,
): SignableRequest | Refusal {
  const lookupSecret = (accessKey: string) => (accessKey === keys.accessKey ? keys.secretKey : undefined)
  const input = { request, lookupSecret, now: new Date() }
  const older = verifyS3V2(input)
  const result = !older.ok && older.reason === 'missing' ? verifyS3V4(input) : older
  if (!result.ok) return { code: CODES[result.reason], message: result.message }
  const { authorization: _, ...signed } = request.headers
  const headers = older.ok && older.dialect === 'obs' ? s3Headers(signed) : signed
  const source = headers['x-amz-copy-source']
  const paths = [request.path, ...(source === undefined ? [] : [source])]
  const other = paths.map(bucketOf).find((bucket) => !buckets.includes(bucket))
  if (other !== undefined)
    return {
      code: 'AccessDenied',
      message: `The keys of this task are for the buckets its job names (${buckets.join(', ')}), not for ${JSON.stringify(other)}.`,
    }
  const query = request.query
    .split('&')
    .filter((pair) => !SIGNATURE_PARAMETERS.test(pair))
    .join('&')
  return { ...request, query, headers }
}

/** Headers of OBS' dialect in S3's spelling; those that were in it already are not covered by the signature. */
const s3Headers = (headers: SignableRequest['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !name.startsWith('x-amz-'))
      .map(([name, value]) => [name.replace(/^x-obs-/, 'x-amz-'), value]),
  )

const CODES = {
  missing: 'AccessDenied',
  malformed: 'InvalidRequest',
  'unknown-key': 'InvalidAccessKeyId',
  mismatch: 'SignatureDoesNotMatch',
  expired: 'RequestTimeTooSkewed',
} as const

/** The first part of a path, decoded; empty for a path that names none. */
const bucketOf = (path: string): string => percentDecode(path.replace(/^\//, '').split(/[/?]/)[0] ?? '') ?? ''
