// `launcher exec -- COMMAND`: a command beside the task's own, with the environment and folder of the user's program.
// Started by the server inside the task; the task's socket says what that environment is, and when nobody wants the
// command any more: it ends then, whatever the engine around us can or cannot do.
import { spawn } from 'node:child_process'
import { accessSync, constants as files } from 'node:fs'
import { constants } from 'node:os'
import { TASK_PATHS, TASK_ROUTES } from '../api/task-constants.ts'
import { userEnvironment } from './environment.ts'
import { EXEC_MARK, endMarked } from './exec-end.ts'
import { sayHello } from './hello.ts'
import { LauncherError } from './launcher-error.ts'
import { newMark } from './mark.ts'
import { TaskClient } from './task-client.ts'

/** As shells say it: not found, not to be run. */
const NOT_FOUND = 127
const SHELLS = ['/bin/bash', '/bin/sh', '/bin/busybox']
const HELLO_TIMEOUT_MS = 10_000
const WATCH_S = 25

const OWN_PLACES = { ROPEWAY_LAUNCHER_SOCKET: TASK_PATHS.launcherSocket }

export type ExecOptions = {
  /** Empty: the image's shell. */
  readonly command: readonly string[]
  /** Whose end ends the command; null: nobody's. */
  readonly session: string | null
  readonly own: NodeJS.ProcessEnv
  readonly socketPath: string
}

/** Runs until the command ends; its exit code, 128+n for signals. The signal ends it and all that it started. */
export async function runExec(
  { command, session, own, socketPath }: ExecOptions,
  signal: AbortSignal,
): Promise<number> {
  using client = new TaskClient(socketPath)
  const { environment, working_dir: workingDir } = await sayHello(
    client,
    () => undefined,
    AbortSignal.any([signal, AbortSignal.timeout(HELLO_TIMEOUT_MS)]),
  )
  const [program = '', ...args] = command.length > 0 ? command : shellOfImage()
  const mark = session ?? newMark()
  const env = userEnvironment(
    own,
    { TERM: 'xterm', ...environment },
    { ...OWN_PLACES, [EXEC_MARK]: mark },
    `${TASK_PATHS.runtime}/moxing`,
  )
  const cwd = workingDir ?? environment['HOME'] ?? '/'
  const child = spawn(program, args, { stdio: 'inherit', env, cwd: exists(cwd) ? cwd : '/' })
  const done = new AbortController()
  const over = session === null ? done.signal : whenOver(client, session, done.signal)
  const ending = endAtAbort(AbortSignal.any([signal, over]), done.signal, mark)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(notStarted(program, error)))
      child.once('exit', (code, name) => resolve(code ?? 128 + (name ? constants.signals[name] : 0)))
    })
  } finally {
    // What it started is ended too before we say that it is over; a command that ended by itself leaves its own.
    if (!signal.aborted && !over.aborted) done.abort()
    await ending
  }
}

/** Ends the command when `stop` aborts; resolves then, or when `done` aborts first. */
function endAtAbort(stop: AbortSignal, done: AbortSignal, mark: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      endMarked(mark).then(resolve, reject)
    }
    if (stop.aborted) return end()
    done.addEventListener('abort', () => resolve(), { once: true })
    stop.addEventListener('abort', end, { once: true })
  })
}

/** Aborts when the server says that nobody has the session, or is gone and the session with it. */
function whenOver(client: TaskClient, session: string, signal: AbortSignal): AbortSignal {
  const over = new AbortController()
  const path = `${TASK_ROUTES.exec}?session=${encodeURIComponent(session)}&wait_s=${WATCH_S}`
  const watch = async (): Promise<void> => {
    for (;;) {
      const ask = { method: 'GET', path, timeoutMs: 2 * WATCH_S * 1000, signal } as const
      const answer = await client.ask(ask).catch(() => null)
      if (signal.aborted) return
      if (answer?.status !== 204) return over.abort()
    }
  }
  void watch()
  return over.signal
}

const notStarted = (program: string, error: NodeJS.ErrnoException): LauncherError =>
  new LauncherError(
    error.code === 'EACCES' ? 126 : NOT_FOUND,
    'ExecFailed',
    error.code === 'ENOENT'
      ? `${program}: there is no such program in this image`
      : `${program}: ${error.message}`,
  )

/** Throws LauncherError when the image has none. */
function shellOfImage(): string[] {
  const shell = SHELLS.find(exists)
  if (shell === undefined)
    throw new LauncherError(
      NOT_FOUND,
      'NoShell',
      `the image has no shell (${SHELLS.join(', ')}); name a program instead`,
    )
  return shell.endsWith('busybox') ? [shell, 'sh'] : [shell]
}

function exists(path: string): boolean {
  try {
    accessSync(path, files.X_OK)
    return true
  } catch {
    return false
  }
}
