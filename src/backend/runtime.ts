// How our runtime is started in a task: by its own loader, so that it runs whatever libc the image has (or none).
import { AppError } from '../api/error.ts'
import { TASK_PATHS } from '../api/task-constants.ts'

/** Loaders by Node's name of the architecture; the runtime folder carries one of them. */
const LOADERS: Readonly<Record<string, string>> = {
  x64: 'ld-linux-x86-64.so.2',
  arm64: 'ld-linux-aarch64.so.1',
}

/** The loader's file name for `arch`. Throws AppError BackendUnavailable for other machines. */
export function loaderFor(arch: string): string {
  const loader = LOADERS[arch]
  if (loader === undefined) {
    throw new AppError(
      'BackendUnavailable',
      `This machine is ${arch}; tasks run on ${Object.keys(LOADERS).join(' and ')} only`,
    )
  }
  return loader
}

/** argv that runs a program of ours with the runtime's node as the child of its tini. */
export const runtimeCommand = (loader: string, args: readonly string[]): string[] => [
  `${TASK_PATHS.runtime}/tini`,
  '--',
  ...runtimeProgram(loader, args),
]

/** What a command in a task is put behind: it gets the environment of the task's program, and ends with its session. */
export const launcherExec = (loader: string, session: string): string[] =>
  runtimeProgram(loader, [`${TASK_PATHS.runtime}/launcher.js`, 'exec', '--session', session, '--'])

/** The same beside a first process that is there already. */
export function runtimeProgram(loader: string, args: readonly string[]): string[] {
  const { runtime } = TASK_PATHS
  return [`${runtime}/lib/${loader}`, '--library-path', `${runtime}/lib`, `${runtime}/node`, ...args]
}
