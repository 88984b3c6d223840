// What the demo shows: events and log lines as they come, and the closing summary.
import { StringDecoder } from 'node:string_decoder'
import { visible } from '../../src/cli/terminal-text.ts'
import type { JobState } from '../../src/client/follow.ts'

type Say = (text: string) => void

export type Metrics = {
  readonly accuracy: number
  readonly ranks: number
  readonly train_count: number
  readonly test_count: number
}
export type Written = {
  readonly files: readonly { url: string; size: number }[]
  readonly metrics: Metrics | null
}
export type Summary = {
  readonly state: JobState
  readonly phases: readonly { phase: string; atMs: number }[]
  readonly endMs: number
  readonly written: Written
  /** Null when the data folder goes away with the demo. */
  readonly dataDir: string | null
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`.padStart(8)

/** Turns bytes of several logs into whole lines, each with the task's name before it. */
export class LivePrinter {
  readonly #startMs: number
  readonly #say: Say
  readonly #logs = new Map<string, { decoder: StringDecoder; rest: string }>()

  constructor(startMs: number, say: Say) {
    this.#startMs = startMs
    this.#say = say
  }

  event({ level, reason, message }: { level: string; reason: string; message: string }): void {
    const mark = level === 'Info' ? '·' : level === 'Warning' ? '!' : '✗'
    this.#say(`${seconds(performance.now() - this.#startMs)} ${mark} ${reason}: ${visible(message)}`)
  }

  log(task: string, bytes: Uint8Array): void {
    const log = this.#logs.get(task) ?? { decoder: new StringDecoder('utf8'), rest: '' }
    this.#logs.set(task, log)
    const lines = (log.rest + log.decoder.write(Buffer.from(bytes))).split('\n')
    log.rest = lines.pop() ?? ''
    for (const line of lines) this.#say(`${task} | ${visible(line)}`)
  }

  /** Prints what came without a line end. */
  end(): void {
    for (const [task, { rest }] of this.#logs) if (rest !== '') this.#say(`${task} | ${visible(rest)}`)
    this.#logs.clear()
  }
}

/** Phases with times, ranks, accuracy, objects written, and what to try next. */
export function printSummary({ state, phases, endMs, written, dataDir }: Summary, say: Say): void {
  const { metrics, files } = written
  say('\n── summary ─────────────────────────────────────────────')
  phases.forEach(({ phase, atMs }, index) => {
    const next = phases[index + 1]
    const isLast = next === undefined
    say(
      `phase    ${phase.padEnd(12)}${isLast ? ` after ${seconds(atMs).trim()}` : seconds(next.atMs - atMs)}`,
    )
  })
  const code = state.exit_code === null ? '' : ` with exit code ${state.exit_code}`
  say(`result   ${state.phase}${code} after ${seconds(endMs).trim()}`)
  if (state.message !== '') say(`         ${visible(state.message)}`)
  if (metrics) {
    say(`ranks    ${metrics.ranks}, one process per device`)
    say(
      `accuracy ${(metrics.accuracy * 100).toFixed(1)} % of ${metrics.test_count} digits it had never seen (${metrics.train_count} to learn from)`,
    )
  }
  if (files.length === 0) say('objects  none were written')
  for (const { url, size } of files) say(`object   ${url} (${size} bytes)`)
  say('\nTry next:')
  for (const line of nextCommands(dataDir)) say(`  ${line}`)
}

/** Commands that work when the demo has ended. */
function nextCommands(dataDir: string | null): string[] {
  if (dataDir === null)
    return [
      'KEEP=1 make demo                                        # the same, but keep the data folder',
      'bin/ropeway.js doctor                                   # what this machine offers',
      'bin/ropeway.js serve --data ./data --simulate 2x4       # a server to play with; README.md goes on from here',
    ]
  return [
    `bin/ropeway.js serve --data ${dataDir} --simulate 2x4   # the same server again; the next two in another terminal`,
    `bin/ropeway.js job logs digits --data ${dataDir}`,
    `bin/ropeway.js obs cp obs://training-bucket/model/metrics.json ./metrics.json --data ${dataDir}`,
  ]
}
