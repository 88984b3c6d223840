// Ends containers and takes away what an attempt left. Nothing here returns before the engine says that it is gone.
import type { ContainerInspectInfo } from 'dockerode'
import { AppError } from '../../api/error.ts'
import { sleep } from '../../lib/abort.ts'
import { takesSigterm } from '../process.ts'
import { writeMark } from './attempt-record.ts'
import { act, type Engine, inspectContainer, isNotFound, look, statusOf } from './engine.ts'
import { hasStopped } from './observe.ts'

/** How often we look while waiting. */
const LOOK_MS = 20
/** SIGKILL takes effect at once unless the kernel is waiting for a device. */
const KILL_TIMEOUT_MS = 15_000

/** An answer that the wish is already true: gone (404), or not running (409). */
const isDone = (error: unknown): boolean => isNotFound(error) || statusOf(error) === 409

async function ask(
  engine: Engine,
  work: (options: { readonly abortSignal: AbortSignal }) => Promise<unknown>,
  accept: (error: unknown) => boolean,
  signal: AbortSignal,
): Promise<void> {
  await act(engine, (abortSignal) => work({ abortSignal }), signal).catch((error: unknown) => {
    if (!accept(error)) throw error
  })
}

/** Would SIGTERM reach the program? See process.ts; processes of an engine in another namespace cannot be looked at. */
function isReady({ State: { Pid } }: ContainerInspectInfo): boolean {
  return Pid <= 0 || takesSigterm(Pid)
}

/**
 * SIGTERM, at most `graceMs` of patience, SIGKILL, until it is not running. A paused container is woken first: signals
 * wait while it sleeps. A container that never started is removed, so that nobody on the way can start it any more.
 */
export async function endContainer(
  engine: Engine,
  one: {
    readonly name: string
    readonly folder: string
    readonly isOurs: (info: ContainerInspectInfo) => boolean
  },
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const container = engine.docker.getContainer(one.name)
  const begun = performance.now()
  let asked = false
  let killedAt: number | null = null
  for (;;) {
    const info = await inspectContainer(engine, one.name, signal)
    if (info === null || !one.isOurs(info) || hasStopped(info)) return
    if (info.State.Status === 'created') {
      if (info.State.Error) return
      await writeMark(one.folder, {
        kind: 'never',
        exitCode: 143,
        message: 'Stopped before it was started',
        atMs: Date.now(),
      })
      await ask(engine, (options) => container.remove({ ...options, force: true, v: true }), isDone, signal)
      continue
    }
    const now = performance.now()
    if (info.State.Paused) await ask(engine, (options) => container.unpause(options), isDone, signal)
    else if (now - begun < graceMs) {
      if (!asked && isReady(info)) {
        await ask(engine, (options) => container.kill({ ...options, signal: 'SIGTERM' }), isDone, signal)
        asked = true
      }
    } else if (killedAt === null || now - killedAt > 2_000) {
      await ask(engine, (options) => container.kill({ ...options, signal: 'SIGKILL' }), isDone, signal)
      killedAt ??= now
    } else if (now - killedAt > KILL_TIMEOUT_MS) {
      throw new AppError('BackendUnavailable', `Container ${one.name} does not end on SIGKILL`)
    }
    const left = begun + graceMs - performance.now()
    await sleep(left > 0 ? Math.min(LOOK_MS, left) : LOOK_MS, signal)
  }
}

/** Removes every container with those labels, running or not, and waits until the engine knows none of them. */
export async function removeContainers(
  engine: Engine,
  label: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + KILL_TIMEOUT_MS
  for (;;) {
    const found = await look(
      engine,
      (abortSignal) =>
        engine.docker.listContainers({ all: true, filters: { label: [...label] }, abortSignal }),
      signal,
    )
    if (found.length === 0) return
    if (performance.now() > deadline)
      throw new AppError(
        'BackendUnavailable',
        `Container ${found[0]?.Names[0] ?? ''} cannot be removed: it is ${found[0]?.State}`,
      )
    await Promise.all(
      // A removal may be under way (409): the next look tells.
      found.map(({ Id }) =>
        ask(
          engine,
          (options) => engine.docker.getContainer(Id).remove({ ...options, force: true, v: true }),
          isDone,
          signal,
        ),
      ),
    )
    signal.throwIfAborted()
  }
}

/** Removes the volumes with those labels. */
export async function removeVolumes(
  engine: Engine,
  label: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { Volumes } = await look(
    engine,
    (abortSignal) => engine.docker.listVolumes({ filters: { label: [...label] }, abortSignal } as object),
    signal,
  )
  for (const { Name } of Volumes ?? [])
    await ask(engine, (options) => engine.docker.getVolume(Name).remove(options), isNotFound, signal)
}
