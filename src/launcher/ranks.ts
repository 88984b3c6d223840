// `launcher ranks [--processes N] [--log FILE] -- COMMAND…`: one process per device for any command.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { LauncherError } from './launcher-error.ts'
import { devicesWithoutTable } from './rank-plan.ts'
import { type OwnRanks, type RankRunOptions, ranksOfTable, runRankJob } from './rank-run.ts'
import { tablePath } from './rank-table-file.ts'
import { findProgram } from './spawn.ts'

/** Where the lines of all ranks go beside the job's log, as with run_train.sh. */
const DEFAULT_LOG = '/tmp/log/train.log'

export type RanksArguments = {
  readonly processes: number | null
  readonly logFile: string
  readonly command: readonly string[]
}

/** Takes the arguments apart. Throws LauncherError 2. */
export function readRanks(args: readonly string[]): RanksArguments {
  const usage = 'usage: launcher ranks [--processes N] [--log FILE] -- COMMAND…'
  const split = args.indexOf('--')
  const own = split < 0 ? [] : args.slice(0, split)
  const command = split < 0 ? args : args.slice(split + 1)
  if (command.length === 0)
    throw new LauncherError(LAUNCHER_EXIT.usage, 'Usage', `ranks: no command; ${usage}`)
  if (split < 0 && command[0]?.startsWith('-'))
    throw new LauncherError(LAUNCHER_EXIT.usage, 'Usage', `ranks: got ${command[0]} and no --; ${usage}`)
  const words = own.flatMap((word) => /^(--(?:processes|log))=(.*)$/s.exec(word)?.slice(1) ?? [word])
  const given = new Map<string, string>()
  for (let at = 0; at < words.length; at += 2) given.set(words[at] ?? '', words[at + 1] ?? '')
  const { '--processes': processes, '--log': log, ...others } = Object.fromEntries(given)
  const isCount = processes === undefined || /^[1-9]\d{0,3}$/.test(processes)
  if (!isCount || log === '' || Object.keys(others).length > 0 || given.size * 2 !== words.length)
    throw new LauncherError(
      LAUNCHER_EXIT.usage,
      'Usage',
      `ranks: got ${own.join(' ')}; valid: --processes with a number from 1 to 9999, --log with a file; ${usage}`,
    )
  return {
    processes: processes === undefined ? null : Number(processes),
    logFile: log ?? DEFAULT_LOG,
    command,
  }
}

/** Runs to the end and returns the exit code. Throws LauncherError. */
export async function runRanksCommand(
  { processes, command }: RanksArguments,
  options: RankRunOptions,
  signal: AbortSignal,
): Promise<number> {
  const { environment } = options
  const cwd = process.cwd()
  const argv = absoluteScript(command, cwd)
  findProgram(argv[0] ?? '', { env: environment, cwd })
  const { code } = await runRankJob(options, argv, signal, (given, until) =>
    ownRanks(processes, given, until),
  )
  return code
}

/** Without a table there are as many local processes as asked for, numbered through all tasks. */
async function ownRanks(
  processes: number | null,
  options: RankRunOptions,
  signal: AbortSignal,
): Promise<OwnRanks> {
  const { environment } = options
  const { path, isSet } = tablePath(environment)
  if (isSet || processes === null || existsSync(path)) return ofTable(processes, options, signal)
  const taskIndex =
    Number(
      environment['VC_TASK_INDEX'] ?? environment['VK_TASK_INDEX'] ?? environment['DLS_TASK_INDEX'] ?? 0,
    ) || 0
  const tasks = Number(environment['MA_NUM_HOSTS'] ?? environment['DLS_TASK_NUMBER'] ?? 1) || 1
  const devices = devicesWithoutTable(processes, taskIndex)
  return { devices, rankSize: processes * tasks, tableFile: null, source: null }
}

async function ofTable(
  processes: number | null,
  options: RankRunOptions,
  signal: AbortSignal,
): Promise<OwnRanks> {
  const own = await ranksOfTable(options, signal)
  if (processes === null || own.devices.length === processes) return own
  throw new LauncherError(
    LAUNCHER_EXIT.usage,
    'Usage',
    `ranks: --processes: got ${processes}; valid: ${own.devices.length}, the devices the rank table gives this task`,
  )
}

/** Each process has a working folder of its own, so a program or script given relative to ours is made absolute. */
export function absoluteScript(command: readonly string[], cwd: string): string[] {
  const script = command.findIndex((word, index) => index > 0 && !word.startsWith('-'))
  const isPath = (word: string, index: number) =>
    (index === 0 && word.includes('/')) || (index === script && existsSync(resolve(cwd, word)))
  return command.map((word, index) => (isPath(word, index) ? resolve(cwd, word) : word))
}
