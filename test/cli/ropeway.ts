// Runs the command line as a process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }
export type Started = { readonly child: ChildProcess; readonly ended: Promise<Ended>; stderr(): string }

/** Starts `ropeway ARGS` with nothing of this process's environment but PATH. */
export function start(
  args: readonly string[],
  env: Record<string, string> = {},
  input = '',
  node: readonly string[] = [MAIN],
): Started {
  const child = spawn(process.execPath, [...node, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
    stdio: 'pipe',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const ended = once(child, 'close').then(([code]: unknown[]) => ({
    code: code as number | null,
    stdout,
    stderr,
  }))
  return { child, ended, stderr: () => stderr }
}

/** Runs `ropeway ARGS` to its end. */
export const ropeway = (
  args: readonly string[],
  env: Record<string, string> = {},
  input = '',
): Promise<Ended> => start(args, env, input).ended
