// Runs Python scripts against our moxing the way a task does: the package on PYTHONPATH, the store behind a socket.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** The folder that stands on a task's PYTHONPATH. */
export const MOXING = join(import.meta.dirname, '..', '..', 'container', 'moxing')

export type Ended = { code: number | null; stdout: string; stderr: string }

/**
 * Runs `script` with moxing imported as `mox` and its file API as `f`; `env` is added to a bare environment.
 * `onStderr` sees the standard error so far whenever more of it arrives.
 */
export async function python(
  script: string,
  env: Record<string, string> = {},
  onStderr?: (text: string) => void,
): Promise<Ended> {
  const prelude = 'import json, os, sys\nimport moxing as mox\nf = mox.file\n'
  return await plainPython(prelude + script, { PYTHONPATH: MOXING, ...env }, onStderr)
}

/** Runs `script` as it is. */
export async function plainPython(
  script: string,
  env: Record<string, string>,
  onStderr?: (text: string) => void,
): Promise<Ended> {
  const child = spawn('/usr/bin/python3', ['-c', script], {
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
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
