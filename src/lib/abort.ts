// Waits that can be cancelled.

/** Resolves after `ms`, or rejects with the signal's reason. Leaves no timer and no listener behind. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The work's end, or the signal's reason when it aborts before. The work itself goes on. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const cut = Promise.withResolvers<never>()
  const onAbort = (): void => cut.reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  // What fails after the signal concerns nobody any more.
  work.catch(() => undefined)
  try {
    return await Promise.race([work, cut.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Resolves when the work is done, after `ms`, or when `signal` aborts. The work itself goes on. */
export async function within(ms: number, work: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  const done = new AbortController()
  const either = signal ? AbortSignal.any([done.signal, signal]) : done.signal
  try {
    await Promise.race([work, sleep(ms, either).catch(() => undefined)])
  } finally {
    done.abort()
  }
}
