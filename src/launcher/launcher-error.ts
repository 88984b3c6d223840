// Ends of a launcher command that are not the user's program's.

/** The command ends with this exit code (a LAUNCHER_EXIT, or 126/127 as shells use them) and this sentence. */
export class LauncherError extends Error {
  override readonly name = 'LauncherError'
  readonly exitCode: number
  /** CamelCase; becomes the reason of an event. */
  readonly reason: string

  constructor(exitCode: number, reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
    this.reason = reason
  }
}

/** Why a wait was cut short: a signal asked us to end. */
export class StopRequest extends Error {
  override readonly name = 'StopRequest'
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`)
    this.signal = signal
  }
}

/** `EACCES` of an error of the system, or an empty text. */
export const errnoOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** What an error says, for a line of log. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
