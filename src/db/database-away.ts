// Tells a database that is away from one that is slow and from a query that is wrong, by what PostgreSQL and its client say.

/**
 * SQLSTATEs of a server that goes, comes or is full (08 connection, 57P0x shutdown, 53 resources), that gave this
 * connection up (25P03) or is no primary any more (25006).
 */
const AWAY_STATES = /^(08...|57P0.|53...|25P03|25006)$/
/** Of a server that is there, and ended a statement that took (57014) or waited for a lock (55P03) too long. */
const BUSY_STATES: ReadonlySet<unknown> = new Set(['57014', '55P03'])
const AWAY_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])
/** What the client and its pool say in words only. */
const AWAY_WORDS =
  /^(Connection terminated|Query read timeout|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed and is not queryable)/

/** Did the client of PostgreSQL fail because the database is away, and not because of what was asked? */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && (AWAY_STATES.test(code) || AWAY_CODES.has(code))) return true
  return AWAY_WORDS.test(error.message)
}

/** Did the server itself end the statement, because of its time? Nothing is wrong with the connection. */
export const isDatabaseBusy = (error: unknown): boolean =>
  error instanceof Error && BUSY_STATES.has((error as NodeJS.ErrnoException).code)
