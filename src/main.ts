// The entry: argv, environment, streams and signals go in, an exit code comes out. Nothing else reads them.
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { AcceleratorError } from './accelerator/accelerator-error.ts'
import type { DoctorFinding, DoctorTargets, ResetResult, ResetWish, ServeFlags } from './cli/context.ts'
import { CliError } from './cli/errors.ts'
import { runCli } from './cli/program.ts'
import { ConfigError } from './config.ts'

const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type OnReload = (reload: () => void) => Disposable
type SignalName = keyof typeof SIGNAL_CODES

/** Turns signals into an aborted AbortSignal, unless a command has asked to hear of them itself. */
function catchSignals() {
  const stop = new AbortController()
  const handlers: (() => void)[] = []
  let received: SignalName | undefined
  let reload: (() => void) | undefined
  const onSignal = (name: SignalName) => {
    if (name === 'SIGHUP' && reload) return reload()
    const handler = handlers.at(-1)
    if (handler) return handler()
    received ??= name
    stop.abort(new DOMException(`interrupted by ${name}`, 'AbortError'))
  }
  for (const name of Object.keys(SIGNAL_CODES) as SignalName[]) process.on(name, () => onSignal(name))
  return {
    stop,
    received: () => received,
    /** Until disposed, SIGHUP calls `listener` and ends nothing. */
    onReload(listener: () => void): Disposable {
      reload = listener
      return {
        [Symbol.dispose]: () => {
          reload = undefined
        },
      }
    },
    onInterrupt(handler: () => void): Disposable {
      handlers.push(handler)
      return { [Symbol.dispose]: () => void handlers.splice(handlers.indexOf(handler), 1) }
    },
  }
}

/** bin/ropeway.js on an older Node starts us and waits; when it is killed, so are we: it is one program to its user. */
function endWithParent(): void {
  if (!process.channel) return
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
}

async function serve(flags: ServeFlags, signal: AbortSignal, onReload: OnReload): Promise<void> {
  // A server is small for months; under load V8 would let the space for new objects grow, and with it everything else.
  setFlagsFromString('--semi-space-growth-factor=1')
  const { runServe } = await import('./app.ts')
  try {
    await runServe({ ...flags, version: packageVersion(), env: process.env }, signal, onReload)
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof AcceleratorError)) throw error
    throw new CliError(error.message, 'See "ropeway serve --help".')
  }
}

async function doctor(targets: DoctorTargets, signal: AbortSignal): Promise<DoctorFinding[]> {
  const { examine } = await import('./doctor.ts')
  return examine(targets, signal)
}

async function resetAdministrator(wish: ResetWish): Promise<ResetResult> {
  const { resetAdministrator: reset } = await import('./wiring/reset-administrator.ts')
  return reset(wish, process.env)
}

async function exportLauncher(dir: string): Promise<void> {
  const { exportRuntime } = await import('../container/runtime.ts')
  await exportRuntime(dir, process.execPath)
}

/** Built files lie one folder deeper than sources, so the manifest is looked for upwards. */
function packageVersion(dir = import.meta.dirname): string {
  const manifest = join(dir, 'package.json')
  if (!existsSync(manifest)) return packageVersion(dirname(dir))
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

async function main(): Promise<void> {
  endWithParent()
  const { stop, received, onInterrupt, onReload } = catchSignals()
  // `ropeway job logs … | head`: nobody reads on, so there is nothing left to do and nothing to complain about.
  let abandoned = false
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      abandoned ||= error.code === 'EPIPE'
      stop.abort(error)
    })
  const argv = process.argv.slice(2)
  const code = await runCli(argv, {
    version: packageVersion(),
    env: process.env,
    homeDir: homedir(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
    onInterrupt,
    serve: (flags, signal) => serve(flags, signal, onReload),
    doctor,
    exportLauncher,
    resetAdministrator,
  })
  const by = received()
  // A server that was asked to end and ended has done its work.
  if (by && !(argv[0] === 'serve' && code === 0)) process.exitCode = SIGNAL_CODES[by]
  else process.exitCode = abandoned ? 0 : code
}

await main()
