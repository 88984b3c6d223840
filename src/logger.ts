// The server log: JSON lines on stderr. Requests' bodies, headers and environments never reach it.
import { pino } from 'pino'

export type Logger = {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** `level` is one of pino's. */
export const createLogger = (level: string): Logger =>
  pino({ level, base: null }, pino.destination({ dest: 2, sync: true }))
