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
  readonly body: unknown
  /** Beside our own; names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent again when its answer was lost: it changes nothing, or the server knows it again. */
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
        return answer
      } catch (error) {
        signal?.throwIfAborted()
        const code = codeOf(error)
        if (!UNREACHABLE.has(code)) throw error
        lostAtMs ??= performance.now()
        const patienceMs = this.#answeredOnce ? (this.#connection.retryForMs ?? 60_000) : 1000
        const spent = performance.now() - lostAtMs + pauseMs > patienceMs
        if (!request.repeatable || !LOST.has(code) || spent)
          throw new UnreachableError(this.#connection.endpoint, error)
        await sleep(pauseMs, signal)
      }
    }
  }

  /** Address and headers for a WebSocket to `path`. */
  signUpgrade(
    path: string,
    query: TransportRequest['query'],
  ): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
    const { url, target, headers } = this.#sign('GET', path, query, '')
    return { url: `${url.protocol === 'https:' ? 'wss' : 'ws'}://${url.host}${target}`, headers }
  }

  #sign(
    method: string,
    givenPath: string,
    givenQuery: TransportRequest['query'],
    body: string,
    more: TransportRequest['headers'] = {},
  ) {
    const { accessKey, secretKey, projectId, securityToken } = this.#connection
    const url = new URL(this.#connection.endpoint)
    const path = url.pathname.replace(/\/+$/, '') + givenPath
    const query = Object.entries(givenQuery)
      .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
      .join('&')
    const own = {
      host: url.host,
      'content-type': 'application/json',
      'user-agent': 'ropeway',
      'x-project-id': projectId,
      ...(securityToken === undefined ? {} : { 'x-security-token': securityToken }),
      // Our requests are never repeated by another who recorded one, not even at once.
      'x-ropeway-nonce': randomBytes(12).toString('base64url'),
      ...more,
    }
    const request = { method, path, query, headers: own }
    const headers = signSdkHmac({ request, body, accessKey, secretKey, now: new Date() })
    return { url, target: query === '' ? path : `${path}?${query}`, headers }
  }

  async #sendOnce(request: TransportRequest, signal: AbortSignal | undefined): Promise<TransportAnswer> {
    const body = request.body === undefined ? '' : JSON.stringify(request.body)
    const { url, target, headers } = this.#sign(
      request.method,
      request.path,
      request.query,
      body,
      request.headers,
    )
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
