// Where rank output and reports go: to the task's launcher when there is one, else to our own stdout.
import type { TaskReport } from '../api/task.ts'
import { drained } from '../lib/drained.ts'
import type { Environment } from './environment.ts'
import { INNER_ROUTES } from './inner-socket.ts'
import { LineSplitter } from './lines.ts'
import type { LogSpool } from './log-spool.ts'
import type { OutputSink } from './ports.ts'
import type { Print } from './print-to.ts'
import { TaskClient } from './task-client.ts'

export type Platform = {
  /** A sink for one rank's output. */
  rankOutput(rank: number): OutputSink
  tell(report: TaskReport): void
  /** Resolves when all reports were taken, or could not be. */
  settled(): Promise<void>
}

/** Inside the task's own launcher: straight into the spool. */
export function spoolPlatform(spool: LogSpool, tell: (report: TaskReport) => void): Platform {
  return {
    rankOutput(rank) {
      const lines = new LineSplitter()
      return {
        write(chunk) {
          spool.append(`rank-${rank}`, chunk)
          spool.append('task', lines.push(chunk))
        },
        end: async () => spool.append('task', lines.end()),
      }
    },
    tell,
    settled: async () => undefined,
  }
}

/** With no launcher around us: whole lines to stdout, as fast as they are taken. */
export function printingPlatform(print: Print): Platform {
  return {
    rankOutput() {
      const lines = new LineSplitter()
      return {
        write: (chunk) => print(lines.push(chunk)),
        end: async () => await print(lines.end()),
      }
    },
    tell: () => undefined,
    settled: async () => undefined,
  }
}

export type Outer = { readonly platform: Platform; readonly environment: Environment }

/** The launcher around us, if one answers at `socketPath`. */
export async function findOuter(
  socketPath: string,
  print: Print,
  signal: AbortSignal,
): Promise<Outer | null> {
  const client = new TaskClient(socketPath)
  const reply = await client
    .ask({ method: 'GET', path: INNER_ROUTES.environment, timeoutMs: 5_000, signal })
    .catch(() => null)
  if (reply?.status !== 200) return null
  return { platform: socketPlatform(client, print), environment: JSON.parse(reply.body.toString()) }
}

function socketPlatform(client: TaskClient, print: Print): Platform {
  const never = new AbortController().signal
  let telling: Promise<unknown> = Promise.resolve()
  return {
    rankOutput: (rank) => socketSink(client, rank, printingPlatform(print).rankOutput(rank)),
    tell(report) {
      const ask = {
        method: 'POST',
        path: INNER_ROUTES.reports,
        body: JSON.stringify(report),
        timeoutMs: 5_000,
        signal: never,
      } as const
      telling = telling.then(() => client.ask(ask)).catch(() => undefined)
    },
    async settled() {
      await telling
      client[Symbol.dispose]()
    },
  }
}

/** Streams to the task's launcher; should that break, the rest is printed. */
function socketSink(client: TaskClient, rank: number, fallback: OutputSink): OutputSink {
  const { sent, reply } = client.open(`${INNER_ROUTES.output}?stream=rank-${rank}`)
  const arrived = reply.then(
    ({ status }) => status === 200,
    () => false,
  )
  return {
    async write(chunk) {
      if (sent.destroyed) return fallback.write(chunk)
      if (!sent.write(chunk)) await drained(sent)
    },
    async end() {
      if (!sent.destroyed) sent.end()
      await arrived
      await fallback.end()
    },
  }
}
