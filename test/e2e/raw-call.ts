// Requests exactly as a test writes them, signed unless told otherwise.
import { signSdkHmac } from '../../src/lib/signature/sdk-hmac.ts'
import type { Credentials } from './harness.ts'

export type RawOptions = {
  readonly unsigned?: boolean
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
}

export type RawAnswer = {
  readonly status: number
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at is what it claims
  readonly json: any
}

/** Sends `text` as the body, also when it is no JSON; GET sends none. `json` is {} where the answer is none. */
export async function rawCall(
  credentials: Credentials,
  method: string,
  path: string,
  text: string,
  options: RawOptions = {},
): Promise<RawAnswer> {
  const { endpoint, access_key, secret_key } = credentials
  const url = new URL(path, endpoint)
  const headers = { host: url.host, 'content-type': 'application/json', ...options.headers }
  const signed = options.unsigned
    ? headers
    : signSdkHmac({
        request: { method, path: url.pathname, query: url.search.slice(1), headers },
        body: text,
        accessKey: access_key,
        secretKey: secret_key,
        now: new Date(),
      })
  const { host: _, ...sent } = signed as Record<string, string>
  const answer = await fetch(url, { method, headers: sent, ...(method === 'GET' ? {} : { body: text }) })
  const answered = await answer.text()
  return { status: answer.status, text: answered, json: /^[[{]/.test(answered) ? JSON.parse(answered) : {} }
}

/** A call of the v2 API with a JSON body. */
export const v2 = (
  credentials: Credentials,
  method: string,
  path: string,
  body?: object,
  options: RawOptions = {},
): Promise<RawAnswer> =>
  rawCall(
    credentials,
    method,
    `/v2/${credentials.project_id}${path}`,
    body === undefined ? '' : JSON.stringify(body),
    options,
  )
