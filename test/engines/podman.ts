// A Podman service of the tests' own behind the same kind of socket as dockerd: own storage, own networks, own network
// namespace. Podman keeps no daemon: `stop` and `start` only end and begin the service, containers live on.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Docker from 'dockerode'
import { holdNamespace } from './hold-namespace.ts'
import { untilAnswering } from './until-answering.ts'

const run = promisify(execFile)

export type PodmanEngine = AsyncDisposable & {
  readonly docker: Docker
  readonly socket: string
  readonly dir: string
  readonly host: string
  stop(): Promise<void>
  start(): Promise<void>
}

const PODMAN = '/usr/bin/podman'

/** runc, because crun refuses mixed cgroup versions; limits that a process without CAP_SYS_RESOURCE may set. */
const CONTAINERS_CONF = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[engine.runtimes]
runc = ["/usr/sbin/runc"]
[network]
network_backend = "netavark"
`

/** Starts a service. Needs root, `podman` and `runc`. */
export async function startPodmanEngine(): Promise<PodmanEngine> {
  await stat(PODMAN).catch(() => {
    throw new Error(`${PODMAN} is missing; apt-get install podman runc netavark`)
  })
  const dir = await mkdtemp(join(tmpdir(), 'rwp-'))
  const namespace = await holdNamespace()
  const inNetwork = [`--net=/proc/${namespace.pid}/ns/net`, '--']
  await run('nsenter', [...inNetwork, 'ip', 'link', 'set', 'lo', 'up'])
  await writeFile(join(dir, 'containers.conf'), CONTAINERS_CONF)
  for (const name of ['root', 'run', 'tmp', 'net']) await mkdir(join(dir, name))
  const socket = join(dir, 'podman.sock')
  const docker = new Docker({ socketPath: socket })
  const env = { ...process.env, CONTAINERS_CONF: join(dir, 'containers.conf') }
  const args = [
    ...['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--tmpdir', join(dir, 'tmp')],
    ...['--network-config-dir', join(dir, 'net')],
  ]
  let service: ChildProcess | null = null
  const start = async (): Promise<void> => {
    await rm(socket, { force: true })
    await using log = await open(join(dir, 'log'), 'a')
    service = spawn(
      'nsenter',
      [...inNetwork, PODMAN, ...args, 'system', 'service', '--time', '0', `unix://${socket}`],
      {
        env,
        stdio: ['ignore', log.fd, log.fd],
      },
    )
    await untilAnswering(docker, service, join(dir, 'log'))
  }
  const stop = async (): Promise<void> => {
    if (service === null || service.exitCode !== null || service.signalCode !== null) return
    const gone = new Promise<void>((resolve) => service?.once('exit', () => resolve()))
    service.kill('SIGTERM')
    await gone
  }
  await start()
  return {
    docker,
    socket,
    dir,
    host: `unix://${socket}`,
    start,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
      await run('nsenter', [...inNetwork, PODMAN, ...args, 'rm', '--all', '--force', '--time', '0'], {
        env,
      }).catch(() => undefined)
      namespace.kill('SIGKILL')
      const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
        .split('\n')
        .map((line) => line.split(' ')[4] ?? '')
        .filter((path) => path.startsWith(`${dir}/`))
      for (const path of mounts.toReversed()) await run('umount', ['-l', path]).catch(() => undefined)
      await rm(dir, { recursive: true, force: true })
    },
  }
}
