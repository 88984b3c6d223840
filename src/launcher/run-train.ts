// `launcher run-train CODE_URL BOOT LOG [ARGS…]`: what /home/work/run_train.sh of the Ascend images does
// (modelarts.md §3.4). Lines that people grep for keep their words.
import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { fetchCode, isObjectUrl, lastFolderOf, requireBootFile } from './code.ts'
import type { Environment } from './environment.ts'
import { pythonOf } from './interpreter.ts'
import { LauncherError } from './launcher-error.ts'
import { codeFolder } from './places.ts'
import { preStart } from './pre-start.ts'
import { type RankRunOptions, runRankJob } from './rank-run.ts'
import { methodLogFolder, methodProgram, runMethodOf } from './run-method.ts'
import { runStep } from './run-one.ts'
import type { ServiceLog } from './service-log.ts'
import { graceMsOf } from './settings.ts'
import { rateText, tellingProgress } from './transfer-progress.ts'

const DEFAULT_LOG = '/tmp/log/train.log'

export type RunTrainArguments = {
  readonly codeUrl: string
  readonly boot: string
  readonly logFile: string
  readonly args: readonly string[]
}

/** Takes the arguments apart. Throws LauncherError 2. */
export function readRunTrain(args: readonly string[]): RunTrainArguments {
  const usage =
    "usage: run_train.sh 'obs://bucket/folder/' 'folder/train.py' '/tmp/log/train.log' [--name=value …]"
  const [codeUrl, boot, logFile, ...rest] = args
  if (!codeUrl) throw new LauncherError(LAUNCHER_EXIT.usage, 'Usage', `run_train.sh: no arguments; ${usage}`)
  if (!boot)
    throw new LauncherError(
      LAUNCHER_EXIT.usage,
      'Usage',
      `run_train.sh: argument 2, the boot file, is missing; ${usage}`,
    )
  return { codeUrl, boot, logFile: logFile || DEFAULT_LOG, args: rest }
}

/** Runs to the end and returns the exit code: 0, or that of the rank that failed first. Throws LauncherError. */
export async function runTrain(
  { codeUrl, boot, logFile, args }: RunTrainArguments,
  options: RankRunOptions,
  signal: AbortSignal,
): Promise<number> {
  const { log, environment } = options
  banner(log, { app_url: codeUrl, boot_file: boot, log_url: logFile, command: [boot, ...args].join(' ') })
  const root = await bringCode(options, codeUrl, signal)
  const bootFile = bootPath(root, codeUrl, boot)
  requireBootFile(bootFile, dirname(bootFile))
  const graceMs = graceMsOf(environment)
  await using prepared = await preStart(
    { ...options, bootFile, cwd: root, graceMs, tell: options.platform.tell },
    signal,
  )
  const after = prepared.environment
  const python = pythonOf(after, root)
  const method = runMethodOf(after)
  if (method === null) {
    const argv = [python, bootFile, ...args]
    return (await runRankJob({ ...options, environment: after }, argv, signal)).code
  }
  const started = { method, environment: after, python, bootFile, args, logDir: methodLogFolder(after) }
  const { argv, env } = methodProgram(started)
  log.info(`${method} training command: ${argv.join(' ')}`)
  return await runStep({ ...options, graceMs }, { argv, env, cwd: root }, signal)
}

/** The lines that people look for first. */
export function banner(log: ServiceLog, fields: Readonly<Record<string, string>>): void {
  log.info(
    `user: uid=${process.getuid?.()} gid=${process.getgid?.()} groups=${process.getgroups?.().join(',')} name=${userName()}`,
  )
  log.info(`pwd: ${process.cwd()}`)
  for (const [name, value] of Object.entries(fields)) log.info(`${name}: ${value}`)
}

/** Read from the file itself: the C library would load the image's name service modules into our own runtime. */
function userName(): string {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
    const entry = lines.find((line) => line.split(':')[2] === String(process.getuid?.()))
    return entry?.split(':')[0] ?? ''
  } catch {
    return ''
  }
}

/** Parent of the code's folder. Throws LauncherError 120 where nothing can be written. */
export function requireCodeFolder(environment: Environment): string {
  const parent = codeFolder(environment)
  if (parent !== null) return parent
  const message = `code: uid ${process.getuid?.() ?? -1} can write no folder for it; MA_JOB_DIR names the preferred one`
  throw new LauncherError(LAUNCHER_EXIT.stageFailed, 'StageFailed', message)
}

/** Brings code, unless it is there; resolves to the folder that BOOT is relative to. Throws LauncherError 120. */
export async function bringCode(
  {
    objects,
    environment,
    log,
    platform,
  }: Pick<RankRunOptions, 'objects' | 'environment' | 'log' | 'platform'>,
  codeUrl: string,
  signal: AbortSignal,
): Promise<string> {
  if (!isObjectUrl(codeUrl)) return localCode(codeUrl)
  const parent = requireCodeFolder(environment)
  const dir = join(parent, lastFolderOf(codeUrl))
  if (environment['ROPEWAY_STAGED_CODE'] === codeUrl && isFolder(dir)) {
    log.info(`code: ${codeUrl} is already in ${dir}`)
    return parent
  }
  const startMs = performance.now()
  const { moved } = await tellingProgress({ tell: platform.tell, log }, 'code', 'code', (onProgress) =>
    fetchCode(objects, codeUrl, parent, signal, onProgress),
  )
  const tookMs = performance.now() - startMs
  log.info(
    `code: ${moved.objects} objects, ${moved.bytes} bytes of ${codeUrl} are in ${dir} after ${(tookMs / 1000).toFixed(3)} s, ${rateText(moved.bytes, tookMs)}`,
  )
  return parent
}

function localCode(path: string): string {
  const dir = resolve(path)
  if (isFolder(dir)) return dirname(dir)
  throw new LauncherError(
    LAUNCHER_EXIT.stageFailed,
    'StageFailed',
    `code: the local folder ${dir} does not exist`,
  )
}

/** BOOT begins with the last folder of the URL; a boot file given relative to the code folder itself is found too. */
function bootPath(root: string, codeUrl: string, boot: string): string {
  if (boot.startsWith('/')) return boot
  const usual = join(root, boot)
  const inside = join(root, lastFolderOf(codeUrl), boot)
  return statSync(usual, { throwIfNoEntry: false }) || !statSync(inside, { throwIfNoEntry: false })
    ? usual
    : inside
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
