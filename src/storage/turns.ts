// Work that holds the event loop (reading, summing up), cut into slices: one slice of whoever waits at a time, and
// between two slices whatever else the process has to do, an abort included.
import { setImmediate } from 'node:timers/promises'

/** Resolves when it is the caller's turn. Rejects with the signal's reason. */
export type Turns = (signal?: AbortSignal) => Promise<void>

/** One for all that works side by side: each alone would hold the loop briefly, thirty-two behind each other would not. */
export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve()
  return async (signal) => {
    last = last.then(() => setImmediate())
    await last
    signal?.throwIfAborted()
  }
}
