// What an object store answered when it did not do what it was asked.

export type ObjectStoreErrorOptions = ErrorOptions & {
  /** How long the store asks to wait before the next try, in ms. */
  readonly retryAfterMs?: number | undefined
}

/** `status` is HTTP's (0 when there was no answer), `code` is the store's own word, `ConnectionFailed` or `NotAnObjectStore`. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError'
  readonly status: number
  readonly code: string
  readonly retryAfterMs: number | undefined

  constructor(status: number, code: string, message: string, options: ObjectStoreErrorOptions = {}) {
    super(message, options)
    this.status = status
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }

  /** Whether the store has too much to do: whoever sends many requests should send fewer at once. */
  get throttled(): boolean {
    return this.status === 429 || (this.status === 503 && this.code !== 'ServiceDisabled')
  }

  /** Whether asking again may help. */
  get retryable(): boolean {
    return (
      this.status === 0 ||
      this.status === 429 ||
      this.code === 'RequestTimeout' ||
      (this.status >= 500 && this.status !== 501 && this.status !== 507)
    )
  }
}
