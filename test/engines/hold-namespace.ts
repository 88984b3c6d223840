// A network namespace of the tests' own.
import { type ChildProcess, spawn } from 'node:child_process'

/** A process that does nothing but keep a new network namespace alive. */
export async function holdNamespace(): Promise<ChildProcess & { pid: number }> {
  const child = spawn('unshare', ['--net', '--', '/bin/sh', '-c', 'echo up; exec sleep infinity'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`no network namespace: unshare ended with ${code}`)))
  })
  child.stdout.destroy()
  child.unref()
  return child as ChildProcess & { pid: number }
}
