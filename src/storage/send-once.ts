// One request over a pool of connections, as a promise: the body of a success goes to a sink, that of a refusal is kept.
import { wireHeader } from '../lib/signature/canonical.ts'
import type { ResponseHead } from './wire/response-parser.ts'
import type { Exchange, WireBody, WireConnection } from './wire/wire-connection.ts'
import { WireError } from './wire/wire-error.ts'
import type { WirePool } from './wire/wire-pool.ts'

/** What came before the body. `headers` has lower-case names. */
export type ObjectAnswer = Pick<ResponseHead, 'status' | 'headers'>

/** Takes the body of a success; a throw ends the request with that error. */
export type AnswerSink = {
  /** `resume` goes on reading after an `onBody` that said false. */
  onHead?(answer: ObjectAnswer, resume: () => void): void
  /** The bytes are valid only during the call; false stops reading. */
  onBody(bytes: Buffer): boolean
}

/** An answer with the body of a refusal; that of a success went to the sink. */
export type Collected = ObjectAnswer & { readonly body: Buffer }

export type OneRequest = {
  readonly method: string
  readonly head: string
  readonly body: WireBody | undefined
  readonly small: boolean
  readonly sink: AnswerSink
  /** On a connection of its own. */
  readonly fresh: boolean
  readonly signal: AbortSignal | undefined
}

/** Whoever refuses without an end is not heard to the end. */
const MAX_REFUSAL_BYTES = 256 * 1024

/** Header values one character per byte. */
export const wireHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, wireHeader(value)]))

/** A request's head as it goes out. Throws TypeError for a value with a line break, which would be another header. */
export function headText(method: string, target: string, headers: Readonly<Record<string, string>>): string {
  let text = `${method} ${target} HTTP/1.1\r\n`
  for (const [name, value] of Object.entries(headers)) {
    if (/[\r\n\0]/.test(value)) throw new TypeError(`The header ${name} has a line break in its value`)
    text += `${name}: ${value}\r\n`
  }
  return `${text}\r\n`
}

/** Throws WireError, what the sink or the body threw, or the signal's reason. */
export function sendOnce(pool: WirePool, request: OneRequest): Promise<Collected> {
  const { method, head, body, small, sink, fresh, signal } = request
  return new Promise((resolve, reject) => {
    let answer: ObjectAnswer | undefined
    let connection: WireConnection | undefined
    const refusal: Buffer[] = []
    let refusalBytes = 0
    const settle = (finish: () => void) => {
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    const exchange: Exchange = {
      ...{ method, head, body, small },
      onHead: (received) => {
        answer = received
        if (received.status < 300) sink.onHead?.(received, () => connection?.resume())
      },
      onBody: (bytes) => {
        if (answer !== undefined && answer.status < 300) return sink.onBody(bytes)
        refusalBytes += bytes.length
        if (refusalBytes > MAX_REFUSAL_BYTES) throw new WireError('NotHttp', 'a refusal that does not end')
        refusal.push(Buffer.from(bytes))
        return true
      },
      onEnd: () => settle(() => resolve({ ...(answer as ObjectAnswer), body: Buffer.concat(refusal) })),
      onFail: (error) => settle(() => reject(error)),
    }
    const onAbort = () => connection?.cancel(exchange, signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      connection = pool.send(exchange, fresh)
    } catch (error) {
      settle(() => reject(error))
    }
  })
}
