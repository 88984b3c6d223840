// Tells a database that is away from a query that is wrong. Apart from postgres.ts, whose client takes time to load.

/** SQLSTATEs of a server that goes, comes or is full (08 connection, 57P0x shutdown, 53 resources). */
const AWAY_STATES = /^(08|57P0|53)/
const AWAY_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
])

/** Did a query fail because the database is away, and not because of what was asked? */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, syscall } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && (AWAY_STATES.test(code) || (syscall === 'connect' && AWAY_CODES.has(code))))
    return true
  return /^(Connection terminated|Query read timeout|timeout (exceeded )?when trying to connect|Client has encountered a connection error)/i.test(
    error.message,
  )
}
