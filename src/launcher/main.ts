// The program inside each task: argv, environment and signals → command → exit code. Like src/main.ts, and nothing else
// in this folder, it may read those. Commands are loaded when they are called, because every task waits for us to start.

import { setFlagsFromString } from 'node:v8'
import { LAUNCHER_EXIT, TASK_PATHS } from '../api/task-constants.ts'
import { giveBack, restoreDropped } from './environment.ts'
import { LauncherError, messageOf, StopRequest } from './launcher-error.ts'
import type { RankRunOptions } from './rank-run.ts'
import { storeKeysOf } from './store-keys.ts'

const USAGE = `usage: launcher task
       launcher run-train CODE_URL BOOT_FILE LOG_FILE [ARGUMENTS…]
       launcher run-train PROGRAM [ARGUMENTS…]
       launcher ranks [--processes N] [--log FILE] -- COMMAND…
       launcher exec [--session ID] -- COMMAND…`

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

async function main(): Promise<number> {
  // The table of a large job must not leave us with three times the memory that it takes: a nursery that does not grow,
  // and a heap that is cleared before it has doubled.
  for (const flag of ['--semi-space-growth-factor=1', '--heap-growing-percent=50']) setFlagsFromString(flag)
  const stop = new AbortController()
  // At a terminal Ctrl-C and Ctrl-\ are for the program, whoever started it.
  const isExec = process.argv[2] === 'exec'
  for (const signal of isExec ? (['SIGINT', 'SIGQUIT'] as const) : []) process.on(signal, () => undefined)
  for (const signal of SIGNALS)
    if (!isExec || signal !== 'SIGINT') process.on(signal, () => stop.abort(new StopRequest(signal)))
  try {
    const [command = '', ...args] = process.argv.slice(2)
    if (command === 'task') return await task(stop.signal)
    if (command === 'run-train' || command === 'ranks') return await inner(command, args, stop.signal)
    if (command === 'exec') return await exec(args, stop.signal)
    throw new LauncherError(LAUNCHER_EXIT.usage, 'Usage', USAGE)
  } catch (caught) {
    const error: unknown = stop.signal.aborted ? stop.signal.reason : caught
    if (error instanceof StopRequest) return stoppedCode(error)
    process.stderr.write(`[ropeway] ${error instanceof LauncherError ? error.message : describe(error)}\n`)
    return error instanceof LauncherError ? error.exitCode : LAUNCHER_EXIT.spawnFailed
  }
}

/** Ctrl-C is answered as shells do. */
const stoppedCode = ({ signal }: StopRequest): number => (signal === 'SIGINT' ? 130 : LAUNCHER_EXIT.stopped)

const describe = (error: unknown): string => (error instanceof Error && error.stack) || messageOf(error)

async function task(signal: AbortSignal): Promise<number> {
  const [{ runTask }, { lazyObjects }] = await Promise.all([import('./task.ts'), import('./objects.ts')])
  const socketPath = process.env['ROPEWAY_TASK_SOCKET'] || TASK_PATHS.socket
  return runTask(
    {
      ownEnvironment: process.env,
      socketPath,
      spoolDir: process.env['ROPEWAY_SPOOL'] || TASK_PATHS.spool,
      runtimeDir: runtimeDir(),
      objects: lazyObjects(socketPath),
      say: (sentence) => process.stderr.write(`[ropeway] ${sentence}\n`),
    },
    signal,
  )
}

async function exec(args: readonly string[], signal: AbortSignal): Promise<number> {
  const session = args[0] === '--session' ? (args[1] ?? '') : null
  const [end, ...command] = session === null ? args : args.slice(2)
  if (end !== '--') throw new LauncherError(LAUNCHER_EXIT.usage, 'Usage', USAGE)
  const { runExec } = await import('./exec.ts')
  const socketPath = process.env['ROPEWAY_TASK_SOCKET'] || TASK_PATHS.socket
  return runExec({ command, session, own: process.env, socketPath }, signal)
}

