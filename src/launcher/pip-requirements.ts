// `pip-requirements.txt` in the code folder of a boot file: installed before it runs (modelarts.md §3.5, 5). Wheels may lie
// beside it.
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import type { Environment } from './environment.ts'
import { pythonOf } from './interpreter.ts'
import { LauncherError } from './launcher-error.ts'
import { runStep, type StepOptions } from './run-one.ts'

const NAME = 'pip-requirements.txt'

export type RequirementsOptions = StepOptions & {
  readonly bootFile: string
  /** The folder that came from object storage; null when the image brings the code. */
  readonly codeDir: string | null
}

/** The words for pip. `MA_PIP_URL` and `MA_PIP_HOST` name a mirror, as on ModelArts. Pure. */
export function pipWords(python: string, environment: Environment): string[] {
  const { MA_PIP_URL: url, MA_PIP_HOST: host } = environment
  return [
    ...[python, '-m', 'pip', 'install', '--disable-pip-version-check', '--find-links', '.'],
    ...(url ? ['--index-url', url] : []),
    ...(host ? ['--trusted-host', host] : []),
    ...['-r', NAME],
  ]
}

/** Installs what is asked for, if anything is. Throws LauncherError 120 when pip fails, and the signal's reason. */
export async function installRequirements(options: RequirementsOptions, signal: AbortSignal): Promise<void> {
  const { bootFile, codeDir, environment, log } = options
  const folders = [codeDir, dirname(bootFile)].filter((dir) => dir !== null)
  const cwd = folders.find((dir) => statSync(join(dir, NAME), { throwIfNoEntry: false })?.isFile())
  if (cwd === undefined) return
  const argv = pipWords(pythonOf(environment, cwd), environment)
  log.info(`${NAME} is installed: ${argv.join(' ')}`)
  // A task's container is nobody's system Python: what Debian protects there is ours to change.
  const env = { PIP_BREAK_SYSTEM_PACKAGES: '1', ...environment, PWD: cwd }
  const code = await runStep(options, { argv, env, cwd }, signal)
  if (code === 0) return
  const message = `${join(cwd, NAME)}: pip ended with exit code ${code}; its output is above`
  throw new LauncherError(LAUNCHER_EXIT.stageFailed, 'RequirementsFailed', message)
}
