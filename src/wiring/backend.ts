// Chooses and opens the backend.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { prepareRuntime } from '../../container/runtime.ts'
import type { Placement } from '../accelerator/device.ts'
import type { DeviceWiring } from '../accelerator/device-wiring.ts'
import type { DockerBackendOptions } from '../backend/docker/backend.ts'
import type { Engine } from '../backend/docker/engine.ts'
import { createFakeBackend } from '../backend/fake/backend.ts'
import { createHostBackend } from '../backend/host/backend.ts'
import { type Config, ConfigError } from '../config.ts'
import type { Backend } from '../job/ports.ts'
import type { Site } from '../job/site.ts'
import { sleep } from '../lib/abort.ts'
import type { Clock } from '../lib/clock.ts'
import type { LogStore } from '../log/log-store.ts'
import type { Logger } from '../logger.ts'

const TOOL_DIRS = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin']

export type BackendParts = {
  readonly clock: Clock
  readonly logs: LogStore
  /** What a task gets of its host's devices, with a container engine that knows these runtimes. */
  readonly wiring: (placement: Placement, runtimes: readonly string[]) => DeviceWiring
  readonly site: Site
  readonly serveId: string
  readonly logger: Logger
  /** Jobs that are not finished and have their tasks on a container engine: it is waited for. */
  readonly jobsOnEngine: number
  readonly signal: AbortSignal
  /** The login of a project for the registry of an image; none when left out. */
  readonly credentials?: DockerBackendOptions['credentials']
}

const DEFAULT_SOCKET = '/var/run/docker.sock'
const ENGINE_PATIENCE_MS = 120_000
const ENGINE_PAUSE_MS = 500

/** A backend with what else of the server uses the same things. */
export type OpenedBackend = {
  readonly backend: Backend & AsyncDisposable
  /** null for a backend without images. */
  readonly engine: Engine | null
  /** The runtime folder that new tasks get; null where none is used. */
  readonly runtimeDir: string | null
}

/** Throws ConfigError when this machine lacks what the backend needs, naming the Debian package. */
export async function openBackend(config: Config, parts: BackendParts): Promise<OpenedBackend> {
  switch (config.backend) {
    case 'docker':
      return openDocker(config, parts, engineSocket(config, parts.site))
    case 'fake':
      return { engine: null, runtimeDir: null, backend: await openFake(config, parts) }
    case 'host':
      return openHost(config, parts)
    case 'auto':
      return openWhatAnswers(config, parts)
  }
}

const openFake = (config: Config, parts: BackendParts): Promise<Backend & AsyncDisposable> =>
  createFakeBackend({
    dir: join(config.dataDir, 'fake'),
    clock: parts.clock,
    onLog: ({ jobId, attempt, task, text }) =>
      parts.logs
        .append({ jobId, attempt, task, stream: 'task' }, 0, Buffer.from(text))
        .catch((error: unknown) => parts.logger.error({ error: String(error) }, 'the fake backend failed')),
  })

/** Docker when an engine answers, else this machine's own root file system; the log says which and why. */
async function openWhatAnswers(config: Config, parts: BackendParts): Promise<OpenedBackend> {
  const say = (backend: string, why: string) =>
    parts.logger.info({ backend }, `--backend auto: ${backend}, because ${why}`)
  try {
    const socket = engineSocket(config, parts.site)
    const opened = await openDocker(config, parts, socket)
    say('docker', `an engine answers at ${socket}`)
    return opened
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    say('host', error.message)
    return openHost(config, parts)
  }
}

/** Throws ConfigError for an engine that is not on this machine: tasks mount its folders. */
function engineSocket({ dockerHost }: Config, site: Site): string {
  if (site.docker.socket !== null) return site.docker.socket
  if (dockerHost === null) return DEFAULT_SOCKET
  const path = /^unix:\/\/(\/.+)$/.exec(dockerHost)?.[1]
  if (path !== undefined) return path
  throw new ConfigError(
    `DOCKER_HOST: got ${JSON.stringify(dockerHost)}; valid: unix:///path/of/the.sock (the engine must run on this machine, tasks mount folders of it)`,
  )
}

/** Loaded only when it is used: the client of an engine takes longer to load than the rest of the server. */
async function openDocker(config: Config, parts: BackendParts, socket: string): Promise<OpenedBackend> {
  const { wiring, site, serveId, credentials } = parts
  const engine = await connectPatiently(socket, parts)
  const { createDockerBackend } = await import('../backend/docker/backend.ts')
  const { dir: runtimeDir } = await prepareRuntime({
    cacheDir: join(config.dataDir, 'runtime'),
    nodePath: process.execPath,
  })
  const backend = await createDockerBackend({
    dataDir: config.dataDir,
    runtimeDir,
    engine,
    instanceId: instanceOf(serveId),
    isRoot: process.getuid?.() === 0,
    arch: process.arch,
    networkRange: site.docker.networkRange,
    internalNetworks: site.docker.internalNetworks,
    ...(credentials === undefined ? {} : { credentials }),
    wiring,
  })
  return { backend, engine, runtimeDir }
}

/**
 * Throws ConfigError when no engine answers: at once while nothing depends on it, because a wrong socket should be seen at once;
 * with jobs on it only after a while, because both may have been restarted together.
 */
async function connectPatiently(
  socket: string,
  { jobsOnEngine, logger, signal }: BackendParts,
): Promise<Engine> {
  const deadline = performance.now() + (jobsOnEngine > 0 ? ENGINE_PATIENCE_MS : 0)
  for (let told = false; ; told = true) {
    const failed = await connectOnce(socket)
    if (!(failed instanceof ConfigError)) return failed
    if (performance.now() >= deadline) throw failed
    if (!told)
      logger.warn(
        { socket, jobs: jobsOnEngine },
        `no container engine answers at ${socket}; unfinished jobs have their tasks there, so it is waited for, for up to ${ENGINE_PATIENCE_MS / 1000} s`,
      )
    await sleep(ENGINE_PAUSE_MS, signal)
  }
}

async function connectOnce(socket: string): Promise<Engine | ConfigError> {
  const silent = (cause?: unknown) =>
    new ConfigError(
      `--backend: no container engine answers at ${socket}; start one, name its socket in DOCKER_HOST, or use: host`,
      { cause },
    )
  if (!existsSync(socket)) return silent()
  const { connectEngine } = await import('../backend/docker/engine.ts')
  return connectEngine(socket).catch(silent)
}

/** Marks what is ours on an engine; the same for every server on one data folder. */
export const instanceOf = (serveId: string): string => serveId.replaceAll('-', '').slice(0, 12)

async function openHost(config: Config, { wiring }: BackendParts): Promise<OpenedBackend> {
  const tools = { bwrap: findTool('bwrap', 'bubblewrap'), setpriv: findTool('setpriv', 'util-linux') }
  const { dir: runtimeDir } = await prepareRuntime({
    cacheDir: join(config.dataDir, 'runtime'),
    nodePath: process.execPath,
  })
  const backend = await createHostBackend({
    dataDir: config.dataDir,
    runtimeDir,
    isRoot: process.getuid?.() === 0,
    tools,
    arch: process.arch,
    wiring: (placement) => wiring(placement, []),
  })
  return { backend, engine: null, runtimeDir }
}

function findTool(name: string, debianPackage: string): string {
  const found = TOOL_DIRS.map((dir) => join(dir, name)).find((path) => existsSync(path))
  if (found) return found
  throw new ConfigError(
    `--backend: the host backend needs "${name}", which is not here; on Debian: apt-get install ${debianPackage}`,
  )
}
