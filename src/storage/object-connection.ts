// Sends single requests to an object store: signs, keeps connections alive, asks again when that may help.
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Agent, type Dispatcher } from 'undici'
import { sleep } from '../lib/abort.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { EMPTY_SHA256, percentEncode, percentEncodePath } from '../lib/signature/canonical.ts'
import { type S3Credentials, signS3V4, UNSIGNED_PAYLOAD } from '../lib/signature/s3-v4.ts'
import { ObjectStoreError } from './object-store-error.ts'
import { parseXml } from './xml.ts'

/** An address with keys (S3 V4, path style), or a Unix socket whose path is the identity. */
export type ObjectClientOptions = {
  readonly target: ({ readonly endpoint: string } & S3Credentials) | { readonly socketPath: string }
  /** How often a request is tried in all; 5 when absent. */
  readonly attempts?: number
  /** First wait between two tries in ms, doubled each time; 100 when absent. */
  readonly backoffMs?: number
  readonly clock?: Clock
}

/** A body of known size that can be sent again. */
export type ObjectBody = { readonly size: number; open(): Readable }

export type ObjectCall = {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly bucket?: string
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | ObjectBody
  readonly signal?: AbortSignal | undefined
}

/** `headers` has lower-case names. The body has to be read or dumped. */
export type ObjectAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Dispatcher.ResponseData['body']
}

const MAX_ERROR_BYTES = 256 * 1024
const IDLE_MS = 60_000

const STATUS_CODES: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  304: 'NotModified',
  403: 'AccessDenied',
  412: 'PreconditionFailed',
  416: 'InvalidRange',
}

function errorOf(status: number, xml: string, call: ObjectCall): ObjectStoreError {
  const name = `${call.method} ${call.bucket ?? ''}/${call.key ?? ''}`
  const absent = call.key === undefined ? 'NoSuchBucket' : 'NoSuchKey'
  let code = status === 404 ? absent : (STATUS_CODES[status] ?? `Status${status}`)
  let message = 'the object store gave no reason'
  try {
    const error = parseXml(xml, [])['Error'] as { Code?: unknown; Message?: unknown } | undefined
    if (typeof error?.Code === 'string') code = error.Code
    if (typeof error?.Message === 'string') message = error.Message
  } catch {
    // Proxies answer in HTML or not at all; the status says what there is to say.
  }
  return new ObjectStoreError(status, code, `${name}: ${message} (${code}, HTTP ${status})`)
}

/** Reads an error text without trusting its size. */
async function boundedText(body: ObjectAnswer['body']): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  // Stopping early makes undici report an abort that nobody waits for.
  body.on('error', () => undefined)
  for await (const piece of body) {
    size += piece.length
    if (size > MAX_ERROR_BYTES) break
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Connections to one object store; dispose to close them. */
export class ObjectConnection implements AsyncDisposable {
  #options: ObjectClientOptions
  #clock: Clock
  #agent: Agent
  #origin: string
  #host: string
  #base: string

  constructor(options: ObjectClientOptions) {
    const { target } = options
    const url = new URL('endpoint' in target ? target.endpoint : 'http://localhost')
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#origin = url.origin
    this.#host = url.host
    this.#base = url.pathname.replace(/\/+$/, '')
    this.#agent = new Agent({
      headersTimeout: IDLE_MS,
      bodyTimeout: IDLE_MS,
      ...('socketPath' in target ? { connect: { socketPath: target.socketPath } } : {}),
    })
  }

  #headersFor(call: ObjectCall, path: string, query: string): Record<string, string> {
    const headers: Record<string, string> = { host: this.#host, ...call.headers }
    let payloadHash = EMPTY_SHA256
    if (call.body) {
      payloadHash = UNSIGNED_PAYLOAD
      // The signed md5 covers the body at half the price of a sha256.
      if (call.body instanceof Uint8Array)
        headers['content-md5'] = createHash('md5').update(call.body).digest('base64')
    }
    const { target } = this.#options
    const request = { method: call.method, path, query, headers }
    const signed =
      'endpoint' in target
        ? signS3V4({ request, credentials: target, now: this.#clock.now(), payloadHash })
        : headers
    const size = call.body instanceof Uint8Array ? call.body.length : call.body?.size
    const hasLength = size !== undefined || call.method === 'PUT' || call.method === 'POST'
    return hasLength ? { ...signed, 'content-length': String(size ?? 0) } : signed
  }

  async #once(call: ObjectCall): Promise<ObjectAnswer> {
    // Not through URL: it would fold the `..` that keys may contain.
    const key = call.key === undefined ? '' : `/${percentEncodePath(call.key)}`
    const path = `${this.#base}/${call.bucket ?? ''}${key}`
    const query = Object.entries(call.query ?? {})
      .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
      .join('&')
    const { statusCode, headers, body } = await this.#agent.request({
      origin: this.#origin,
      path: query === '' ? path : `${path}?${query}`,
      method: call.method,
      headers: this.#headersFor(call, path, query),
      body:
        call.body === undefined || call.body instanceof Uint8Array ? (call.body ?? null) : call.body.open(),
      signal: call.signal ?? null,
    })
    const plain: Record<string, string> = {}
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value
    if (statusCode >= 200 && statusCode < 300) return { status: statusCode, headers: plain, body }
    throw errorOf(statusCode, await boundedText(body), call)
  }

  /** Sends a request, again when the connection or the store failed. Throws ObjectStoreError, or the signal's reason. */
  async send(call: ObjectCall): Promise<ObjectAnswer> {
    const { attempts = 5 } = this.#options
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(call)
      } catch (thrown) {
        call.signal?.throwIfAborted()
        const error = toObjectStoreError(thrown, call)
        if (!error.retryable || attempt >= attempts) throw error
        await this.pause(attempt, call.signal)
      }
    }
  }

  /** Waits before try `attempt + 1`. Longer each time, and never the same for all. */
  async pause(attempt: number, signal?: AbortSignal): Promise<void> {
    const { backoffMs = 100 } = this.#options
    const ms = Math.min(backoffMs * 2 ** (attempt - 1), 10_000)
    await sleep(ms * (0.5 + Math.random() / 2), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }
}

/** A failed connection as an ObjectStoreError of status 0; errors that are one already stay. */
export function toObjectStoreError(
  thrown: unknown,
  call: Pick<ObjectCall, 'bucket' | 'key'>,
): ObjectStoreError {
  if (thrown instanceof ObjectStoreError) return thrown
  const why = thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
  const name = `${call.bucket ?? ''}/${call.key ?? ''}`
  return new ObjectStoreError(
    0,
    'ConnectionFailed',
    `The object store cannot be reached for ${name}: ${why}`,
    {
      cause: thrown,
    },
  )
}
