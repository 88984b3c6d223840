// An in-process notification: "something about this key changed, look again".
// It carries no data, so a missed one costs time and never correctness.

/** Wakes everybody who waits for a key. */
export class ChangeSignal {
  #waiting = new Map<string, Set<() => void>>()
  #listeners = new Set<(key: string) => void>()

  /** Tells listeners and waiters of `key` that something changed. */
  notify(key: string): void {
    for (const listener of this.#listeners) listener(key)
    const waiters = this.#waiting.get(key)
    this.#waiting.delete(key)
    for (const wake of waiters ?? []) wake()
  }

  /** Calls `listener` on every notification until the returned function is called. */
  listen(listener: (key: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves at the next notification of `key`, after `timeoutMs`, or when `signal` aborts. Never rejects. */
  wait(key: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const wake = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        this.#waiting.get(key)?.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, timeoutMs)
      signal?.addEventListener('abort', wake, { once: true })
      const waiters = this.#waiting.get(key) ?? new Set()
      waiters.add(wake)
      this.#waiting.set(key, waiters)
    })
  }
}
