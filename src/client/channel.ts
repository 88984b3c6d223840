// Many producers, one consumer, and nobody runs far ahead: how events and several logs become one sequence.

/** A queue that makes producers wait when `capacity` items lie unread. */
export class Channel<T> {
  readonly #capacity: number
  #items: T[] = []
  #closed = false
  #failure: { error: unknown } | undefined
  #wakeReader: (() => void) | undefined
  #wakeWriters: (() => void)[] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Hands an item over; resolves when there is room for the next. After the end items are dropped. */
  async push(item: T): Promise<void> {
    if (this.#closed) return
    this.#items.push(item)
    this.#wakeReader?.()
    while (!this.#closed && this.#items.length >= this.#capacity)
      await new Promise<void>((resolve) => this.#wakeWriters.push(resolve))
  }

  /** No more items. With an error the reader gets it after what was handed over before. */
  close(failure?: { error: unknown }): void {
    if (this.#closed) return
    this.#closed = true
    this.#failure = failure
    this.#wakeReader?.()
    this.#wake()
  }

  /** All items in the order handed over, until closed. Leaving the loop closes the channel. */
  async *read(): AsyncGenerator<T> {
    try {
      for (;;) {
        const item = this.#items.shift()
        if (item !== undefined) {
          this.#wake()
          yield item
        } else if (this.#closed) {
          if (this.#failure) throw this.#failure.error
          return
        } else
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve
          })
      }
    } finally {
      this.close()
    }
  }

  #wake(): void {
    const writers = this.#wakeWriters
    this.#wakeWriters = []
    for (const wake of writers) wake()
  }
}
