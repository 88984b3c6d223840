// One kept-alive HTTP/1.1 connection. Requests may be sent before earlier ones are answered; bodies are handed
// on in the buffer they arrived in, and request bodies are pulled piece by piece, so memory does not grow with size.
import type { Socket } from 'node:net'
import { createResponseParser, type ResponseHead, type ResponseParser } from './response-parser.ts'
import { addressText, openSocket, type WireAddress } from './wire-address.ts'
import { WireError } from './wire-error.ts'

/** Pieces of `open()` add up to `size`; a piece may be overwritten once the next one is asked for. */
export type WireBody =
  | Uint8Array
  | { readonly size: number; open(): Iterable<Uint8Array> | AsyncIterable<Uint8Array> }

/** One request and who hears of its answer: onHead, onBody…, onEnd, or at any time onFail and nothing more. */
export type Exchange = {
  readonly method: string
  /** Request line and headers with the blank line, one character per byte. */
  readonly head: string
  readonly body: WireBody | undefined
  /** Whether others may be sent before it is answered: it is fast, and can be sent again. */
  readonly small: boolean
  onHead(head: ResponseHead): void
  /** The bytes are valid only during the call. False stops reading until `resume`. */
  onBody(bytes: Buffer): boolean
  onEnd(): void
  onFail(error: Error): void
}

/** Nothing moved for this long: the other side is gone. */
export const SILENT_MS = 60_000
/** Stores close connections that rest for 30 s or more (OBS); we are first. */
const REST_MS = 15_000

export type WireConnectionOptions = {
  readonly address: WireAddress
  /** Where bytes arrive; may be shared by connections, since nothing is kept in it between two calls. */
  readonly buffer: Uint8Array
  readonly silentMs: number
  readonly onClosed: (connection: WireConnection) => void
}

export class WireConnection {
  readonly #options: WireConnectionOptions
  readonly #socket: Socket
  readonly #parser: ResponseParser
  /** Sent or being sent, in the order of their answers. */
  readonly #pending: Exchange[] = []
  readonly #waiting: Exchange[] = []
  #sending: Exchange | undefined
  #answering: ResponseHead | undefined
  #paused = false
  /** What the socket said, and what was wrong with an answer or a body of ours. */
  #error: Error | undefined
  #fault: Error | undefined
  #closed = false
  #connected = false
  #served = 0

