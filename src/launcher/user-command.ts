// The user's program: what is started for each form of command, and its life until nothing of it is left.
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { TaskCommand } from '../api/task.ts'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { makeFolder } from '../lib/make-folder.ts'
import { requireBootFile } from './code.ts'
import type { Environment } from './environment.ts'
import { pythonOf, shellOf } from './interpreter.ts'
import { LauncherError, messageOf } from './launcher-error.ts'
import { OutputPipes } from './output-pipes.ts'
import { spoolPlatform } from './platform.ts'
import { preStart } from './pre-start.ts'
import { LogFile } from './rank-logs.ts'
import { openRankPipes, ranksOfTable, runOnDevices } from './rank-run.ts'
import { runOne } from './run-one.ts'
import type { TaskContext } from './task-context.ts'

export const TASK_MARK = 'ROPEWAY_TASK_MARK'

export type UserResult = { readonly code: number; readonly firstFailedRank: number | null }

/** Runs the command to its end. Throws LauncherError when it cannot be started, and the signal's reason when stopped. */
export async function runUserCommand(given: TaskContext, signal: AbortSignal): Promise<UserResult> {
  const { command } = given.hello
  const context = command.mode === 'boot' ? await preStarted(given, command.boot_file, signal) : given
  if (command.mode === 'boot' && command.per_device) return runPerDevice(context, command, signal)
  const cwd = workingFolder(context)
  const argv = argvOf(command, context.environment, cwd)
  return { code: await runProgram(context, argv, cwd, signal), firstFailedRank: null }
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

async function preStarted(context: TaskContext, bootFile: string, signal: AbortSignal): Promise<TaskContext> {
  const { environment, log, spool, tell, hello } = context
  await using pipes = new OutputPipes(context.runtimeDir, spool.dir)
  const write = (chunk: Buffer): void => spool.append('task', chunk)
  const graceMs = hello.grace_s * 1000
  const cwd = workingFolder(context)
  const after = await preStart({ bootFile, cwd, environment, pipes, log, graceMs, write, tell }, signal)
  return { ...context, environment: after }
}

async function runPerDevice(
  context: TaskContext,
  command: Extract<TaskCommand, { mode: 'boot' }>,
  signal: AbortSignal,
): Promise<UserResult> {
  const { environment, runtimeDir, spool, log, tell, hello } = context
  const argv = argvOf(command, environment, '/')
  using sharedLog = new LogFile(hello.log_file, log.warning)
  await using pipes = openRankPipes(runtimeDir, environment)
  const options = {
    environment,
    pipes,
    prefer: 'MA_MOUNT_PATH',
    platform: spoolPlatform(spool, tell),
    log,
    sharedLog,
  } as const
  const own = await ranksOfTable(options, signal)
  return await runOnDevices(options, argv, own, signal)
}

async function runProgram(
  context: TaskContext,
  argv: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<number> {
  const { environment, spool, hello } = context
  const graceMs = hello.grace_s * 1000
  await using pipes = new OutputPipes(context.runtimeDir, spool.dir)
  const sink = { write: (chunk: Buffer) => spool.append('task', chunk), end: async () => undefined }
  const mark = `${TASK_MARK}=${environment[TASK_MARK]}`
  return await runOne({ argv, env: environment, cwd, mark, graceMs }, sink, pipes, signal)
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
