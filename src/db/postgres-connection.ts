// How every connection to PostgreSQL is made: the pool's and the listener's.
import type pg from 'pg'

/** A server that does not answer for so long is away. */
const CONNECT_TIMEOUT_MS = 5_000

/** Names a serve to the others. */
export const applicationName = (serveId: string): string => `ropeway ${serveId}`

export const connectionOf = (url: string): pg.ClientConfig => ({
  connectionString: url,
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
})
