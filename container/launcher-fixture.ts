// For tests and benches: the runtime folder, rank tables, and launchers as real processes.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChangeSignal } from '../src/lib/signal.ts'
import { prepareRuntime } from './runtime.ts'

/** Made once per machine and kept: its name is its content. */
export async function testRuntime(): Promise<string> {
  const cacheDir = join(tmpdir(), 'ropeway-test-runtime')
  mkdirSync(cacheDir, { recursive: true })
  return (await prepareRuntime({ cacheDir, nodePath: process.execPath })).dir
}

/** A folder with a short name (socket paths end at 108 bytes), gone at the end. */
export function scratch(): { readonly dir: string; [Symbol.dispose](): void } {
  const dir = mkdtempSync(join(tmpdir(), 'rw-'))
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

export const loaderOf = (runtime: string): string =>
  join(runtime, 'lib', readdirSync(join(runtime, 'lib')).find((name) => name.startsWith('ld-')) ?? '')

/** Addresses of the card `device` of the pod at place `pod` in a table; enough for a hundred pods. */
const usualAddresses = (pod: number, device: number) => ({
  serverId: `10.0.0.${10 + pod}`,
  deviceIp: `192.168.${100 + device}.${10 + pod}`,
})

/** A complete table: pods with the physical ids of their devices. */
export function tableText(
  pods: Readonly<Record<string, readonly number[]>>,
  status = 'completed',
  addresses: typeof usualAddresses = usualAddresses,
): string {
  const instances = Object.entries(pods).map(([pod_name, ids], at) => ({
    devices: ids.map((id) => ({ device_id: String(id), device_ip: addresses(at, id).deviceIp })),
    pod_name,
    server_id: addresses(at, 0).serverId,
  }))
  const device_count = String(Object.values(pods).flat().length)
  const group = {
    device_count,
    group_name: 'g',
    instance_count: String(instances.length),
    instance_list: instances,
  }
  return JSON.stringify({ group_count: '1', group_list: [group], status })
}

/** Waits for a condition that `signal` announces; fails after 20 s with what was there. */
export async function until(
  test: () => boolean,
  signal: ChangeSignal,
  key: string,
  seen: () => string,
): Promise<void> {
  const deadlineMs = Date.now() + 20_000
  while (!test()) {
    if (Date.now() > deadlineMs) throw new Error(`not seen in 20 s; there is: ${seen()}`)
    await signal.wait(key, 200)
  }
}

export type Ended = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
}

/** A launcher that runs. `output` is its own stdout and stderr. */
export class TestProcess implements AsyncDisposable {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  output = ''
  readonly changed = new ChangeSignal()

  constructor(argv: readonly string[], env: Readonly<Record<string, string>>, cwd?: string, uid?: number) {
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe']
    this.child = spawn(argv[0]!, argv.slice(1), { env, cwd, stdio, ...(uid === undefined ? {} : { uid }) })
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString()
        this.changed.notify('output')
      })
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal, output: this.output }))
  }

  async saw(pattern: RegExp): Promise<void> {
    await until(
      () => pattern.test(this.output),
      this.changed,
      'output',
      () => this.output.slice(-2000),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // SIGTERM first: a launcher that is killed cannot end what it started.
    const late = setTimeout(() => this.child.kill('SIGKILL'), 5_000)
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM')
    await this.ended
    clearTimeout(late)
  }
}

export const PATH = '/usr/local/bin:/usr/bin:/bin'

/** `launcher task` as PID 1 of a task would start it, without the container; only root can give it another `uid`. */
export function startTask(
  runtime: string,
  dir: string,
  env: Readonly<Record<string, string>> = {},
  uid?: number,
): TestProcess {
  const argv = [
    loaderOf(runtime),
    '--library-path',
    join(runtime, 'lib'),
    join(runtime, 'node'),
    join(runtime, 'launcher.js'),
    'task',
  ]
  const paths = {
    ROPEWAY_TASK_SOCKET: join(dir, 'task.sock'),
    ROPEWAY_SPOOL: join(dir, 'spool'),
    ROPEWAY_RUNTIME_DIR: runtime,
  }
  return new TestProcess(argv, { PATH, HOME: dir, ...paths, ...env }, undefined, uid)
}

/** True while a process lives; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !'ZX'.includes(stat.charAt(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}
