// How every connection to PostgreSQL is made: the pool's and the listener's. A network that swallows bytes must neither
// keep a request waiting, nor a transaction of ours holding rows that other servers want, nor this process from ending.
import { Socket } from 'node:net'
import type pg from 'pg'

/** A server that does not answer for so long is away. */
const CONNECT_TIMEOUT_MS = 3_000
/** Requests get an error instead of hanging. Each limit lies below the next, so that the server itself speaks if it can. */
const LIMITS = {
  idle_in_transaction_session_timeout: 3_000,
  lock_timeout: 4_000,
  statement_timeout: 4_500,
  query_timeout: 5_000,
} as const
/** Building an index over many rows takes its time, and so does waiting for another server that does. */
const MIGRATION_TIMEOUT_MS = 30 * 60_000
const KEEPALIVE_MS = 10_000

/** Names a serve to the others. */
export const applicationName = (serveId: string): string => `ropeway ${serveId}`

/** The sockets of a group of connections, so that they can be torn where nobody answers a goodbye. */
export class Sockets {
  readonly #open = new Set<Socket>()

  /** Made by hand, because the client offers no way to drop a connection at once. */
  make(): Socket {
    const socket = new Socket()
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    return socket
  }

  /** Waits for a goodbye for a moment, then tears what is left. Never rejects. */
  async close(goodbye: Promise<unknown>, patienceMs = 1_000): Promise<void> {
    const timer = Promise.withResolvers<void>()
    const timeout = setTimeout(timer.resolve, patienceMs)
    await Promise.race([goodbye.catch(() => undefined), timer.promise])
    clearTimeout(timeout)
    for (const socket of this.#open) socket.destroy()
  }
}

/** `migrating`: without the limits of a request. */
export function connectionOf(
  url: string,
  serveId: string,
  sockets: Sockets,
  use: 'requests' | 'migrating' = 'requests',
): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName(serveId),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    stream: () => sockets.make(),
    ...(use === 'requests' ? LIMITS : { query_timeout: MIGRATION_TIMEOUT_MS }),
  }
}
