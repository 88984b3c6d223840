// A real registry (Debian's docker-registry) with or without logins, in the network namespace of a test's engine.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type Docker from 'dockerode'
import { sleep } from '../../src/lib/abort.ts'
import type { DockerEngine } from './dockerd.ts'

const run = promisify(execFile)

export type TestRegistry = AsyncDisposable & {
  /** `127.0.0.1:5000`; engines trust it without TLS. */
  readonly host: string
  /** Requests it was asked so far, `GET /v2/…` each. */
  requests(): Promise<string[]>
  /** Tags a local image and pushes it. */
  push(image: string, name: string): Promise<void>
}

export type RegistryOptions = { readonly port: number; readonly login?: { user: string; password: string } }

export async function startRegistry(engine: DockerEngine, options: RegistryOptions): Promise<TestRegistry> {
  const dir = await mkdtemp(join(tmpdir(), 'rwr-'))
  const host = `127.0.0.1:${options.port}`
  const auth = options.login ? await htpasswd(dir, options.login) : {}
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } },
    http: { addr: host },
    ...auth,
  }
  // JSON is YAML.
  await writeFile(join(dir, 'config.yml'), JSON.stringify(config))
  const child = await spawnRegistry(engine, dir)
  await untilListening(engine, options.port, child)
  return {
    host,
    requests: async () =>
      [...(await readFile(join(dir, 'log'), 'utf8')).matchAll(/"((?:GET|HEAD|PUT|POST) \/v2\/\S*)/g)].map(
        (match) => match[1] ?? '',
      ),
    push: (image, name) => push(engine.docker, image, `${host}/${name}`, options.login),
    [Symbol.asyncDispose]: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await gone
      }
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function htpasswd(dir: string, { user, password }: { user: string; password: string }) {
  const { stdout } = await run('htpasswd', ['-Bbn', user, password])
  const path = join(dir, 'htpasswd')
  await writeFile(path, stdout)
  return { auth: { htpasswd: { realm: 'test', path } } }
}

async function spawnRegistry(engine: DockerEngine, dir: string): Promise<ChildProcess> {
  await using log = await open(join(dir, 'log'), 'a')
  const [command = '', ...args] = [...engine.inNetwork, 'docker-registry', 'serve', join(dir, 'config.yml')]
  return spawn(command, args, { stdio: ['ignore', log.fd, log.fd] })
}

/** The namespace's own table of listening sockets tells, without a client in there. */
async function untilListening(engine: DockerEngine, port: number, child: ChildProcess): Promise<void> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`
  const [command = '', ...args] = [...engine.inNetwork, 'cat', '/proc/self/net/tcp']
  for (const deadline = performance.now() + 20_000; ; await sleep(20)) {
    if ((await run(command, args)).stdout.includes(wanted)) return
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error('docker-registry does not listen')
  }
}

async function push(
  docker: Docker,
  image: string,
  name: string,
  login: RegistryOptions['login'],
): Promise<void> {
  const [repo = '', tag = 'latest'] = name.split(/:(?=[^/]*$)/)
  await docker.getImage(image).tag({ repo, tag })
  const authconfig = { username: login?.user ?? '', password: login?.password ?? '', serveraddress: '' }
  const stream = await docker.getImage(name).push({ authconfig })
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
  )
  await docker.getImage(name).remove()
}
