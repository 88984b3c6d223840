// The connections to one store: an idle one for whoever asks, a new one when there is none, and for small requests
// a place behind others on a connection that is busy already.

import type { WireAddress } from './wire-address.ts'
import { type Exchange, SILENT_MS, WireConnection } from './wire-connection.ts'

export type WirePoolOptions = {
  readonly address: WireAddress
  /** Requests on one connection at once, where pipelining is allowed; 4 when absent. */
  readonly depth?: number
  /** 60 s when absent. */
  readonly silentMs?: number
}

/** One buffer for all connections of a pool: what is read is handed on before the next read. */
const READ_BYTES = 256 * 1024
/** So many connections are opened before requests are put behind each other. */
const WIDTH_BEFORE_DEPTH = 8

/** Dispose to close every connection. */
export class WirePool implements Disposable {
  readonly #options: WirePoolOptions
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  readonly #connections = new Set<WireConnection>()
  #disposed = false

  constructor(options: WirePoolOptions) {
    this.#options = options
  }

  /** Sends a request, with `fresh` on a connection of its own; the connection takes `cancel` and `resume`. */
  send(exchange: Exchange, fresh = false): WireConnection {
    if (this.#disposed) throw new Error('The connections to this store are closed')
    const connection = (fresh ? undefined : this.#choose(exchange.small)) ?? this.#open()
    connection.send(exchange)
    return connection
  }

  #choose(small: boolean): WireConnection | undefined {
    const { depth = 4 } = this.#options
    let best: WireConnection | undefined
    for (const connection of this.#connections) {
      if (!connection.usable) continue
      if (connection.load === 0) return connection
      if (small && connection.load < (best?.load ?? depth) && connection.isShallow) best = connection
    }
    return this.#connections.size >= WIDTH_BEFORE_DEPTH ? best : undefined
  }

  #open(): WireConnection {
    const { address, silentMs = SILENT_MS } = this.#options
    const connection = new WireConnection({
      address,
      silentMs,
      buffer: this.#buffer,
      onClosed: (closed) => this.#connections.delete(closed),
    })
    this.#connections.add(connection)
    return connection
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    for (const connection of this.#connections) connection.close()
  }
}
