// `launcher exec -- COMMAND`: a command beside the task's own, with the environment and folder of the user's program.
// Started by the server inside the task; the task's socket says what that environment is.
import { spawn } from 'node:child_process'
import { accessSync, constants as files } from 'node:fs'
import { constants } from 'node:os'
import { TASK_PATHS } from '../api/task-constants.ts'
import { userEnvironment } from './environment.ts'
import { sayHello } from './hello.ts'
import { LauncherError } from './launcher-error.ts'
import { TaskClient } from './task-client.ts'

/** As shells say it: not found, not to be run. */
const NOT_FOUND = 127
const SHELLS = ['/bin/bash', '/bin/sh', '/bin/busybox']
const HELLO_TIMEOUT_MS = 10_000
/** What a closed terminal leaves running gets this long before it is killed. */
const GRACE_MS = 2_000

const OWN_PLACES = { ROPEWAY_LAUNCHER_SOCKET: TASK_PATHS.launcherSocket }

/** Runs until the command ends; its exit code, 128+n for signals. An empty command is the image's shell. */
export async function runExec(
  command: readonly string[],
  own: NodeJS.ProcessEnv,
  socketPath: string,
  signal: AbortSignal,
): Promise<number> {
  using client = new TaskClient(socketPath)
  const { environment, working_dir: workingDir } = await sayHello(
    client,
    () => undefined,
    AbortSignal.any([signal, AbortSignal.timeout(HELLO_TIMEOUT_MS)]),
  )
  const [program = '', ...args] = command.length > 0 ? command : shellOfImage()
  const env = userEnvironment(
    own,
    { TERM: 'xterm', ...environment },
    OWN_PLACES,
    `${TASK_PATHS.runtime}/moxing`,
  )
  const cwd = workingDir ?? environment['HOME'] ?? '/'
  const child = spawn(program, args, { stdio: 'inherit', env, cwd: exists(cwd) ? cwd : '/' })
  const onStop = (): void => {
    child.kill('SIGHUP')
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref()
  }
  signal.addEventListener('abort', onStop, { once: true })
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new LauncherError(
          error.code === 'EACCES' ? 126 : NOT_FOUND,
          'ExecFailed',
          `${program}: ${error.message}`,
        ),
      ),
    )
    child.once('exit', (code, name) => {
      signal.removeEventListener('abort', onStop)
      resolve(code ?? 128 + (name ? constants.signals[name] : 0))
    })
  })
}

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
