// `ma-pre-start.sh` and `ma-pre-start.py` beside the boot file run before it (modelarts.md §3.5, 6): people install packages
// there and set variables for all ranks, so what the shell script exports stays.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TaskReport } from '../api/task.ts'
import type { Environment } from './environment.ts'
import { pythonOf, shellOf } from './interpreter.ts'
import { firstWritable } from './places.ts'
import { runLastingStep, STEP_MARK, type StepOptions } from './run-one.ts'

export type PreStartOptions = StepOptions & {
  readonly bootFile: string
  readonly cwd: string
  readonly tell: (report: TaskReport) => void
}

const ENV_FILE = 'ROPEWAY_PRE_START_ENV'
/** The trap runs as well when the script says `exit`. */
const SOURCE = `trap 'env -0 > "$${ENV_FILE}"' EXIT; . "$1"`
/** What every shell changes by itself, and what is ours. */
const NOT_THEIRS = ['_', 'SHLVL', 'PWD', 'OLDPWD', ENV_FILE, STEP_MARK]
/** Shells drop variables of other names; that they are missing says nothing. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** What the scripts left for what follows. Services they started in the background live until it is disposed of. */
export type PreStarted = AsyncDisposable & { readonly environment: Environment }

/**
 * Runs what is there, the shell script first. A script that fails is told of and does not keep the training from starting.
 * Throws the signal's reason.
 */
export async function preStart(options: PreStartOptions, signal: AbortSignal): Promise<PreStarted> {
  let { environment } = options
  await using services = new AsyncDisposableStack()
  for (const name of ['ma-pre-start.sh', 'ma-pre-start.py']) {
    const path = join(dirname(options.bootFile), name)
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue
    options.log.info(`${name} is run`)
    const folder = mkdtempSync(join(firstWritable([environment['TMPDIR'], '/tmp']) ?? '/tmp', 'pre-start-'))
    const envFile = join(folder, 'environment')
    try {
      const argv = name.endsWith('.sh')
        ? [shellOf(environment), '-c', SOURCE, 'ropeway', path]
        : [pythonOf(environment, options.cwd), path]
      const env = { ...environment, [ENV_FILE]: envFile }
      const ran = await runLastingStep(options, { argv, env, cwd: options.cwd }, signal)
      services.use(ran.services)
      const { code } = ran
      if (code !== 0) sayFailed(options, name, code)
      environment = merged(environment, dumpOf(envFile))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const kept = services.move()
  return { environment, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function sayFailed({ log, tell }: PreStartOptions, name: string, code: number): void {
  const message = `${name} ended with exit code ${code}; the training is started all the same`
  log.warning(message)
  tell({ kind: 'problem', level: 'Warning', reason: 'PreStartFailed', message })
}

/** Null where the script left no environment: it is Python, or the image has no `env`. */
function dumpOf(path: string): Record<string, string> | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return null
  }
  const entries = text.split('\0').filter((entry) => entry.includes('='))
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  )
}

/** What was set is set, what was unset is gone. */
export function merged(before: Environment, after: Record<string, string> | null): Environment {
  if (after === null || Object.keys(after).length === 0) return before
  const kept = Object.entries(before).filter(
    ([name]) => !SHELL_NAME.test(name) || NOT_THEIRS.includes(name) || Object.hasOwn(after, name),
  )
  const set = Object.entries(after).filter(([name]) => !NOT_THEIRS.includes(name))
  return { ...Object.fromEntries(kept), ...Object.fromEntries(set) }
}
