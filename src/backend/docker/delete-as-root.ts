// A server that is not root may use an engine and yet not delete what tasks wrote: the files are another uid's. The
// engine can: a container of the attempt's own image, as root, sees nothing but the folder that is to go.
import { basename, dirname } from 'node:path'
import { AppError } from '../../api/error.ts'
import { TASK_PATHS } from '../../api/task-constants.ts'
import { orAborted } from '../../lib/abort.ts'
import { deleteTree } from '../delete-tree.ts'
import { runtimeCommand } from '../runtime.ts'
import { act, type Engine, wordsOf } from './engine.ts'
import { parkedEnvironment } from './environment.ts'
import type { ResolvedImage } from './image.ts'
import { LABEL } from './labels.ts'
import type { DockerMachine } from './plan.ts'

export type DeleteParts = {
  readonly engine: Engine
  readonly machine: DockerMachine
  /** Of the attempt; null when nothing of it was ever started. */
  readonly image: ResolvedImage | null
  readonly labels: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

const SCRIPT = "require('node:fs').rmSync('/grave/' + process.argv[1], { recursive: true, force: true })"

/** Deletes a folder of this machine, by the engine where this process may not. Throws AppError BackendUnavailable. */
export async function deleteFolder(parts: DeleteParts, path: string): Promise<void> {
  const { isRoot } = parts.machine
  try {
    await deleteTree(path, isRoot)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return
    if (isRoot || parts.image === null || (code !== 'EACCES' && code !== 'EPERM')) throw error
    await deleteByEngine(parts, parts.image, path)
  }
}

async function deleteByEngine(
  { engine, machine, labels, signal }: DeleteParts,
  image: ResolvedImage,
  path: string,
): Promise<void> {
  const bind = (Source: string, Target: string, ReadOnly: boolean) => ({
    Type: 'bind',
    Source,
    Target,
    ReadOnly,
  })
  const body = {
    Image: image.id,
    User: '0:0',
    Entrypoint: runtimeCommand(machine.loader, ['-e', SCRIPT, basename(path)]),
    Cmd: [],
    Env: parkedEnvironment(image.env, !engine.isPodman),
    Labels: { ...labels, [LABEL.role]: 'delete' },
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [
        bind(machine.runtimeDir, TASK_PATHS.runtime, true),
        bind(dirname(path), '/grave', false),
      ] as never,
      CapDrop: ['ALL'],
      CapAdd: ['DAC_OVERRIDE', 'FOWNER'],
      SecurityOpt: ['no-new-privileges'],
      Ulimits: engine.ownLimits.map((limit) => ({ ...limit })),
    },
  }
  const container = await act(
    engine,
    (abort) => engine.docker.createContainer({ ...body, abortSignal: abort }),
    signal,
  )
  try {
    await act(engine, (abortSignal) => container.start({ abortSignal }), signal)
    const { StatusCode } = await orAborted(container.wait() as Promise<{ StatusCode: number }>, signal)
    if (StatusCode !== 0) throw new Error(`exit code ${StatusCode}`)
  } catch (error) {
    signal.throwIfAborted()
    throw new AppError('BackendUnavailable', `The folder ${path} could not be deleted: ${wordsOf(error)}`)
  } finally {
    // What stays is found by its labels.
    await act(engine, (abortSignal) => container.remove({ abortSignal, force: true, v: true }), signal).catch(
      () => undefined,
    )
  }
}
