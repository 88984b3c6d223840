// A job as it happens: its events and the logs of all its tasks as one sequence, until it is over.

import type { EventStream } from '../api/own.ts'
import { sleep } from '../lib/abort.ts'
import { ApiError } from './api-error.ts'
import { Channel } from './channel.ts'
import { followLog, type LogPiece } from './follow-log.ts'
import type { RopewayClient } from './ropeway-client.ts'

export type FollowItem =
  | { readonly kind: 'event'; readonly event: EventStream['events'][number] }
  /** Phase or reason of waiting changed. */
  | { readonly kind: 'state'; readonly state: JobState }
  | ({ readonly kind: 'log' } & LogPiece)
  /** Always last. */
  | { readonly kind: 'end'; readonly state: JobState }

export type JobState = Pick<
  EventStream,
  'phase' | 'secondary_phase' | 'terminal' | 'exit_code' | 'message' | 'waiting'
>

export type FollowOptions = {
  readonly signal: AbortSignal
  /** Log streams to follow in each task; none for events only. Default: `task`, everything the task printed. */
  readonly streams?: readonly string[]
  /** Only these tasks; default all. */
  readonly tasks?: readonly string[]
  /** Events after this sequence; default all. */
  readonly since?: number
}

const WAIT_S = 20
/** Before a job runs for the first time its tasks have no logs worth asking for. */
const NOT_YET = new Set(['Creating', 'Pending'])

/**
 * Yields events and log bytes, each once and in order within its source, until the job is terminal and its logs have
 * ended; the last item is `end`. Goes on by itself when the server restarts. Throws ApiError when the job is deleted.
 */
export async function* followJob(
  client: RopewayClient,
  jobId: string,
  options: FollowOptions,
): AsyncGenerator<FollowItem> {
  // Leaving the loop early, or one failing reader, ends all the others.
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const terminal = new AbortController()
  const channel = new Channel<FollowItem>(16)
  const work = run(client, jobId, { ...options, signal }, terminal, channel).then(
    () => channel.close(),
    (error: unknown) => {
      stop.abort(error)
      channel.close({ error })
    },
  )
  try {
    yield* channel.read()
    options.signal.throwIfAborted()
  } finally {
    stop.abort(new DOMException('nobody follows any more', 'AbortError'))
    await work
  }
}

async function run(
  client: RopewayClient,
  jobId: string,
  options: FollowOptions,
  terminal: AbortController,
  channel: Channel<FollowItem>,
): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const followed = new Set<string>()
  const logs: Promise<void>[] = []
  const followTasks = (tasks: readonly string[]) => {
    for (const task of tasks)
      for (const stream of options.streams ?? ['task']) {
        if (followed.has(`${task}/${stream}`)) continue
        followed.add(`${task}/${stream}`)
        const log = copyLog(client, { jobId, task, stream, terminal: terminal.signal, signal }, channel)
        logs.push(log.catch((error: unknown) => failed.abort(error)))
      }
  }
  const wanted = async () => options.tasks ?? (await tasksOf(client, jobId, signal))
  let state: JobState | undefined
  try {
    for (let since = options.since ?? 0; !state?.terminal; ) {
      const answer: EventStream = await client.streamEvents(jobId, since, state ? WAIT_S : 0, signal)
      for (const event of answer.events) await channel.push({ kind: 'event', event })
      const changed =
        !state || state.phase !== answer.phase || state.waiting?.reason !== answer.waiting?.reason
      // A server that does not wait must not be asked in a tight circle.
      if (!changed && answer.events.length === 0) await sleep(50, signal)
      since = answer.next
      state = answer
      if (changed) {
        if (!NOT_YET.has(state.phase)) followTasks(await wanted())
        await channel.push({ kind: 'state', state })
      }
    }
    followTasks(await wanted())
    terminal.abort()
  } catch (error) {
    failed.abort(error)
  }
  await Promise.all(logs)
  if (failed.signal.aborted) throw failed.signal.reason
  if (state) await channel.push({ kind: 'end', state })
}

async function tasksOf(client: RopewayClient, jobId: string, signal: AbortSignal): Promise<string[]> {
  try {
    return (await client.show(jobId, signal)).status.tasks
  } catch (error) {
    // Deleted between two questions: the stream of events will say so.
    if (error instanceof ApiError) return []
    throw error
  }
}

async function copyLog(
  client: RopewayClient,
  log: Parameters<typeof followLog>[1],
  channel: Channel<FollowItem>,
): Promise<void> {
  for await (const piece of followLog(client, log)) await channel.push({ kind: 'log', ...piece })
}
