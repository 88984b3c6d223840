// Why an exchange over a connection came to nothing. Whether asking again helps is for the caller to say.

export type WireErrorCode =
  /** There was no connection at all: refused, no such host, certificate not trusted. */
  | 'NoConnection'
  /** The connection ended before the answer did. */
  | 'Cut'
  /** Nothing moved for too long. */
  | 'Silent'
  /** What came is not HTTP/1.1. */
  | 'NotHttp'

/** `rested`: the connection had rested and was closed when it was used again; nothing of the answer had come. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code: WireErrorCode
  readonly rested: boolean

  constructor(code: WireErrorCode, message: string, options: ErrorOptions & { rested?: boolean } = {}) {
    super(message, options)
    this.code = code
    this.rested = options.rested ?? false
  }
}
