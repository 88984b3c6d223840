// Custom operators: MA_ALGORITHM_OPERATOR names a package in object storage, which is fetched and installed before the
// ranks start, as davincirun does (modelarts.md §3.4.1).
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { fetchFolder } from './code.ts'
import type { Environment } from './environment.ts'
import { shellOf } from './interpreter.ts'
import { LauncherError } from './launcher-error.ts'
import { firstWritable } from './places.ts'
import type { ObjectPort } from './ports.ts'
import { runStep, type StepOptions } from './run-one.ts'

const VARIABLE = 'MA_ALGORITHM_OPERATOR'
const VALID = '{"obs":{"obs_url":"obs://bucket/folder/"},"ide_mode":false}'

/** Null when the variable is not set. Throws LauncherError 2 when it is and says nothing we understand. */
export function operatorPackage(environment: Environment): { url: string; ideMode: boolean } | null {
  const text = environment[VARIABLE]
  if (!text) return null
  try {
    const { obs, ide_mode: ideMode } = JSON.parse(text) as { obs?: { obs_url?: unknown }; ide_mode?: unknown }
    if (typeof obs?.obs_url === 'string' && obs.obs_url !== '')
      return { url: obs.obs_url, ideMode: ideMode === true }
  } catch {
    // Said below.
  }
  throw new LauncherError(
    LAUNCHER_EXIT.usage,
    'Usage',
    `${VARIABLE}: got ${text.slice(0, 200)}; valid: ${VALID}`,
  )
}

/** With `ide_mode` CANN's log goes to the screen of whoever develops the operators. */
export const wantsSlogOnStdout = (environment: Environment): boolean =>
  /"ide_mode"\s*:\s*true/.test(environment[VARIABLE] ?? '')

/** Fetches and installs what the variable names, if it names anything. Throws LauncherError 120, and the signal's reason. */
export async function installOperators(
  options: StepOptions & { readonly objects: ObjectPort },
  signal: AbortSignal,
): Promise<void> {
  const { environment, objects, log } = options
  const wanted = operatorPackage(environment)
  if (wanted === null) return
  const parent = firstWritable([environment['TMPDIR'], '/tmp']) ?? '/tmp'
  const dir = mkdtempSync(join(parent, 'operator_info-'))
  try {
    log.info(`custom operators: ${wanted.url} is fetched`)
    const { objects: count } = await fetchFolder(objects, 'custom operators', wanted.url, dir, signal)
    const packages = readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.run'))
      .sort()
    if (packages.length === 0)
      throw failed(`none of the ${count} objects below ${wanted.url} is a .run package`)
    for (const name of packages) {
      const file = join(dir, name)
      chmodSync(file, 0o700)
      log.info(`custom operators: ${name} is installed`)
      const argv = [shellOf(environment), file]
      const code = await runStep(options, { argv, env: environment, cwd: dir }, signal)
      if (code !== 0) throw failed(`${name} ended with exit code ${code}; its output is above`)
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const failed = (what: string): LauncherError =>
  new LauncherError(LAUNCHER_EXIT.stageFailed, 'OperatorsFailed', `custom operators: ${what}`)
