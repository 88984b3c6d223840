// A request exactly as given, signed with a key: for what no client would send.
import { Client, type Dispatcher } from 'undici'
import { signSdkHmac } from '../../../src/lib/signature/sdk-hmac.ts'
import type { Credentials } from '../harness.ts'

export type RawRequest = {
  readonly method: string
  /** As it stands in the request line, with its query. */
  readonly target: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly unsigned?: true
}
export type RawAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** null when the body is not JSON. */
  readonly json: unknown
}

/** Sends as one key. */
export class RawClient {
  readonly #credentials: Pick<Credentials, 'endpoint' | 'access_key' | 'secret_key'>

  constructor(credentials: Pick<Credentials, 'endpoint' | 'access_key' | 'secret_key'>) {
    this.#credentials = credentials
  }

  /**
   * On a connection of its own: one that is used again may be closed by the server in that moment. It is offered to be
   * kept all the same, or the server would close it under a body that it does not want.
   */
  async send({ method, target, body = '', headers: given = {}, unsigned }: RawRequest): Promise<RawAnswer> {
    const { endpoint, access_key: accessKey, secret_key: secretKey } = this.#credentials
    const url = new URL(endpoint)
    const [path = '', query = ''] = target.split(/\?(.*)/s)
    const headers = { host: url.host, 'content-type': 'application/json', ...given }
    const request = { method, path, query, headers }
    const sent = unsigned ? headers : signSdkHmac({ request, body, accessKey, secretKey, now: new Date() })
    const client = new Client(url.origin, { headersTimeout: 30_000, bodyTimeout: 30_000 })
    try {
      const answer = await client.request({
        path: target,
        method: method as Dispatcher.HttpMethod,
        headers: sent,
        body: body.length === 0 ? null : body,
      })
      const text = await answer.body.text()
      const flat = Object.entries(answer.headers).map(([name, value]) => [
        name,
        [value ?? ''].flat().join(', '),
      ])
      return { status: answer.statusCode, headers: Object.fromEntries(flat), text, json: parsed(text) }
    } finally {
      await client.destroy()
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
