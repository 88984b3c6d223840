// The user's program: what is started for each form of command, and its life until nothing of it is left.
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TaskCommand } from '../api/task.ts'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { makeFolder } from '../lib/make-folder.ts'
import { lastFolderOf, requireBootFile } from './code.ts'
import type { Environment } from './environment.ts'
import { pythonOf, shellOf } from './interpreter.ts'
import { LauncherError, messageOf } from './launcher-error.ts'
import { OutputPipes } from './output-pipes.ts'
import { installRequirements } from './pip-requirements.ts'
import { spoolPlatform } from './platform.ts'
import { type PreStarted, preStart } from './pre-start.ts'
import { LogFile } from './rank-logs.ts'
import { openRankPipes, runRankJob } from './rank-run.ts'
import { methodLogFolder, methodProgram, runMethodOf } from './run-method.ts'
import { runOne } from './run-one.ts'
import { logFileBytes } from './settings.ts'
import type { Program } from './spawn.ts'
import type { TaskContext } from './task-context.ts'

export const TASK_MARK = 'ROPEWAY_TASK_MARK'

type BootCommand = Extract<TaskCommand, { mode: 'boot' }>

export type UserResult = { readonly code: number; readonly firstFailedRank: number | null }

/** Runs the command to its end. Throws LauncherError when it cannot be started, and the signal's reason when stopped. */
export async function runUserCommand(given: TaskContext, signal: AbortSignal): Promise<UserResult> {
  const { command } = given.hello
  if (command.mode === 'boot') {
    await using ready = await prepared(given, command, signal)
    return await runBootFile({ ...given, environment: ready.environment }, command, signal)
  }
  const { environment } = given
  const cwd = workingFolder(given)
  const program = { argv: argvOf(command, environment, cwd), env: environment, cwd }
  return { code: await runProgram(given, program, signal), firstFailedRank: null }
}

async function runBootFile(
  context: TaskContext,
  command: BootCommand,
  signal: AbortSignal,
): Promise<UserResult> {
  const { environment } = context
  const cwd = workingFolder(context)
  const argv = argvOf(command, environment, cwd)
  const method = runMethodOf(environment)
  if (method === null && command.per_device) return runPerDevice(context, argv, signal)
  if (method === null)
    return { code: await runProgram(context, { argv, env: environment, cwd }, signal), firstFailedRank: null }
  const [python = ''] = argv
  const logDir = methodLogFolder(environment)
  const { boot_file: bootFile, args } = command
  const program = methodProgram({ method, environment, python, bootFile, args, logDir })
  context.log.info(`${method} training command: ${program.argv.join(' ')}`)
  return { code: await runProgram(context, { ...program, cwd }, signal), firstFailedRank: null }
}

/** The words that are executed. Parameters stay words of their own: no shell ever reads them. */
export function argvOf(command: TaskCommand, environment: Environment, cwd: string): string[] {
  switch (command.mode) {
    case 'exec':
      return [...command.argv]
    case 'shell':
      // Without parameters nothing is appended, so that commands may end in `done`, `fi` or `;`.
      return command.args.length === 0
        ? [shellOf(environment), '-c', command.command, 'ropeway']
        : [shellOf(environment), '-c', `${command.command} "$@"`, 'ropeway', ...command.args]
    case 'boot':
      requireBootFile(command.boot_file, dirname(command.boot_file))
      return [pythonOf(environment, cwd), command.boot_file, ...command.args]
  }
}

/** The steps before a boot file: what it needs is installed, then the user's own preparation runs. */
async function prepared(
  context: TaskContext,
  { boot_file: bootFile }: BootCommand,
  signal: AbortSignal,
): Promise<PreStarted> {
  const { environment, log, spool, tell, hello } = context
  await using pipes = new OutputPipes(context.runtimeDir, spool.dir)
  const write = (chunk: Buffer): void => spool.append('task', chunk)
  const step = { bootFile, environment, pipes, log, graceMs: hello.grace_s * 1000, write }
  const { code } = hello
  const codeDir = code === null ? null : join(code.local_dir, lastFolderOf(code.url))
  await installRequirements({ ...step, codeDir }, signal)
  return await preStart({ ...step, cwd: workingFolder(context), tell }, signal)
}

async function runPerDevice(
  context: TaskContext,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<UserResult> {
  const { environment, runtimeDir, spool, log, tell, hello, objects } = context
  using sharedLog = new LogFile(hello.log_file, logFileBytes(environment), log.warning)
  await using pipes = openRankPipes(runtimeDir, environment)
  const platform = spoolPlatform(spool, tell)
  const write = (chunk: Buffer): void => spool.append('task', chunk)
  const options = { environment, pipes, platform, log, sharedLog, objects, write } as const
  return await runRankJob({ ...options, prefer: 'MA_MOUNT_PATH' }, argv, signal)
}

async function runProgram(context: TaskContext, program: Program, signal: AbortSignal): Promise<number> {
  const { environment, spool, hello, log } = context
  const graceMs = hello.grace_s * 1000
  await using pipes = new OutputPipes(context.runtimeDir, spool.dir)
  const sink = { write: (chunk: Buffer) => spool.append('task', chunk), end: async () => undefined }
  const mark = `${TASK_MARK}=${environment[TASK_MARK]}`
  return await runOne({ ...program, mark, graceMs, log }, sink, pipes, signal)
}

/** `working_dir`, made if need be; else the home of the generation, else the root. */
function workingFolder({ hello, environment }: TaskContext): string {
  if (hello.working_dir !== null) {
    try {
      makeFolder(hello.working_dir)
      return hello.working_dir
    } catch (error) {
      const message = `working_dir: ${hello.working_dir} cannot be made by uid ${process.getuid?.() ?? -1}: ${messageOf(error)}`
      throw new LauncherError(LAUNCHER_EXIT.stageFailed, 'WorkingDirNotUsable', message)
    }
  }
  const homes = [environment['HOME'], hello.generation === 1 ? '/home/work' : '/home/ma-user']
  return homes.find((home) => home && statSync(home, { throwIfNoEntry: false })?.isDirectory()) ?? '/'
}
