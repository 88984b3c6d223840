// `launcher run-train PROGRAM ARGS…`: what run_train.sh of images for CPU and GPU jobs does (modelarts.md §3.3): the code is
// fetched, then the program runs once.
import { statSync } from 'node:fs'
import { isObjectUrl } from './code.ts'
import { messageOf } from './launcher-error.ts'
import type { RankRunOptions } from './rank-run.ts'
import { runStep } from './run-one.ts'
import { banner, bringCode, requireCodeFolder } from './run-train.ts'
import { graceMsOf } from './settings.ts'

/** What that script answers when the code could not be had. */
const NO_CODE = 127

/** Does the first argument name a program, and not the folder of some code? */
export function isProgramForm([first = '']: readonly string[]): boolean {
  if (first === '' || isObjectUrl(first)) return false
  if (!first.startsWith('/') && !first.startsWith('.')) return true
  return statSync(first, { throwIfNoEntry: false })?.isFile() === true
}

/** Where that script writes the log of task `DLS_TASK_INDEX`. */
export const programLogFile = (taskIndex: string | undefined): string =>
  `/tmp/dls-task-${taskIndex && /^\d{1,6}$/.test(taskIndex) ? taskIndex : '0'}.log`

/** Runs to the end and returns the program's exit code, or 127 when its code cannot be fetched. Throws LauncherError. */
export async function runProgram(
  argv: readonly string[],
  options: RankRunOptions,
  signal: AbortSignal,
): Promise<number> {
  const { environment, log } = options
  const url = environment['DLS_APP_URL'] ?? ''
  const dir = requireCodeFolder(environment)
  const logFile = programLogFile(environment['DLS_TASK_INDEX'])
  banner(log, { app_url: url, log_url: logFile, command: argv.join(' ') })
  if (!(await hasCode(options, url, signal))) return NO_CODE
  const path = environment['PYTHONPATH']
  const env = {
    ...environment,
    PYTHONPATH: path ? `${dir}:${path}` : dir,
    PYTHONUNBUFFERED: '1',
    PWD: dir,
  }
  return await runStep({ ...options, graceMs: graceMsOf(environment) }, { argv, env, cwd: dir }, signal)
}

async function hasCode(options: RankRunOptions, url: string, signal: AbortSignal): Promise<boolean> {
  if (!isObjectUrl(url)) return true
  try {
    await bringCode(options, url, signal)
    return true
  } catch (error) {
    signal.throwIfAborted()
    options.log.error(`code: ${url} could not be fetched: ${messageOf(error)}`)
    return false
  }
}
