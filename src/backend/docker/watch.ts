// Listens to the engine's events for containers of ours and says which job changed. The stream breaks when the engine
// goes; it is opened again with growing pauses, and what happened meanwhile is asked for.
import { setTimeout as pause } from 'node:timers/promises'
import { type Engine, look } from './engine.ts'
import { LABEL, labelFilter } from './labels.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
const ACTIONS = ['start', 'die', 'oom', 'pause', 'unpause', 'destroy', 'remove', 'died']

type EngineEvent = {
  readonly timeNano?: number
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> }
}

/** Calls `onChange` for each job of `instanceId` until the signal aborts; never rejects. */
export async function watchEngine(
  engine: Engine,
  instanceId: string,
  onChange: (jobId: string) => void,
  signal: AbortSignal,
): Promise<void> {
  // Engines understand seconds with nanoseconds; they keep the last events, so none between two streams is lost.
  let since = seconds(Date.now() * 1e6)
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      const filters = {
        type: ['container'],
        event: ACTIONS,
        ...labelFilter({ [LABEL.instance]: instanceId }),
      }
      const stream = await engine.docker.getEvents({ since, filters, abortSignal: signal } as object)
      const stop = (): void => void (stream as unknown as { destroy(): void }).destroy()
      signal.addEventListener('abort', stop, { once: true })
      try {
        if (signal.aborted) stop()
        for await (const event of eventsOf(stream as AsyncIterable<Buffer>)) {
          pauseMs = FIRST_PAUSE_MS
          if (event.timeNano !== undefined) since = seconds(event.timeNano)
          const jobId = event.Actor?.Attributes?.[LABEL.job]
          if (jobId !== undefined) onChange(jobId)
        }
      } finally {
        signal.removeEventListener('abort', stop)
      }
    } catch {
      // The engine is away, or was: the next round tells.
    }
    await pause(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
    if (!signal.aborted) await tellAll(engine, instanceId, onChange, signal).catch(() => undefined)
  }
}

const seconds = (nano: number): string => (nano / 1e9).toFixed(3)

/** One JSON object per line. */
async function* eventsOf(stream: AsyncIterable<Buffer>): AsyncGenerator<EngineEvent> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk.toString('utf8')
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as EngineEvent
  }
}

/** While nobody listened anything may have happened: every job of ours is looked at. */
async function tellAll(
  engine: Engine,
  instanceId: string,
  onChange: (jobId: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const filters = labelFilter({ [LABEL.instance]: instanceId })
  const list = (abortSignal: AbortSignal) => engine.docker.listContainers({ all: true, filters, abortSignal })
  const all = await look(engine, list, signal)
  for (const jobId of new Set(all.map(({ Labels }) => Labels[LABEL.job])))
    if (jobId !== undefined) onChange(jobId)
}
