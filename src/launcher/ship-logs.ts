// Sends the spool to the server by offset. The server takes only what follows its own end and says how long it is,
// so whatever breaks on the way, no byte is lost and none comes twice.

import { TASK_ROUTES } from '../api/task-constants.ts'
import { sleep } from '../lib/abort.ts'
import { messageOf } from './launcher-error.ts'
import type { LogSpool } from './log-spool.ts'
import type { TaskClient } from './task-client.ts'

const MAX_REQUEST_BYTES = 1024 * 1024
/** Bytes that come in a trickle travel together. */
const COALESCE_MS = 20
const LONGEST_PAUSE_MS = 2_000
/** Streams that travel at the same time: while the server writes one, another is on its way. */
const LANES = 3

export type ShipOptions = {
  readonly spool: LogSpool
  readonly client: TaskClient
  readonly attempt: number
  /** Called once for a stream that the server refuses for good. */
  readonly onRefused: (stream: string, detail: string) => void
}

/** Sends until `signal` aborts. Never rejects. */
export async function shipLogs(options: ShipOptions, signal: AbortSignal): Promise<void> {
  // Refused for good, or in another lane's hands: a stream's bytes travel one request after the other.
  const taken = new Set<string>()
  await Promise.all(Array.from({ length: LANES }, () => shipLane(options, taken, signal)))
}

async function shipLane(options: ShipOptions, taken: Set<string>, signal: AbortSignal): Promise<void> {
  const { spool } = options
  let pauseMs = 50
  while (!signal.aborted) {
    const stream = spool.next(taken)
    if (stream === null) {
      await spool.changed(60_000, signal)
      await sleep(COALESCE_MS, signal).catch(() => undefined)
      continue
    }
    taken.add(stream)
    const problem = await sendSome(options, stream, signal)
    if (!problem?.forGood) taken.delete(stream)
    if (problem === null) {
      pauseMs = 50
    } else if (problem.forGood) {
      options.onRefused(stream, problem.detail)
    } else {
      await sleep(pauseMs, signal).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    }
  }
}

type Problem = { readonly forGood: boolean; readonly detail: string }

async function sendSome(
  { spool, client, attempt }: ShipOptions,
  stream: string,
  signal: AbortSignal,
): Promise<Problem | null> {
  try {
    const { offset, bytes } = spool.take(stream, MAX_REQUEST_BYTES)
    const path = `${TASK_ROUTES.logs}?attempt=${attempt}&stream=${stream}&offset=${offset}`
    const reply = await client.ask({ method: 'POST', path, body: bytes, timeoutMs: 30_000, signal })
    if (reply.status === 200 || reply.status === 409) {
      const { length } = JSON.parse(reply.body.toString()) as { length: number }
      if (length > offset + bytes.length)
        return { forGood: true, detail: `the server has ${length} bytes, more than were printed` }
      spool.confirm(stream, length)
      const refusedInPlace = reply.status === 409 && length === offset
      return refusedInPlace
        ? { forGood: false, detail: `the server did not take bytes at its own end, ${offset}` }
        : null
    }
    return {
      forGood: reply.status === 400,
      detail: `the server answered ${reply.status} ${reply.body.toString().slice(0, 200)}`,
    }
  } catch (error) {
    return { forGood: false, detail: messageOf(error) }
  }
}