/** Commands of the user's own program: inside a task they hand output and reports to its launcher, elsewhere they print. */
async function inner(
  command: 'run-train' | 'ranks',
  args: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const [
    { findOuter, printingPlatform },
    { LogFile },
    { logFileBytes },
    { openRankPipes },
    { serviceLog },
    { lazyObjects },
    { printTo },
  ] = await Promise.all([
    import('./platform.ts'),
    import('./rank-logs.ts'),
    import('./settings.ts'),
    import('./rank-run.ts'),
    import('./service-log.ts'),
    import('./objects.ts'),
    import('./print-to.ts'),
  ])
  const run = command === 'ranks' ? await ranks(args) : await runTrain(args)
  const own = giveBack(process.env)
  const objects = lazyObjects(process.env['ROPEWAY_TASK_SOCKET'] || TASK_PATHS.socket, storeKeysOf(own))
  const print = printTo(process.stdout)
  const outer = own['ROPEWAY_LAUNCHER_SOCKET']
    ? await findOuter(own['ROPEWAY_LAUNCHER_SOCKET'], print, signal)
    : null
  const environment = outer ? restoreDropped(own, outer.environment) : own
  using sharedLog = new LogFile(run.logFile, logFileBytes(environment), (sentence) => {
    print(`[ropeway] ${sentence}\n`)
  })
  const write = (bytes: Buffer): void | Promise<void> => {
    sharedLog.write(bytes)
    return print(bytes)
  }
  const log = serviceLog((line) => void write(Buffer.from(line)))
  const platform = outer?.platform ?? printingPlatform(print)
  await using pipes = openRankPipes(runtimeDir(), environment)
  const end = (code: number) => {
    log.info(`Training end with return code: ${code}`)
    return code
  }
  try {
    return end(await run.start({ environment, pipes, platform, log, sharedLog, write, objects }, signal))
  } catch (caught) {
    // Whatever broke while we were being stopped, the stop is what happened.
    const error: unknown = signal.aborted ? signal.reason : caught
    if (error instanceof StopRequest) {
      log.info(error.message)
      end(stoppedCode(error))
      throw error
    }
    if (!(error instanceof LauncherError)) throw error
    log.error(error.message)
    platform.tell({ kind: 'problem', level: 'Error', reason: error.reason, message: error.message })
    return end(error.exitCode)
  } finally {
    await platform.settled()
  }
}

type InnerOptions = Omit<RankRunOptions, 'prefer'>

type InnerCommand = {
  readonly logFile: string
  readonly start: (options: InnerOptions, signal: AbortSignal) => Promise<number>
}

async function runTrain(args: readonly string[]): Promise<InnerCommand> {
  const [{ readRunTrain, runTrain }, { isProgramForm, programLogFile, runProgram }] = await Promise.all([
    import('./run-train.ts'),
    import('./run-program.ts'),
  ])
  if (isProgramForm(args)) {
    const start: InnerCommand['start'] = (options, signal) =>
      runProgram(args, { ...options, prefer: 'MA_MOUNT_PATH' }, signal)
    return { logFile: programLogFile(process.env['DLS_TASK_INDEX']), start }
  }
  const request = readRunTrain(args)
  const start: InnerCommand['start'] = (options, signal) =>
    runTrain(request, { ...options, prefer: 'MA_HOME' }, signal)
  return { logFile: request.logFile, start }
}

async function ranks(args: readonly string[]): Promise<InnerCommand> {
  const { readRanks, runRanksCommand } = await import('./ranks.ts')
  const request = readRanks(args)
  const start: InnerCommand['start'] = (options, signal) =>
    runRanksCommand(request, { ...options, prefer: 'MA_MOUNT_PATH' }, signal)
  return { logFile: request.logFile, start }
}

const runtimeDir = (): string => process.env['ROPEWAY_RUNTIME_DIR'] || TASK_PATHS.runtime

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`[ropeway] ${describe(error)}\n`)
    process.exitCode = LAUNCHER_EXIT.spawnFailed
  },
)
