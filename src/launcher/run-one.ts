// One program from its start until nothing of it is left.
import { sleep } from '../lib/abort.ts'
import type { Environment } from './environment.ts'
import { finishOutput, untilSilent } from './finish-output.ts'
import { newMark } from './mark.ts'
import type { OutputPipes } from './output-pipes.ts'
import type { OutputSink } from './ports.ts'
import { endFamily, endLeftovers, type Family, markVariable, signalGroups } from './processes.ts'
import type { ServiceLog } from './service-log.ts'
import { type Exit, exitCodeOf, type Program, type Running, startProgram } from './spawn.ts'

export type OneProgram = Program & {
  /** `NAME=value`, added to its environment: by it its children are found. */
  readonly mark: string
  readonly graceMs: number
  readonly log: ServiceLog
}

/** Resolves with its exit code. Throws LauncherError when it cannot be started, and the signal's reason when stopped. */
export async function runOne(
  program: OneProgram,
  sink: OutputSink,
  pipes: OutputPipes,
  signal: AbortSignal,
): Promise<number> {
  const { running, family, code } = await untilExit(program, sink, pipes, signal)
  await finishOutput([running], family, program.graceMs, program.log.warning)
  return code
}

type Exited = { readonly running: Running; readonly family: Family; readonly code: number }

async function untilExit(
  program: OneProgram,
  sink: OutputSink,
  pipes: OutputPipes,
  signal: AbortSignal,
): Promise<Exited> {
  const { mark, graceMs, log } = program
  const env = { ...program.env, ...markVariable(mark) }
  const running = await startProgram({ ...program, env }, sink, pipes)
  const family = { leaders: [running.pid], mark }
  const exit = await exitOrStop(running, signal)
  if (exit !== null) return { running, family, code: exitCodeOf(exit) }
  await stopProgram(running, family, graceMs)
  await finishOutput([running], family, graceMs, log.warning)
  throw signal.reason
}

/** What the steps before a training have in common. */
export type StepOptions = {
  readonly environment: Environment
  readonly pipes: OutputPipes
  readonly log: ServiceLog
  readonly graceMs: number
  /** Gets what the programs of the step print. */
  readonly write: (chunk: Buffer) => void | Promise<void>
}

/** The mark of a step's programs; a step that reads an environment back leaves it out. */
export const STEP_MARK = 'ROPEWAY_STEP'

/** Runs a program of such a step. Like runOne. */
export function runStep(options: StepOptions, program: Program, signal: AbortSignal): Promise<number> {
  return runOne(stepOf(options, program), sinkOf(options), options.pipes, signal)
}

/**
 * Like runStep, for a program that may start services for what follows: whom it leaves behind lives, and is heard, until
 * the result is disposed of.
 */
export async function runLastingStep(
  options: StepOptions,
  program: Program,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly services: AsyncDisposable }> {
  const { graceMs, log, pipes } = options
  const { running, family, code } = await untilExit(stepOf(options, program), sinkOf(options), pipes, signal)
  await untilSilent([running], LAST_WORDS_MS)
  const [, , name = ''] = /^(.*\/)?(.*)$/.exec(program.argv.at(-1) ?? '') ?? []
  const end = async () => {
    await endLeftovers(family, graceMs, log.info, `the task is over, and what ${name} started still runs`)
    if (!(await untilSilent([running]))) running.abandon()
    await running.drained
  }
  return { code, services: { [Symbol.asyncDispose]: end } }
}

/** What a program printed before its exit is read by then; what its services print comes later. */
const LAST_WORDS_MS = 1_000

const stepOf = ({ graceMs, log }: StepOptions, program: Program): OneProgram => {
  return { ...program, graceMs, log, mark: `${STEP_MARK}=${newMark()}` }
}

const sinkOf = ({ write }: StepOptions): OutputSink => ({ write, end: async () => undefined })

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
  await endFamily(family, Math.max(deadlineMs - performance.now(), 0), new Set(family.leaders))
}
