// The container engine as we talk to it, and how its failures are told apart: it said no, or it did not answer.
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import Docker, { type ContainerInspectInfo } from 'dockerode'
import { AppError } from '../../api/error.ts'
import { orAborted, sleep } from '../../lib/abort.ts'
import { PIDS_MAX } from '../limits.ts'

export type Engine = {
  readonly docker: Docker
  readonly socket: string
  readonly name: string
  readonly version: string
  readonly isPodman: boolean
  /** Where it keeps images and containers; null when it does not say. */
  readonly dataRoot: string | null
  /** Names of the OCI runtimes a container may ask for: `runc`, `nvidia`, `ascend`. */
  readonly runtimes: readonly string[]
  /** Limits of this process that a container gets unless its job names them; only where the engine has bolder ones. */
  readonly ownLimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[]
  /** Gives up every connection, also one on which the engine still owes an answer. Not the last use of it: others are opened. */
  hangUp(): void
}

/** Longest an engine may think about a look. */
const LOOK_TIMEOUT_MS = 30_000
/** And about a start or a copy, on a slow disk. */
const ACT_TIMEOUT_MS = 600_000

/** HTTP status of an answer of the engine; null when there was none. */
export const statusOf = (error: unknown): number | null => {
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  return typeof status === 'number' ? status : null
}

export const isNotFound = (error: unknown): boolean => statusOf(error) === 404

/** What the engine said, in one line, without dockerode's prefix. */
export function wordsOf(error: unknown): string {
  const json = (error as { json?: { message?: unknown } } | null)?.json
  const text =
    typeof json?.message === 'string' ? json.message : error instanceof Error ? error.message : String(error)
  // It puts its own words before answers that it streams.
  const own = text.replace(/^\(HTTP code \d{3}\) [a-z ]+ - /, '')
  return own.replace(/\s+/g, ' ').trim().slice(0, 1000)
}

/** An engine that did not answer; its answers and our own errors stay what they are. */
export function asUnreachable(socket: string, error: unknown): unknown {
  if (error instanceof AppError || statusOf(error) !== null) return error
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (code === undefined && !(error instanceof Error && error.name === 'TimeoutError')) return error
  return new AppError(
    'BackendUnavailable',
    `The container engine at ${socket} does not answer (${code ?? 'timeout'})`,
    {
      cause: error,
    },
  )
}

export const isUnreachable = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'BackendUnavailable' && error.cause !== undefined

/**
 * Podman reads /proc while it describes a container, and answers 500 when the process ends under its eyes
 * ("read /proc/3757/cgroup: no such process"). It says nothing about the container: the next look does.
 */
export const isLookAtDyingProcess = (error: unknown): boolean =>
  statusOf(error) === 500 && /\/proc\/\d+\/.*no such (process|file)/.test(wordsOf(error))

/** Such answers in a row that are believed to be one process's end. */
const DYING_LOOKS = 50
const DYING_PAUSE_MS = 20

/** Runs one look at the engine. Throws the signal's reason, or AppError BackendUnavailable when it does not answer. */
export async function look<T>(
  engine: Pick<Engine, 'docker' | 'socket'>,
  ask: (abortSignal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let looks = 1; ; looks++) {
    try {
      return await lookOnce(engine, ask, signal)
    } catch (error) {
      if (!isLookAtDyingProcess(error) || looks === DYING_LOOKS) throw error
      await sleep(DYING_PAUSE_MS, signal)
    }
  }
}

const lookOnce = <T>(...[engine, ask, signal]: Parameters<typeof look<T>>): Promise<T> =>
  inTime(engine, ask, LOOK_TIMEOUT_MS, signal)

/**
 * Lets the engine change something, once, and waits no longer than the signal does or `ACT_TIMEOUT_MS`: a daemon that hangs holds
 * its socket open and answers nothing. What it does after all is found by name or label. Throws as `look` does.
 */
export const act = <T>(...[engine, ask, signal]: Parameters<typeof look<T>>): Promise<T> =>
  inTime(engine, ask, ACT_TIMEOUT_MS, signal)

async function inTime<T>(
  engine: Pick<Engine, 'socket'>,
  ask: (abortSignal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted()
  const timeout = AbortSignal.timeout(timeoutMs)
  const over = AbortSignal.any([signal, timeout])
  try {
    return await orAborted(ask(over), over)
  } catch (error) {
    signal.throwIfAborted()
    throw asUnreachable(engine.socket, timeout.aborted ? timeout.reason : error)
  }
}

/** A container by name or id; null when the engine says that there is none. */
export async function inspectContainer(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<ContainerInspectInfo | null> {
  try {
    return await look(
      engine,
      (abortSignal) => engine.docker.getContainer(name).inspect({ abortSignal }),
      signal,
    )
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

/** Does again what failed because the engine was away, for at most `patienceMs`; `onAway` hears of it once. */
export async function withPatience<T>(
  work: () => Promise<T>,
  patienceMs: number,
  onAway: (error: AppError) => void,
  signal: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (let pauseMs = 100, told = false; ; pauseMs = Math.min(2_000, pauseMs * 2)) {
    try {
      return await work()
    } catch (error) {
      if (!isUnreachable(error) || performance.now() + pauseMs > deadline) throw error
      if (!told) onAway(error as AppError)
      told = true
      await sleep(pauseMs, signal)
    }
  }
}

/** Asks an engine who it is. Throws AppError BackendUnavailable when nobody answers at the socket. */
export async function connectEngine(socketPath: string): Promise<Engine> {
  // Node's own default agent, but one that can be told to let go.
  const agent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5_000 })
  const docker = new Docker({ socketPath, agent } as Docker.DockerOptions)
  const once = new AbortController()
  const { Components, Version } = await look(
    { docker, socket: socketPath },
    () => docker.version(),
    once.signal,
  )
  const { Runtimes, DockerRootDir } = await look(
    { docker, socket: socketPath },
    () => docker.info(),
    once.signal,
  )
  const isPodman = (Components ?? []).some(({ Name }) => Name.startsWith('Podman'))
  // One limit in a request makes Podman forget the defaults of its configuration and ask for more than it may have.
  const ownLimits = isPodman ? parseLimits(await readFile('/proc/self/limits', 'utf8')) : []
  const name = isPodman ? 'Podman' : 'Docker'
  return {
    docker,
    socket: socketPath,
    name,
    version: Version,
    isPodman,
    dataRoot: typeof DockerRootDir === 'string' && DockerRootDir.startsWith('/') ? DockerRootDir : null,
    runtimes: Object.keys(Runtimes ?? {}),
    ownLimits,
    hangUp: () => agent.destroy(),
  }
}

/** What Podman limits by itself: names in /proc and in requests, and the most we ask for (its own default). */
const LIMITS = {
  'Max open files': { name: 'nofile', most: 1_048_576 },
  'Max processes': { name: 'nproc', most: PIDS_MAX },
} as const

/** Hard limits from the text of /proc/self/limits (proc(5)), as both limits of a container; unlimited ones are left out. */
export function parseLimits(text: string): Engine['ownLimits'] {
  return text.split('\n').flatMap((line) => {
    const [, label = '', hard = ''] = /^(Max [a-z ]+?) {2,}\S+ +(\d+) /.exec(line) ?? []
    const limit = LIMITS[label as keyof typeof LIMITS]
    if (limit === undefined) return []
    const value = Math.min(limit.most, Number(hard))
    return [{ Name: limit.name, Soft: value, Hard: value }]
  })
}
