// `launcher run-train PROGRAM ARGS…`: what run_train.sh of images for CPU and GPU jobs does (modelarts.md §3.3): the code is
// fetched, then the program runs once.
import { randomUUID } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { fetchCode, isObjectUrl, lastFolderOf } from './code.ts'
import { LauncherError, messageOf } from './launcher-error.ts'
import { codeFolder } from './places.ts'
import type { ObjectPort } from './ports.ts'
import { graceMsOf, type RankRunOptions } from './rank-run.ts'
import { runOne } from './run-one.ts'
import { banner } from './run-train.ts'

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

export type RunProgramOptions = RankRunOptions & {
  readonly objects: ObjectPort
  readonly print: (bytes: Uint8Array) => void
}

/** Runs to the end and returns the program's exit code, or 127 when its code cannot be fetched. Throws LauncherError. */
export async function runProgram(
  argv: readonly string[],
  options: RunProgramOptions,
  signal: AbortSignal,
): Promise<number> {
  const { environment, log, pipes, sharedLog, print } = options
  const url = environment['DLS_APP_URL'] ?? ''
  const dir = codeFolder(environment)
  if (dir === null)
    throw new LauncherError(
      LAUNCHER_EXIT.stageFailed,
      'StageFailed',
      `code: uid ${process.getuid?.() ?? -1} can write no folder for it; MA_JOB_DIR names the preferred one`,
    )
  banner(log, {
    app_url: url,
    log_url: programLogFile(environment['DLS_TASK_INDEX']),
    command: argv.join(' '),
  })
  if (!(await bringCode(options, url, dir, signal))) return NO_CODE
  const mark = `ROPEWAY_RANK_GROUP=${randomUUID()}`
  const [name = '', value = ''] = mark.split('=')
  const path = environment['PYTHONPATH']
  const env = {
    ...environment,
    PYTHONPATH: path ? `${dir}:${path}` : dir,
    PYTHONUNBUFFERED: '1',
    PWD: dir,
    [name]: value,
  }
  const sink = {
    write: (chunk: Buffer): void => {
      sharedLog.write(chunk)
      print(chunk)
    },
    end: async () => undefined,
  }
  return await runOne({ argv, env, cwd: dir, mark, graceMs: graceMsOf(environment) }, sink, pipes, signal)
}

async function bringCode(
  { objects, environment, log }: RunProgramOptions,
  url: string,
  dir: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (!isObjectUrl(url)) return true
  const place = join(dir, lastFolderOf(url))
  if (environment['ROPEWAY_STAGED_CODE'] === url) {
    log.info(`code: ${url} is already in ${place}`)
    return true
  }
  try {
    mkdirSync(dir, { recursive: true })
    const { moved } = await fetchCode(objects, url, dir, signal)
    log.info(`code: ${moved.objects} objects, ${moved.bytes} bytes of ${url} are in ${place}`)
    return true
  } catch (error) {
    signal.throwIfAborted()
    log.error(`code: ${url} could not be fetched: ${messageOf(error)}`)
    return false
  }
}