  constructor(options: WireConnectionOptions) {
    this.#options = options
    this.#parser = createResponseParser({
      method: () => this.#pending[0]?.method ?? 'GET',
      head: (head) => this.#onHead(head),
      data: (bytes) => this.#onData(bytes),
      end: () => this.#onEnd(),
    })
    this.#socket = openSocket(options.address, {
      buffer: options.buffer,
      callback: (size, bytes) => this.#onRead(bytes as Buffer, size),
    })
    this.#socket.setTimeout(options.silentMs)
    this.#socket.once('connect', () => {
      this.#connected = true
    })
    this.#socket.on('error', (error) => {
      this.#error ??= error
    })
    this.#socket.on('timeout', () => this.#onTimeout())
    this.#socket.once('close', () => this.#onClose())
  }

  /** Requests not yet answered. */
  get load(): number {
    return this.#pending.length + this.#waiting.length
  }

  /** Whether all that is under way is small, so that another small request would not wait long. */
  get isShallow(): boolean {
    return this.#pending.every(({ small }) => small) && this.#waiting.every(({ small }) => small)
  }

  /** Whether it can take another request. */
  get usable(): boolean {
    return !this.#closed && !this.#socket.destroyed && this.#answering?.keepAlive !== false
  }

  send(exchange: Exchange): void {
    if (this.load === 0) this.#socket.setTimeout(this.#options.silentMs)
    this.#waiting.push(exchange)
    this.#sendNext()
  }

  /** Ends an exchange with `reason`. One that was sent takes the connection with it. */
  cancel(exchange: Exchange, reason: Error): void {
    const at = this.#waiting.indexOf(exchange)
    if (at >= 0) this.#waiting.splice(at, 1)
    else if (this.#pending.includes(exchange)) {
      this.#pending.splice(this.#pending.indexOf(exchange), 1)
      this.close()
    } else return
    exchange.onFail(reason)
  }

  /** Goes on reading after an `onBody` that said false. */
  resume(): void {
    if (!this.#paused || this.#closed) return
    this.#paused = false
    this.#socket.setTimeout(this.#options.silentMs)
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #sendNext(): void {
    while (this.#sending === undefined && this.#waiting.length > 0 && !this.#socket.destroyed) {
      const exchange = this.#waiting.shift() as Exchange
      this.#pending.push(exchange)
      const { body, head } = exchange
      if (body === undefined) this.#socket.write(head, 'latin1')
      else if (body instanceof Uint8Array) {
        this.#socket.cork()
        this.#socket.write(head, 'latin1')
        this.#socket.write(body)
        this.#socket.uncork()
      } else {
        this.#sending = exchange
        this.#socket.write(head, 'latin1')
        this.#stream(exchange, body).catch((error: unknown) => this.#fail(error))
      }
    }
  }

  async #stream(exchange: Exchange, body: Exclude<WireBody, Uint8Array>): Promise<void> {
    let left = body.size
    for await (const piece of body.open()) {
      left -= piece.length
      if (left < 0) break
      const written = this.#write(piece)
      // The answer may be here before we hear that the last piece has left.
      if (left === 0 && this.#sending === exchange) this.#sending = undefined
      // Gone, or answered before it was read: nobody wants the rest.
      if (!(await written) || (left > 0 && this.#sending !== exchange)) return
    }
    if (left !== 0) throw new Error(`The body is not of the ${body.size} bytes announced`)
    if (this.#sending === exchange) this.#sending = undefined
    this.#sendNext()
  }

  #write(piece: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve(false)
      else this.#socket.write(piece, (error) => resolve(!error))
    })
  }

  #onRead(buffer: Buffer, size: number): boolean {
    try {
      this.#parser.push(buffer.subarray(0, size))
    } catch (error) {
      // What comes behind the last answer of a connection is nobody's.
      if (!this.#socket.destroyed) this.#fail(error)
    }
    return !this.#paused
  }

  #fail(error: unknown): void {
    this.#fault ??= error instanceof Error ? error : new Error(String(error))
    this.close()
  }

  #onHead(head: ResponseHead): void {
    const exchange = this.#pending[0]
    if (!exchange) throw new WireError('NotHttp', 'An answer came that nobody asked for')
    this.#answering = head
    exchange.onHead(head)
  }

  #onData(bytes: Buffer): void {
    if (this.#pending[0]?.onBody(bytes) !== false || this.#paused) return
    this.#paused = true
    // Whoever reads slowly is not a silent store.
    this.#socket.setTimeout(0)
  }

  #onEnd(): void {
    const exchange = this.#pending.shift()
    const again = this.#answering?.keepAlive === true && exchange !== this.#sending
    this.#answering = undefined
    this.#served += 1
    if (!again) {
      this.#sending = undefined
      this.close()
    } else if (this.load === 0) this.#socket.setTimeout(REST_MS)
    exchange?.onEnd()
  }

  #onTimeout(): void {
    if (this.load > 0)
      this.#fault ??= new WireError(
        this.#connected ? 'Silent' : 'NoConnection',
        `nothing came from ${addressText(this.#options.address)} for ${this.#options.silentMs / 1000} s`,
      )
    this.close()
  }

  #onClose(): void {
    this.#closed = true
    // The end of the connection may be the proper end of an answer without a length.
    if (!this.#error && !this.#fault) this.#parser.close()
    this.#options.onClosed(this)
    const [first, ...others] = [...this.#pending.splice(0), ...this.#waiting.splice(0)]
    // Answers come in order, and only a request that is alone has a body to stream: the fault is the first one's.
    first?.onFail(this.#fault ?? this.#cut(this.#answering !== undefined))
    for (const exchange of others) exchange.onFail(this.#cut(false))
  }

  #cut(answered: boolean): Error {
    const cause = this.#error
    const where = addressText(this.#options.address)
    const why = cause ? `: ${cause.message || ('code' in cause ? String(cause.code) : cause.name)}` : ''
    if (!this.#connected) return new WireError('NoConnection', `no connection to ${where}${why}`, { cause })
    return new WireError('Cut', `the connection to ${where} was cut${why}`, {
      cause,
      // Others behind a broken answer are as good as not sent.
      rested: !answered && this.#served > 0,
    })
  }
}
