// How a command in a task is ended by who ran it, and what is said when its task ended first.
import { AppError } from '../api/error.ts'

export type SessionEnd = AsyncDisposable & { readonly isEnding: boolean }

/** Runs `end` once: when the signal aborts, or has before, or when this is disposed, which waits for it. */
export function endOnce(end: () => Promise<void>, signal: AbortSignal): SessionEnd {
  let ending: Promise<void> | null = null
  const run = (): Promise<void> => (ending ??= end())
  const onAbort = (): void => void run()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return {
    get isEnding() {
      return ending !== null
    },
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener('abort', onAbort)
      await run()
    },
  }
}

export const taskEnded = (): AppError =>
  new AppError('JobStatusChanged', 'the task has ended, and the command with it')
