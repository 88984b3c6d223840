// Sends single requests to an object store: agrees on a dialect, signs, keeps connections alive, asks again when
// that may help.
import { sleep } from '../lib/abort.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { percentEncode, percentEncodePath } from '../lib/signature/canonical.ts'
import { rememberedKeys } from '../lib/signature/s3-v4.ts'
import type { Xml } from './object-answers.ts'
import { ObjectStoreError } from './object-store-error.ts'
import { endpointOf, type ObjectTarget, principalOf, type Route, routeOf } from './object-target.ts'
import { type Asked, failureOf, notAnObjectStore, refusalOf, strangeSuccess } from './refusal.ts'
import {
  type AnswerSink,
  type Collected,
  headText,
  type ObjectAnswer,
  sendOnce,
  wireHeaders,
} from './send-once.ts'
import { presignRequest, type SignedDialect, signRequest } from './sign-request.ts'
import { addressText } from './wire/wire-address.ts'
import type { WireBody } from './wire/wire-connection.ts'
import { WireError } from './wire/wire-error.ts'
import { WirePool } from './wire/wire-pool.ts'
import { parseXml } from './xml.ts'

export type ObjectClientOptions = {
  readonly target: ObjectTarget
  /** How often a request is tried in all; 5 when absent. A store that is too busy is asked four times as often. */
  readonly attempts?: number
  /** First wait between two tries in ms, doubled each time; 100 when absent. */
  readonly backoffMs?: number
  /** A connection on which nothing moves for so long is given up; 60 s when absent. */
  readonly silentMs?: number
  readonly clock?: Clock
}

/** A body of known size that can be sent again. */
export type ObjectBody = Exclude<WireBody, Uint8Array>

