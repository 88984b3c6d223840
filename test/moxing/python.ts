// Runs Python scripts against our moxing the way a task does: the package on PYTHONPATH, the store behind a socket.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The folder that stands on a task's PYTHONPATH. */
export const MOXING = join(import.meta.dirname, '..', '..', 'container', 'moxing')
const SYSTEM_PYTHON = '/usr/bin/python3'

export type Ended = { code: number | null; stdout: string; stderr: string }

export type PythonOptions = {
  /** Added to a bare environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Sees the standard error so far whenever more of it arrives. */
  readonly onStderr?: (text: string) => void
  /** The interpreter; the system's when absent. */
  readonly interpreter?: string
  /** Runs as this user, when we are root. */
  readonly uid?: number
}

/** Every Python 3 of this machine that is at least 3.6: the system's first, then those of a version manager. */
export function pythons(): string[] {
  const others = globSync(join(homedir(), '.pyenv/versions/3.*/bin/python3')).sort()
  return [SYSTEM_PYTHON, ...others]
}

/** Runs `script` with moxing imported as `mox` and its file API as `f`. */
export async function python(script: string, options: PythonOptions = {}): Promise<Ended> {
  const prelude = 'import json, os, sys\nimport moxing as mox\nf = mox.file\n'
  return await plainPython(prelude + script, { ...options, env: { PYTHONPATH: MOXING, ...options.env } })
}

/** Runs `script` as it is. */
export async function plainPython(script: string, options: PythonOptions = {}): Promise<Ended> {
  const { env, onStderr, interpreter = SYSTEM_PYTHON, uid } = options
  const user = uid === undefined ? {} : { uid, gid: uid }
  const child = spawn(interpreter, ['-c', script], {
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    onStderr?.(stderr)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
