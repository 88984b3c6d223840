// What the parts of a transfer share, and how each of its requests is kept at until it succeeds.
import type { ObjectClient } from '../object-client.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import { type Journal, NO_JOURNAL } from './journal.ts'
import { createPace, type Pace } from './pace.ts'
import { type Counter, countProgress } from './progress.ts'
import { DEFAULT_CONCURRENCY, type TransferOptions, type Verify } from './transfer-types.ts'

export type Engine = {
  readonly client: ObjectClient
  readonly bucket: string
  readonly signal: AbortSignal
  readonly pace: Pace
  readonly width: number
  readonly counter: Counter
  readonly verify: Verify
  readonly journal: Journal
  /** Whether the journal is read by anybody. */
  readonly resumable: boolean
  readonly onEvent: NonNullable<TransferOptions['onEvent']>
}

export type EngineOptions = TransferOptions & {
  /** One for all transfers of a process that share it; its own when absent. */
  readonly pace?: Pace | undefined
}

/** The parts of one transfer with known totals. Without a journal it leaves nothing behind. */
export function createEngine(
  options: EngineOptions,
  totals: { readonly files: number; readonly bytes: number },
  journal?: Journal,
): Engine {
  const { client, bucket, concurrency = DEFAULT_CONCURRENCY, verify = 'offered' } = options
  return {
    ...{ client, bucket, verify },
    journal: journal ?? NO_JOURNAL,
    resumable: journal !== undefined,
    signal: options.signal ?? new AbortController().signal,
    pace: options.pace ?? createPace(concurrency),
    width: concurrency,
    counter: countProgress(options.onProgress, totals.files, totals.bytes),
    onEvent: options.onEvent ?? (() => undefined),
  }
}

/**
 * Runs `attempt` in a place of the pace until it succeeds. `moved` says how far it has come in all, so that one that
 * goes forward is never given up. Rejects with what will not pass, the last failure, or the signal's reason.
 */
export async function persist<T>(
  engine: Engine,
  name: string,
  attempt: () => Promise<T>,
  moved: () => number = () => 0,
): Promise<T> {
  const { client, pace, signal } = engine
  let reached = moved()
  for (let failures = 1; ; failures += 1) {
    const before = moved()
    try {
      return await pace.run(signal, attempt, () => moved() - before)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ObjectStoreError) || !error.retryable) throw error
      if (moved() > reached) failures = 1
      reached = moved()
      if (failures >= client.attempts[error.throttled ? 'throttled' : 'failed']) throw error
      const waitMs = error.retryAfterMs ?? 0
      engine.onEvent({ kind: 'retry', name, reason: error.message, waitMs })
      if (error.throttled) engine.onEvent({ kind: 'throttled', width: pace.throttled(waitMs) })
      await client.pause(failures, signal, waitMs)
    }
  }
}
