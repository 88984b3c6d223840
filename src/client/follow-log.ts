// One log stream of one task from its first byte to its last, attempt after attempt.
import { sleep } from '../lib/abort.ts'
import { ApiError } from './api-error.ts'
import type { LogChunk, RopewayClient } from './ropeway-client.ts'

/** A piece of a log; `offset` counts from the start of the stream in that attempt. */
export type LogPiece = {
  readonly task: string
  readonly stream: string
  readonly attempt: number
  readonly offset: number
  readonly bytes: Uint8Array
}

export type FollowedLog = {
  readonly jobId: string
  readonly task: string
  readonly stream: string
  /** Aborts when the job has reached a terminal phase: from then on nothing is waited for. */
  readonly terminal: AbortSignal
  readonly signal: AbortSignal
}

const WAIT_S = 20
/** How long a log that the server has not closed is asked again after the job ended. */
const LINGER_MS = 5000
const PAUSE_MS = 200
/** A task that ended early may get another attempt; asking for it becomes rarer with time. */
const LONGEST_PAUSE_MS = 4000

/**
 * Yields every byte of the stream once, in order. Ends when the job is terminal and the log of its last attempt has
 * ended. A lost connection costs nothing: the next read goes on at the same offset.
 */
export async function* followLog(client: RopewayClient, log: FollowedLog): AsyncGenerator<LogPiece> {
  const { task, stream, terminal, signal } = log
  let attempt = 1
  let offset = 0
  let quietSinceMs: number | undefined
  let pauseMs = PAUSE_MS
  for (;;) {
    const over = terminal.aborted
    const chunk = await readOrWait(client, log, attempt, offset)
    if (chunk === 'interrupted') continue
    if (chunk && chunk.bytes.length > 0) {
      yield { task, stream, attempt, offset: chunk.offset, bytes: chunk.bytes }
      quietSinceMs = undefined
      pauseMs = PAUSE_MS
    }
    offset = chunk?.next ?? offset
    if (chunk && chunk.bytes.length > 0 && !chunk.end) continue
    const closed = !chunk || chunk.end
    if (closed && (await hasAttempt(client, log, attempt + 1))) {
      attempt += 1
      offset = 0
    } else if (over) {
      quietSinceMs ??= performance.now()
      if (closed || performance.now() - quietSinceMs > LINGER_MS) return
      await sleep(PAUSE_MS, signal)
    } else {
      await pauseUntilTerminal(log, pauseMs)
      if (closed) pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
  }
}

/** The next bytes; null when there is no such log yet; `interrupted` when the job ended while waiting. */
async function readOrWait(
  client: RopewayClient,
  log: FollowedLog,
  attempt: number,
  offset: number,
): Promise<LogChunk | 'interrupted' | null> {
  const { jobId, task, stream, terminal, signal } = log
  const over = terminal.aborted
  try {
    const place = { task, stream, attempt, offset, waitS: over ? 0 : WAIT_S }
    const chunk = await client.readLog(jobId, place, over ? signal : AbortSignal.any([signal, terminal]))
    return chunk.ready ? chunk : null
  } catch (error) {
    signal.throwIfAborted()
    if (!over && terminal.aborted) return 'interrupted'
    // Tasks and streams come into being while the job starts; a deleted job has none left.
    if (error instanceof ApiError && (error.status === 404 || error.errorCode === 'ModelArts.2775'))
      return null
    throw error
  }
}

async function hasAttempt(client: RopewayClient, log: FollowedLog, attempt: number): Promise<boolean> {
  try {
    const { streams } = await client.logStreams(log.jobId, log.task, log.signal)
    return streams.some((entry) => entry.stream === log.stream && entry.attempt >= attempt)
  } catch (error) {
    if (error instanceof ApiError) return false
    throw error
  }
}

async function pauseUntilTerminal({ terminal, signal }: FollowedLog, pauseMs: number): Promise<void> {
  try {
    await sleep(pauseMs, AbortSignal.any([signal, terminal]))
  } catch {
    signal.throwIfAborted()
  }
}
