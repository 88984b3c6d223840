// What following a job looks like: events on standard error, log lines on standard output, or all as JSON lines.
import type { FollowItem, JobState } from '../../client/follow.ts'
import { LineCutter } from '../../client/line-cutter.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { formatClock } from '../table.ts'
import { jsonLine, visible } from '../terminal-text.ts'
import { LogWriter } from './line-writer.ts'

export type FollowStyle = {
  readonly json: boolean
  /** Several tasks: say which one a line is from. */
  readonly prefixed: boolean
  /** Print events (never for `job logs`). */
  readonly events: boolean
}

/** `HH:MM:SS Level message` of an event. */
export function eventLine(event: { time: string; level: string; message: string }): string {
  const date = new Date(event.time)
  const clock = Number.isNaN(date.getTime()) ? '--:--:--' : formatClock(date)
  return `${clock} ${event.level.padEnd(7)} ${visible(event.message)}\n`
}

/** Prints the items of a follow until its end, and answers the final state. `beforeEach` may hold the output back. */
export async function showFollow(
  context: CliContext,
  items: AsyncIterable<FollowItem>,
  style: FollowStyle,
  beforeEach: () => Promise<void> = async () => undefined,
): Promise<JobState | undefined> {
  const show = style.json ? jsonShower(context, style) : textShower(context, style)
  let state: JobState | undefined
  for await (const item of items) {
    await beforeEach()
    if (item.kind === 'end') state = item.state
    await show(item)
  }
  return state
}

type Show = (item: FollowItem) => Promise<void>

function textShower({ stdout, stderr, signal }: CliContext, style: FollowStyle): Show {
  const logs = new LogWriter(stdout, style.prefixed, signal)
  let waiting: string | undefined
  return async (item) => {
    if (item.kind === 'log') return logs.push(item.task, item.bytes)
    if (item.kind === 'end') return logs.end()
    if (!style.events) return
    if (item.kind === 'event') return write(stderr, eventLine(item.event), signal)
    const reason = item.state.waiting?.reason
    if (reason && reason !== waiting)
      await write(stderr, `${formatClock(new Date())} Waiting  ${visible(reason)}\n`, signal)
    waiting = reason
  }
}

function jsonShower({ stdout, signal }: CliContext, style: FollowStyle): Show {
  const cutters = new Map<string, LineCutter>()
  const logLine = (task: string, stream: string, line: Buffer) =>
    jsonLine({ kind: 'log', task, stream, line: line.toString('utf8').replace(/\n$/, '') })
  return async (item) => {
    if (item.kind === 'log') {
      const key = `${item.task}/${item.stream}`
      const cutter = cutters.get(key) ?? new LineCutter()
      cutters.set(key, cutter)
      for (const line of cutter.push(item.bytes))
        await write(stdout, logLine(item.task, item.stream, line), signal)
      return
    }
    if (item.kind === 'end')
      for (const [key, cutter] of cutters) {
        const rest = cutter.end()
        const [task = '', stream = ''] = key.split('/')
        if (rest.length > 0) await write(stdout, logLine(task, stream, rest), signal)
      }
    if (!style.events) return
    const body = item.kind === 'event' ? item.event : item.state
    await write(stdout, jsonLine({ kind: item.kind, ...body }), signal)
  }
}
