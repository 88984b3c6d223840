// One program from its start until nothing of it is left.
import { sleep } from '../lib/abort.ts'
import type { Environment } from './environment.ts'
import { finishOutput } from './finish-output.ts'
import { newMark } from './mark.ts'
import type { OutputPipes } from './output-pipes.ts'
import type { OutputSink } from './ports.ts'
import { endFamily, type Family, markVariable, signalGroups } from './processes.ts'
import type { ServiceLog } from './service-log.ts'
import { type Exit, exitCodeOf, type Program, type Running, startProgram } from './spawn.ts'

export type OneProgram = Program & {
  /** `NAME=value`, added to its environment: by it its children are found. */
  readonly mark: string
  readonly graceMs: number
}

/** Resolves with its exit code. Throws LauncherError when it cannot be started, and the signal's reason when stopped. */
export async function runOne(
  program: OneProgram,
  sink: OutputSink,
  pipes: OutputPipes,
  signal: AbortSignal,
): Promise<number> {
  const { mark, graceMs } = program
  const env = { ...program.env, ...markVariable(mark) }
  const running = await startProgram({ ...program, env }, sink, pipes)
  const family = { leaders: [running.pid], mark }
  const exit = await exitOrStop(running, signal)
  if (exit === null) await stopProgram(running, family, graceMs)
  await finishOutput([running], family, graceMs)
  if (exit === null) throw signal.reason
  return exitCodeOf(exit)
}

/** What the steps before a training have in common. */
export type StepOptions = {
  readonly environment: Environment
  readonly pipes: OutputPipes
  readonly log: ServiceLog
  readonly graceMs: number
  /** Gets what the programs of the step print. */
  readonly write: (chunk: Buffer) => void
}

/** The mark of a step's programs; a step that reads an environment back leaves it out. */
export const STEP_MARK = 'ROPEWAY_STEP'

/** Runs a program of such a step. Like runOne. */
export function runStep(
  { pipes, graceMs, write }: StepOptions,
  program: Program,
  signal: AbortSignal,
): Promise<number> {
  const mark = `${STEP_MARK}=${newMark()}`
  return runOne({ ...program, mark, graceMs }, { write, end: async () => undefined }, pipes, signal)
}

/** Null when the signal came first. */
function exitOrStop(running: Running, signal: AbortSignal): Promise<Exit | null> {
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(null)
    running.exited.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** The group gets the signal first: a launcher in it ends its ranks itself. What is left after that is ended one by one. */
async function stopProgram(running: Running, family: Family, graceMs: number): Promise<void> {
  const deadlineMs = performance.now() + graceMs
  signalGroups(family.leaders, 'SIGTERM')
  const late = new AbortController()
  await Promise.race([running.exited, sleep(graceMs, late.signal).catch(() => undefined)])
  late.abort()
  await endFamily(family, Math.max(deadlineMs - performance.now(), 0))
}
