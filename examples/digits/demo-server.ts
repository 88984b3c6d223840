// The demo's own `ropeway serve`: a child process on a folder of its own, gone when the demo is.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { sleep } from '../../src/lib/abort.ts'

export type Credentials = {
  readonly endpoint: string
  readonly object_endpoint: string
  readonly project_id: string
  readonly access_key: string
  readonly secret_key: string
}

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'ropeway.js')
/** The first start copies a Node runtime for the tasks, which takes a moment on a slow disk. */
const START_MS = 60_000
const STOP_MS = 30_000

export type DemoServerOptions = {
  /** Keep the data folder at the end. */
  readonly keep: boolean
  readonly backend: 'docker' | 'host'
  readonly signal: AbortSignal
}

export class DemoServer implements AsyncDisposable {
  readonly #folder: string
  readonly #child: ChildProcess
  readonly #keep: boolean
  credentials: Credentials

  constructor(folder: string, child: ChildProcess, keep: boolean, credentials: Credentials) {
    this.#folder = folder
    this.#child = child
    this.#keep = keep
    this.credentials = credentials
  }

  get dataDir(): string {
    return join(this.#folder, 'data')
  }

  /** For files that are needed until the demo ends. */
  get workDir(): string {
    return join(this.#folder, 'work')
  }

  /** Starts the server on free ports and resolves when it answers. Throws with the end of its log when it does not. */
  static async start({ keep, backend, signal }: DemoServerOptions): Promise<DemoServer> {
    const folder = await mkdtemp(join(tmpdir(), 'ropeway-demo-'))
    const child = spawnServer(folder, backend)
    try {
      await mkdir(join(folder, 'work'))
      return new DemoServer(folder, child, keep, await waitForCredentials(folder, child, signal))
    } catch (error) {
      await stopChild(child)
      await removeFolder(folder)
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopChild(this.#child)
    if (this.#keep) await removeFolder(this.workDir)
    else await removeFolder(this.#folder)
  }
}

function spawnServer(folder: string, backend: string): ChildProcess {
  const log = openSync(join(folder, 'serve.log'), 'a', 0o600)
  const args = ['--data', join(folder, 'data'), '--listen', '127.0.0.1:0', '--objects', '127.0.0.1:0']
  // In a session of its own, because Ctrl-C is for the demo, which still needs the server to stop the job. The fourth
  // channel carries nothing: the server ends when it closes, so it cannot outlive a demo that was killed.
  const child = spawn(
    process.execPath,
    [PROGRAM, 'serve', ...args, '--backend', backend, '--simulate', '2x4'],
    {
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    },
  )
  closeSync(log)
  return child
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

async function waitForCredentials(
  folder: string,
  child: ChildProcess,
  signal: AbortSignal,
): Promise<Credentials> {
  const deadline = performance.now() + START_MS
  for (;;) {
    try {
      return JSON.parse(await readFile(join(folder, 'data', 'credentials.json'), 'utf8')) as Credentials
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    const late = performance.now() > deadline
    if (hasEnded(child) || late) {
      const how = late
        ? `did not answer within ${START_MS / 1000} s`
        : `ended with ${child.exitCode ?? child.signalCode}`
      const log = await readFile(join(folder, 'serve.log'), 'utf8')
      throw new Error(`ropeway serve ${how}; the end of its log:\n${log.split('\n').slice(-20).join('\n')}`)
    }
    await sleep(20, signal)
  }
}

/** SIGTERM, and SIGKILL when that does not help; resolves when the process is gone. */
async function stopChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await gone
  clearTimeout(timer)
}

/** Removes a folder, but never through something that is mounted inside it. */
async function removeFolder(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
  const inside = mounts.filter((path) => path === folder || path.startsWith(`${folder}/`))
  if (inside.length > 0) throw new Error(`${inside.join(', ')} is still mounted; ${folder} was left as it is`)
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}
