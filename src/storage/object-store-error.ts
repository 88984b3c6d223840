// What an object store answered when it did not do what it was asked.

/** `status` is HTTP's (0 when there was no answer), `code` is the store's own word or `ConnectionFailed`. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.code = code
  }

  /** Whether asking again may help. */
  get retryable(): boolean {
    return (
      this.status === 0 ||
      this.status === 429 ||
      (this.status >= 500 && this.status !== 501 && this.status !== 507)
    )
  }
}
