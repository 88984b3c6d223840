// Which program runs a boot file or a shell command (decisions.md 1.9).
import type { Environment } from './environment.ts'
import { LauncherError } from './launcher-error.ts'
import { lookUp } from './spawn.ts'

/** `MA_SCRIPT_INTERPRETER`, else python, else python3 on PATH. Throws LauncherError 127. */
export function pythonOf(environment: Environment, cwd: string): string {
  const asked = environment['MA_SCRIPT_INTERPRETER']
  if (asked) return asked
  const found = ['python', 'python3'].find((name) => lookUp(name, environment, cwd) !== null)
  if (found) return found
  const advice = 'use an image with python, or set MA_SCRIPT_INTERPRETER to the interpreter in it'
  throw new LauncherError(
    127,
    'CommandNotFound',
    `command not found: neither python nor python3 is in PATH (${environment['PATH'] ?? ''}); ${advice}`,
  )
}

/** The image's /bin/bash, else /bin/sh. Throws LauncherError 127. */
export function shellOf(environment: Environment): string {
  const shell = ['bash', 'sh'].find((name) => lookUp(name, { PATH: '/bin' }, '/') !== null)
  if (shell) return `/bin/${shell}`
  const where = lookUp('sh', environment, '/')
  if (where) return where
  throw new LauncherError(
    127,
    'CommandNotFound',
    'the command needs a shell, but the image has neither /bin/bash nor /bin/sh; write it without shell characters (one program and its arguments)',
  )
}
