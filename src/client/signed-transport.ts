// One signed HTTP request and its whole answer. Requests that only read are repeated while a server restarts.
import { randomBytes } from 'node:crypto'
import { Agent, type Dispatcher } from 'undici'
import { sleep } from '../lib/abort.ts'
import { signSdkHmac } from '../lib/signature/sdk-hmac.ts'
import { codeOf, UnreachableError } from './api-error.ts'

/** Where the server is and who asks. `endpoint` is `http://host:port` or `https://…`. */
export type Connection = {
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  readonly projectId: string
  /** Of a temporary access key. */
  readonly securityToken?: string
  /** How long a reading request is repeated after the connection was lost; default 60,000. */
  readonly retryForMs?: number
}

export type TransportRequest = {
  readonly method: Dispatcher.HttpMethod
  /** Percent-encoded. */
  readonly path: string
  readonly query: Readonly<Record<string, string | number | undefined>>
  /** Beside those of every request; lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
  /** Sending it twice comes to the same as sending it once, so it may be sent again when its answer was lost. */
  readonly repeatable: boolean
}

/** `headers` have lower-case names. */
export type TransportAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Codes of a connection that was refused or broke, as a restarting server leaves them. */
const LOST = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
/** Codes of a server that cannot be reached at all. */
const UNREACHABLE = new Set([
  ...LOST,
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ERR_SSL_WRONG_VERSION_NUMBER',
])

const TOO_MANY = 429

/** What the server asks to wait, in seconds; else our own pause. A date is not read: ours says seconds. */
const retryAfterMs = ({ headers }: TransportAnswer, pauseMs: number): number => {
  const seconds = headers['retry-after']
  return seconds !== undefined && /^\d{1,5}$/.test(seconds) ? Number(seconds) * 1000 : pauseMs
}

/** Owns the connections to one server. */
export class SignedTransport implements AsyncDisposable {
  readonly #connection: Connection
  readonly #agent: Agent
  #answeredOnce = false

  constructor(connection: Connection) {
    this.#connection = connection
    // Long polls answer within 60 s; twice that is a dead peer.
    this.#agent = new Agent({ connect: { timeout: 10_000 }, headersTimeout: 120_000, bodyTimeout: 120_000 })
  }

  /**
   * Sends a request. A repeatable one is sent again while the connection is refused or reset, for `retryForMs`; before
   * the first answer only for a second, because a server that was never there is not restarting.
   * Throws UnreachableError, or the signal's reason.
   */
  async send(request: TransportRequest, signal: AbortSignal | undefined): Promise<TransportAnswer> {
    let lostAtMs: number | undefined
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1000)) {
      try {
        const answer = await this.#sendOnce(request, signal)
        this.#answeredOnce = true
        if (answer.status !== TOO_MANY) return answer
        lostAtMs ??= performance.now()
        // Too many at a time: nothing was done, so anything may be sent again, when the server says so.
        const waitMs = retryAfterMs(answer, pauseMs)
        if (performance.now() - lostAtMs + waitMs > this.#patienceMs()) return answer
        await sleep(waitMs, signal)
      } catch (error) {
        signal?.throwIfAborted()
        const code = codeOf(error)
        if (!UNREACHABLE.has(code)) throw error
        lostAtMs ??= performance.now()
        const patienceMs = this.#answeredOnce ? this.#patienceMs() : 1000
        const spent = performance.now() - lostAtMs + pauseMs > patienceMs
        if (!request.repeatable || !LOST.has(code) || spent)
          throw new UnreachableError(this.#connection.endpoint, error)
        await sleep(pauseMs, signal)
      }
    }
  }

  #patienceMs(): number {
    return this.#connection.retryForMs ?? 60_000
  }

  /** Address and headers for a WebSocket to `path`. */
  signUpgrade(
    path: string,
    query: TransportRequest['query'],
  ): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
    const { url, target, headers } = this.#sign({ method: 'GET', path, query }, '')
    return { url: `${url.protocol === 'https:' ? 'wss' : 'ws'}://${url.host}${target}`, headers }
  }

  #sign(asked: Pick<TransportRequest, 'method' | 'path' | 'query' | 'headers'>, body: string) {
    const { accessKey, secretKey, projectId, securityToken } = this.#connection
    const url = new URL(this.#connection.endpoint)
    const path = url.pathname.replace(/\/+$/, '') + asked.path
    const query = Object.entries(asked.query)
      .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
      .join('&')
    const own = {
      ...asked.headers,
      host: url.host,
      'content-type': 'application/json',
      'user-agent': 'ropeway',
      'x-project-id': projectId,
      ...(securityToken === undefined ? {} : { 'x-security-token': securityToken }),
      // Our requests are never repeated by another who recorded one, not even at once.
      'x-ropeway-nonce': randomBytes(12).toString('base64url'),
    }
    const request = { method: asked.method, path, query, headers: own }
    const headers = signSdkHmac({ request, body, accessKey, secretKey, now: new Date() })
    return { url, target: query === '' ? path : `${path}?${query}`, headers }
  }

  async #sendOnce(request: TransportRequest, signal: AbortSignal | undefined): Promise<TransportAnswer> {
    const body = request.body === undefined ? '' : JSON.stringify(request.body)
    const { url, target, headers } = this.#sign(request, body)
    const answer = await this.#agent.request({
      origin: url.origin,
      path: target,
      method: request.method,
      headers,
      body: body === '' ? null : body,
      signal: signal ?? null,
    })
    const bytes = await answer.body.bytes()
    const flat = Object.entries(answer.headers).map(([name, value]) => [
      name,
      [value ?? ''].flat().join(', '),
    ])
    return { status: answer.statusCode, headers: Object.fromEntries(flat), body: bytes }
  }

  /** Closes the connections; requests under way fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }
}