export type ObjectCall = {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  readonly query?: Readonly<Record<string, string>>
  /** In S3's spelling, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: WireBody | undefined
  /** May wait on a connection behind others like it. */
  readonly small?: boolean
  /** Without a second try: the caller has its own. */
  readonly once?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** Error texts and documents; no list of 1,000 keys comes near it. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024
export const THROTTLED_FACTOR = 4
/** The longest pause is so many times the first. */
const MAX_PAUSE_FACTOR = 100
/** What a store may ask us to wait; more is not worth believing. */
const MAX_RETRY_AFTER_MS = 120_000

/** Connections to one object store; dispose to close them. */
export class ObjectConnection implements AsyncDisposable {
  readonly #options: ObjectClientOptions
  readonly #clock: Clock
  readonly #keys = rememberedKeys()
  readonly #pools = new Map<string, WirePool>()
  #negotiated: Promise<SignedDialect> | undefined

  constructor(options: ObjectClientOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  get target(): ObjectTarget {
    return this.#options.target
  }

  get attempts(): number {
    return this.#options.attempts ?? 5
  }

  /** The dialect in use. OBS clients ask the same way: HEAD /?apiversion without a signature, x-obs-api in the answer. */
  dialect(signal?: AbortSignal): Promise<SignedDialect> {
    const { target } = this.#options
    if ('socketPath' in target) return Promise.resolve('v4')
    const { dialect = 'auto' } = target
    if (dialect !== 'auto') return Promise.resolve(dialect)
    this.#negotiated ??= this.#negotiate(signal).catch((error: unknown) => {
      this.#negotiated = undefined
      throw error
    })
    return this.#negotiated
  }

  async #negotiate(signal?: AbortSignal): Promise<SignedDialect> {
    const call = { method: 'HEAD', query: { apiversion: '' }, signal } as const
    const route = routeOf(this.#options.target, 'v4', undefined)
    const head = headText('HEAD', `${route.base}/?apiversion`, { host: route.host })
    const { headers } = await this.#exchange(call, route, head, { onBody: () => true })
    return headers['x-obs-api'] === undefined ? 'v4' : 'obs'
  }

  #prepare(call: ObjectCall, dialect: SignedDialect) {
    const { target } = this.#options
    const route = routeOf(target, dialect, call.bucket)
    // Not through URL: it would fold the `..` that keys may contain.
    const bucket = route.bucketInHost === undefined && call.bucket !== undefined ? `/${call.bucket}` : ''
    const key = call.key === undefined ? '' : `/${percentEncodePath(call.key)}`
    const path = `${route.base}${bucket}${key}` || '/'
    const query = Object.entries(call.query ?? {})
      .map(([name, value]) =>
        value === '' ? percentEncode(name) : `${percentEncode(name)}=${percentEncode(value)}`,
      )
      .join('&')
    const request = { method: call.method, path, query, headers: { host: route.host, ...call.headers } }
    return { route, request, target, bucketInHost: route.bucketInHost }
  }

  /** A link to an object that works without keys for so many seconds. Throws for a socket, which has no keys. */
  async presign(call: ObjectCall, expiresSeconds: number): Promise<string> {
    const dialect = await this.dialect(call.signal)
    const { request, target, bucketInHost, route } = this.#prepare(call, dialect)
    if ('socketPath' in target) throw new Error('A task has no keys to sign a link with')
    const headers = { host: route.host }
    const now = this.#clock.now()
    const input = { dialect, request: { ...request, headers }, bucketInHost, credentials: target, now }
    const query = presignRequest(input, expiresSeconds)
    return `${new URL(target.endpoint).protocol}//${route.host}${request.path}?${query}`
  }

  /**
   * Sends a request once and gives the body of a success to `sink`. Throws ObjectStoreError, what the sink threw,
   * or the signal's reason.
   */
  async once(call: ObjectCall, sink: AnswerSink): Promise<ObjectAnswer> {
    call.signal?.throwIfAborted()
    const dialect = await this.dialect(call.signal)
    const { route, request, target, bucketInHost } = this.#prepare(call, dialect)
    const now = this.#clock.now()
    const size = call.body instanceof Uint8Array ? call.body.length : call.body?.size
    const signed =
      'socketPath' in target
        ? wireHeaders(request.headers)
        : signRequest(
            { dialect, request, bucketInHost, credentials: target, now, keys: this.#keys },
            call.body !== undefined,
          )
    const hasLength = size !== undefined || call.method === 'PUT' || call.method === 'POST'
    const headers = hasLength ? { ...signed, 'content-length': String(size ?? 0) } : signed
    const head = headText(
      call.method,
      request.query === '' ? request.path : `${request.path}?${request.query}`,
      headers,
    )
    const onHead = (received: ObjectAnswer, resume: () => void): void => {
      const strange = strangeSuccess(call, received)
      if (strange !== undefined) throw notAnObjectStore(this.#asked(call), received.status, strange)
      sink.onHead?.(received, resume)
    }
    const answer = await this.#exchange(call, route, head, { ...sink, onHead })
    if (answer.status >= 200 && answer.status < 300) return answer
    throw refusalOf(this.#asked(call), { ...answer, text: answer.body.toString('utf8') })
  }

  #asked({ method, bucket, key }: ObjectCall): Asked {
    const { target } = this.#options
    const region = 'socketPath' in target ? undefined : target.region
    const now = this.#clock.now()
    return { method, bucket, key, principal: principalOf(target), endpoint: endpointOf(target), region, now }
  }

  /** One exchange; a second one when a connection that rested turns out to be closed. */
  async #exchange(call: ObjectCall, route: Route, head: string, sink: AnswerSink): Promise<Collected> {
    const { method, body, small = false, signal } = call
    for (let fresh = false; ; fresh = true) {
      try {
        return await sendOnce(this.#pool(route), { method, body, small, signal, head, sink, fresh })
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        if (fresh || !error.rested) throw failureOf(this.#asked(call), error)
      }
    }
  }

  #pool({ address }: Route): WirePool {
    const name = addressText(address)
    const known = this.#pools.get(name)
    if (known) return known
    const { silentMs } = this.#options
    const pool = new WirePool({ address, ...(silentMs === undefined ? {} : { silentMs }) })
    this.#pools.set(name, pool)
    return pool
  }

  /**
   * Sends a request, again when the connection or the store failed, and collects its answer.
   * Throws ObjectStoreError, or the signal's reason.
   */
  async send(call: ObjectCall): Promise<Collected> {
    const pieces: Buffer[] = []
    const answer = await this.retrying(call, () => {
      let size = 0
      pieces.length = 0
      const onBody = (bytes: Buffer): boolean => {
        size += bytes.length
        if (size > MAX_TEXT_BYTES) throw notAnObjectStore(this.#asked(call), 200, 'a body that does not end')
        pieces.push(Buffer.from(bytes))
        return true
      }
      return this.once(call, { onBody })
    })
    return { ...answer, body: Buffer.concat(pieces) }
  }

  /** Like `send`, the body as XML whose `lists` elements repeat. Throws ObjectStoreError NotAnObjectStore for what is none. */
  async sendForXml(call: ObjectCall, lists: readonly string[] = []): Promise<Xml> {
    const { status, headers, body } = await this.send(call)
    const text = body.toString('utf8')
    if (/^\s*(<!doctype html|<html)/i.test(text) || /^text\/html/i.test(headers['content-type'] ?? ''))
      throw notAnObjectStore(this.#asked(call), status, 'a web page')
    if (text.trim() === '') return {}
    try {
      return parseXml(text, lists)
    } catch {
      throw notAnObjectStore(this.#asked(call), status, 'what is no XML')
    }
  }

  /** Runs `attempt` until it succeeds, fails for good or has failed too often. Throws like `once`. */
  async retrying<T>(call: Pick<ObjectCall, 'signal' | 'once'>, attempt: () => Promise<T>): Promise<T> {
    const attempts = call.once ? 1 : this.attempts
    for (let failures = 1; ; failures += 1) {
      try {
        return await attempt()
      } catch (thrown) {
        call.signal?.throwIfAborted()
        if (!(thrown instanceof ObjectStoreError)) throw thrown
        const error = thrown
        const limit = error.throttled && !call.once ? attempts * THROTTLED_FACTOR : attempts
        if (!error.retryable || failures >= limit) throw error
        await this.pause(failures, call.signal, error.retryAfterMs)
      }
    }
  }

  /** Waits before try `failures + 1`: longer each time, never the same for all, and as long as the store asks. */
  async pause(failures: number, signal?: AbortSignal, atLeastMs = 0): Promise<void> {
    const { backoffMs = 100 } = this.#options
    const ms = backoffMs * Math.min(2 ** (failures - 1), MAX_PAUSE_FACTOR) * (0.5 + Math.random() / 2)
    await sleep(Math.max(ms, Math.min(atLeastMs, MAX_RETRY_AFTER_MS)), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pool of this.#pools.values()) pool[Symbol.dispose]()
  }
}
