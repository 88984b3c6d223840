// A dockerd of the tests' own, in a network namespace of its own: it meets no engine of the machine and leaves no bridge,
// rule or route behind. It is a child process, waited for; its folder goes with it.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import { sleep } from '../../src/lib/abort.ts'
import { holdNamespace } from './hold-namespace.ts'
import { untilAnswering } from './until-answering.ts'

const run = promisify(execFile)

export type DockerEngine = AsyncDisposable & {
  readonly docker: Docker
  readonly socket: string
  readonly dir: string
  /** `unix://…`, as DOCKER_HOST wants it. */
  readonly host: string
  /** argv prefix that runs a program in the engine's network namespace (a registry, say). */
  readonly inNetwork: readonly string[]
  /** Ends the daemon by a signal and waits until it is gone; containers live on with live-restore. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  start(): Promise<void>
  /** Lets the daemon hang, with its socket open, and go on. */
  freeze(): void
  thaw(): void
}

export type DockerEngineOptions = {
  readonly liveRestore?: boolean
  /** Size of a disk of its own for images and containers, as tmpfs takes it. */
  readonly diskSize?: string
  /** Given to dockerd as they are, `--insecure-registry` for one. */
  readonly args?: readonly string[]
}

const DAEMON = '/usr/sbin/dockerd'

/** Starts a daemon. Needs root, `docker.io` and `iptables`. */
export async function startDockerEngine(options: DockerEngineOptions = {}): Promise<DockerEngine> {
  await stat(DAEMON).catch(() => {
    throw new Error(`${DAEMON} is missing; apt-get install docker.io iptables`)
  })
  const dir = await mkdtemp(join(tmpdir(), 'rwd-'))
  if (options.diskSize !== undefined) {
    await mkdir(join(dir, 'data'))
    await run('mount', ['-t', 'tmpfs', '-o', `size=${options.diskSize}`, 'tmpfs', join(dir, 'data')])
  }
  const namespace = await holdNamespace()
  const inNetwork = ['nsenter', `--net=/proc/${namespace.pid}/ns/net`, '--']
  await run('nsenter', [...inNetwork.slice(1), 'ip', 'link', 'set', 'lo', 'up'])
  const socket = join(dir, 'docker.sock')
  const docker = new Docker({ socketPath: socket })
  let daemon: ChildProcess | null = null
  const start = async (): Promise<void> => {
    // Left by a daemon that was killed: a new one would take a stranger with that pid for its own.
    await rm(join(dir, 'docker.pid'), { force: true })
    await rm(join(dir, 'exec/containerd/containerd.pid'), { force: true })
    daemon = await startDaemon(dir, inNetwork, options)
    await untilAnswering(docker, daemon, join(dir, 'log'))
  }
  const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (daemon === null || daemon.exitCode !== null || daemon.signalCode !== null) return
    const gone = new Promise<void>((resolve) => daemon?.once('exit', () => resolve()))
    daemon.kill(signal)
    await gone
    if (signal === 'SIGKILL') await endPid(join(dir, 'exec/containerd/containerd.pid'))
  }
  await start()
  return {
    docker,
    socket,
    dir,
    host: `unix://${socket}`,
    inNetwork,
    start,
    stop,
    freeze: () => void daemon?.kill('SIGSTOP'),
    thaw: () => void daemon?.kill('SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      if (daemon?.exitCode !== null || daemon.signalCode !== null) await start()
      for (const { Id } of await docker.listContainers({ all: true }))
        await docker
          .getContainer(Id)
          .remove({ force: true, v: true })
          .catch(() => undefined)
      await stop('SIGTERM')
      namespace.kill('SIGKILL')
      await unmountBelow(dir)
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function startDaemon(
  dir: string,
  inNetwork: readonly string[],
  options: DockerEngineOptions,
): Promise<ChildProcess> {
  await using log = await open(join(dir, 'log'), 'a')
  const [command = '', ...args] = [
    ...inNetwork,
    DAEMON,
    ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '-p', join(dir, 'docker.pid')],
    ...['-H', `unix://${join(dir, 'docker.sock')}`, '--containerd-namespace', 'ropeway-test'],
    ...(options.liveRestore === false ? [] : ['--live-restore']),
    ...(options.args ?? []),
  ]
  // runc leaves a file named oom in the folder it runs in.
  return spawn(command, args, { cwd: dir, stdio: ['ignore', log.fd, log.fd] })
}

/** Ends the process of a pid file and waits for it. */
async function endPid(path: string): Promise<void> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''))
  if (!(pid > 1)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    return
  }
  for (;;) {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    if (text === '' || /\) [ZX] /.test(text)) return
    await sleep(10)
  }
}

/** What a killed daemon left mounted, innermost first. */
async function unmountBelow(dir: string): Promise<void> {
  const text = await readFile('/proc/self/mountinfo', 'utf8')
  const paths = text
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${dir}/`))
  for (const path of paths.toReversed()) await run('umount', ['-l', path]).catch(() => undefined)
}
