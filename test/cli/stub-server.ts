// A small API server for command line tests: checks signatures, records requests, answers as a test says.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readSdkClaim, verifySdkHmac } from '../../src/lib/signature/verify-sdk-hmac.ts'

export const KEY = { accessKey: 'RWTESTKEY', secretKey: 'test-secret', projectId: 'p1' }

export type StubRequest = {
  readonly method: string
  /** Decoded, below `/v2/p1` or `/ropeway/v1/p1`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: unknown
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}
export type StubAnswer = {
  readonly status?: number
  readonly json?: unknown
  readonly bytes?: Uint8Array
  readonly headers?: Record<string, string>
}
export type Handler = (request: StubRequest) => StubAnswer | Promise<StubAnswer> | undefined

/** Serves until disposed. A handler that answers undefined leaves the request without an answer. */
export class StubServer implements AsyncDisposable {
  readonly requests: StubRequest[] = []
  readonly #handler: Handler
  #server: Server
  #port = 0

  constructor(handler: Handler) {
    this.#handler = handler
    this.#server = createServer()
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Flags that make the command line talk to this server. */
  get env(): Record<string, string> {
    return {
      ROPEWAY_ENDPOINT: this.endpoint,
      ROPEWAY_ACCESS_KEY: KEY.accessKey,
      ROPEWAY_SECRET_KEY: KEY.secretKey,
      ROPEWAY_PROJECT_ID: KEY.projectId,
    }
  }

  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((answer) => {
        if (!answer) return
        const { status = 200, json, bytes, headers = {} } = answer
        response.writeHead(status, { 'x-request-id': 'req-1', ...headers })
        response.end(bytes ?? (status === 204 ? undefined : JSON.stringify(json ?? null)))
      })
    })
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
    return this
  }

  async #answer(incoming: IncomingMessage): Promise<StubAnswer | undefined> {
    const pieces: Buffer[] = []
    for await (const piece of incoming) pieces.push(piece)
    const body = Buffer.concat(pieces)
    const url = new URL(incoming.url ?? '/', this.endpoint)
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    )
    const signed = { method: incoming.method ?? '', path: url.pathname, query: url.search.slice(1), headers }
    const claim = readSdkClaim(signed)
    const refusal = claim.ok
      ? verifySdkHmac(claim, { request: signed, body, secretKey: KEY.secretKey, now: new Date() })
      : claim
    if (refusal)
      return {
        status: 401,
        json: { error_msg: refusal.message, error_code: 'APIG.0301', error_solution: 'Sign it.' },
      }
    const request = {
      method: incoming.method ?? '',
      path: decodeURIComponent(url.pathname).replace(/^\/(v2|ropeway\/v1)\/p1/, ''),
      query: url.searchParams,
      body: body.length === 0 ? undefined : (JSON.parse(body.toString()) as unknown),
      headers,
    }
    this.requests.push(request)
    return this.#handler(request)
  }

  /** Breaks every connection and stops listening, as a killed server does; `start` comes back on the same port. */
  async kill(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.kill()
  }
}

/** A job document as the server answers it. */
export function jobDocument(
  overrides: { name?: string; tasks?: string[]; nodes?: number; phase?: string } = {},
) {
  const phase = overrides.phase ?? 'Creating'
  return {
    kind: 'job',
    metadata: {
      id: JOB_ID,
      name: overrides.name ?? 'digits',
      create_time: 1,
      description: '',
      workspace_id: '0',
    },
    status: {
      phase,
      secondary_phase: phase,
      duration: 0,
      start_time: 0,
      node_count_metrics: null,
      tasks: overrides.tasks ?? ['worker-0'],
      task_statuses: [],
      running_records: [],
    },
    algorithm: { command: 'true' },
    spec: { resource: { node_count: overrides.nodes ?? 1 } },
  }
}

export const JOB_ID = '11111111-2222-4333-8444-555555555555'
