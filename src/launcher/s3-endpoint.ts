// S3 on the task's loopback, for programs that bring their own client (boto3, TensorFlow, the image's own moxing). Keys
// are made here, hold for this task only and name only the buckets that the job names; the bytes go over the task's
// socket, so no key of the project ever comes into the task (decisions.md 1.2).
import { randomBytes } from 'node:crypto'
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { percentDecode } from '../lib/signature/canonical.ts'
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

/** Names that boto3 and the AWS SDKs, TensorFlow, and moxing read (modelarts.md §3.6). */
function environmentOf(endpoint: string, { accessKey, secretKey }: Keys): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    S3_ENDPOINT: endpoint,
    S3_USE_HTTPS: '0',
    S3_VERIFY_SSL: '0',
    S3_REGION: REGION,
    S3_ACCESS_KEY_ID: accessKey,
    S3_SECRET_ACCESS_KEY: secretKey,
  }
}

function answer(
  options: S3EndpointOptions,
  keys: Keys,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  const refusal = refusalOf(options, keys, incoming)
  if (refusal !== null) {
    incoming.resume()
    const xml = xmlError(leaf('Code', refusal.code), leaf('Message', refusal.message))
    response.writeHead(403, { 'content-type': 'application/xml', connection: 'close' })
    response.end(incoming.method === 'HEAD' ? undefined : xml)
    return
  }
  const { path, query } = signableOf(incoming)
  const { authorization: _, ...headers } = incoming.headers
  // A presigned query has said what it had to say.
  const rest = query.split('&').filter((pair) => !/^X-Amz-/i.test(pair))
  const target = `${path}${rest.join('&') === '' ? '' : `?${rest.join('&')}`}`
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

function refusalOf({ buckets }: S3EndpointOptions, keys: Keys, incoming: IncomingMessage): Refusal | null {
  const signable = signableOf(incoming)
  const lookupSecret = (accessKey: string) => (accessKey === keys.accessKey ? keys.secretKey : undefined)
  const verified = verifyS3V4({ request: signable, lookupSecret, now: new Date() })
  if (!verified.ok) return { code: CODES[verified.reason], message: verified.message }
  const source = incoming.headers['x-amz-copy-source']
  const paths = [signable.path, ...(typeof source === 'string' ? [source] : [])]
  const other = paths.map(bucketOf).find((bucket) => !buckets.includes(bucket))
  if (other === undefined) return null
  return {
    code: 'AccessDenied',
    message: `The keys of this task are for the buckets its job names (${buckets.join(', ')}), not for ${JSON.stringify(other)}.`,
  }
}

const CODES = {
  missing: 'AccessDenied',
  malformed: 'InvalidRequest',
  'unknown-key': 'InvalidAccessKeyId',
  mismatch: 'SignatureDoesNotMatch',
  expired: 'RequestTimeTooSkewed',
} as const

/** The first part of a path, decoded; empty for a path that names none. */
const bucketOf = (path: string): string => percentDecode(path.replace(/^\//, '').split(/[/?]/)[0] ?? '') ?? ''
