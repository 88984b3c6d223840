// Runs many waits side by side, a bounded number at a time, and ends all of them with the first failure.

/** Lets at most `limit` of the functions given to it run at once; the others wait their turn. */
export type Limit = <T>(run: () => Promise<T>) => Promise<T>

/** Makes a Limit. Whoever waits when the signal aborts is refused with its reason. */
export function createLimit(limit: number, signal: AbortSignal): Limit {
  let running = 0
  const waiting: Array<() => void> = []
  return async (run) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      signal.throwIfAborted()
      return await run()
    } finally {
      const next = waiting.shift()
      // The place goes to the next one; only when nobody waits does it become free.
      if (next) next()
      else running -= 1
    }
  }
}

/**
 * Runs `each` for every item, `width` at a time, with a signal that also aborts when one of them fails.
 * Rejects with the first failure once all have ended.
 */
export async function forEachParallel<T>(
  items: readonly T[],
  width: number,
  signal: AbortSignal | undefined,
  each: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  let failure: { readonly error: unknown } | undefined
  let at = 0
  const worker = async () => {
    while (at < items.length && !failure) {
      const item = items[at] as T
      at += 1
      try {
        both.throwIfAborted()
        await each(item, both)
      } catch (error) {
        failure ??= { error }
        stop.abort(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  if (failure) throw failure.error
}
