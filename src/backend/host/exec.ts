// A command in a running task of the host backend: nsenter into the sandbox's namespaces, in the task's cgroups and as
// its user, with the same privileges dropped. A terminal is made in the sandbox by a few lines of Python.
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants as files } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { AppError } from '../../api/error.ts'
import { TASK_PATHS } from '../../api/task-constants.ts'
import type { ExecRequest, ExecSession, TerminalSize } from '../../job/ports.ts'
import { sleep } from '../../lib/abort.ts'
import { endFamily } from '../end-family.ts'
import { childrenOf, statOf } from '../process.ts'
import { launcherExec } from '../runtime.ts'
import { endOnce, taskEnded } from '../session-end.ts'
import { writeTo } from '../write-to.ts'
import { mergeOutput } from './exec-output.ts'
import type { HostMachine } from './machine.ts'
import { commandPrefix } from './plan.ts'
import { readRecord } from './record.ts'

/** "$1" groups follow, then the command: written before it is entered, so that nothing runs outside the task's limits. */
const ENTER =
  'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 >"$1" || exit 125; shift; n=$((n-1)); done; exec "$@"'
const PYTHON = '/usr/bin/python3'
const LOOK_MS = 20
/** A sandbox killed with its commands is seen as ended a little after them. */
const TASK_END_MS = 500
const KILLED = 137

/**
 * Throws AppError JobStatusChanged when the task does not run, NotSupported for a terminal on a machine without Python.
 * The signal ends the session.
 */
export async function execInTask(
  machine: HostMachine,
  folder: string,
  jobId: string,
  request: ExecRequest,
  signal: AbortSignal,
): Promise<ExecSession> {
  signal.throwIfAborted()
  const record = await readRecord(folder)
  const plan = record.plan?.jobId === jobId ? record.plan : null
  if (plan === null || !record.initAlive || record.info === null)
    throw new AppError('JobStatusChanged', 'the task does not run; valid: a task that is running')
  const { limits } = plan.request
  const groups = limits.cgroups.map(({ path }) => join(path, 'cgroup.procs'))
  const namespaces = [
    '--mount',
    '--pid',
    '--uts',
    '--ipc',
    ...(machine.isRoot ? [] : ['--user', '--preserve-credentials']),
  ]
  const { terminal } = request
  const [command = '', ...args] = [
    ...['/bin/sh', '-c', ENTER, 'sh', String(groups.length), ...groups],
    ...['/usr/bin/nsenter', '--target', String(record.info.initPid), ...namespaces, '--'],
    ...commandPrefix(machine, plan.request),
    ...(terminal === null ? [] : terminalProgram(terminal)),
    ...launcherExec(machine.loader, request.session),
    ...request.command,
  ]
  const child = spawn(command, args, {
    cwd: '/',
    detached: true,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'pipe', terminal === null ? 'ignore' : 'pipe'],
  })
  const isTaskOver = async () => !(await readRecord(folder)).initAlive
  return sessionOf(child, isTaskOver, signal)
}

function terminalProgram({ columns, rows }: TerminalSize): string[] {
  try {
    accessSync(PYTHON, files.X_OK)
  } catch (cause) {
    throw new AppError(
      'NotSupported',
      `columns, rows: a terminal on the host backend needs ${PYTHON} on the server's machine; valid: none (--no-tty)`,
      { cause },
    )
  }
  return [PYTHON, '-I', `${TASK_PATHS.runtime}/pty.py`, String(columns), String(rows)]
}

function sessionOf(
  child: ChildProcess,
  isTaskOver: () => Promise<boolean>,
  signal: AbortSignal,
): ExecSession {
  const closed = new Promise<number>((resolve) => {
    child.once('error', () => resolve(126))
    child.once('close', (code, name) => resolve(code ?? 128 + (name ? constants.signals[name] : 0)))
  })
  const exitCode = closed.then((code) => explained(code, isTaskOver))
  exitCode.catch(() => undefined)
  const stdin = child.stdin as Writable
  const sizes = child.stdio[3] as Writable | null
  for (const stream of [stdin, sizes]) stream?.on('error', () => undefined)
  const ending = endOnce(() => endChild(child), signal)
  return {
    output: mergeOutput(child.stdout as Readable, child.stderr as Readable),
    write: (bytes) => writeTo(stdin, bytes),
    end: () => void stdin.end(),
    resize: async ({ columns, rows }) => void sizes?.write(`${columns} ${rows}\n`),
    exitCode,
    [Symbol.asyncDispose]: () => ending[Symbol.asyncDispose](),
  }
}

/** The end of a task kills what runs in it. Throws AppError JobStatusChanged when that is what happened. */
async function explained(code: number, isTaskOver: () => Promise<boolean>): Promise<number> {
  const deadline = performance.now() + TASK_END_MS
  for (; code === KILLED && performance.now() < deadline; await sleep(LOOK_MS))
    if (await isTaskOver()) throw taskEnded()
  return code
}

/** nsenter stays outside and would go at the first signal: what it waits for is told instead. */
async function endChild(child: ChildProcess): Promise<void> {
  const { pid } = child
  const isOver = (): boolean => pid === undefined || child.exitCode !== null || child.signalCode !== null
  if (pid === undefined || isOver()) return
  const inside = childrenOf([pid]).filter((one) => statOf(one)?.parent === pid)
  // Nothing is inside yet: there is nobody to ask.
  if (inside.length === 0) return void child.kill('SIGKILL')
  await endFamily(pid, inside, isOver)
}
