// Makes and starts containers. The name is the lock: an engine gives it to one container only, and what has it is
// never made again (decisions.md 1.5).
import type { ContainerInspectInfo } from 'dockerode'
import { AppError } from '../../api/error.ts'
import { checkVolumePaths } from '../volume-paths.ts'
import { type AttemptRecord, readMark, writeMark } from './attempt-record.ts'
import { type ContainerBody, type NetworkBody, networkBody, taskNetworkBody, withBinds } from './body.ts'
import { act, type Engine, inspectContainer, isNotFound, statusOf, wordsOf } from './engine.ts'
import { parkedEnvironment, withLibraries } from './environment.ts'
import { makeFolders } from './folders-on-disk.ts'
import type { ImageRoots } from './image-root.ts'
import { type AttemptId, isOfAttempt, LABEL } from './labels.ts'
import type { Networks } from './networks.ts'
import type { DockerMachine, DockerRequest } from './plan.ts'
import { putRootFiles } from './root-files.ts'
import { planRoot, type RootPlan } from './root-plan.ts'
import { explainStartFailure, startFailureCode } from './start-failure.ts'

export type StartParts = {
  readonly engine: Engine
  readonly machine: DockerMachine
  readonly networks: Pick<Networks, 'dropStale'>
  readonly imageRoots: Pick<ImageRoots, 'look'>
}

export type TaskStart = {
  readonly id: AttemptId
  readonly task: string
  readonly name: string
  readonly request: DockerRequest
}

/** Made and never started: the engine keeps the words of a start that failed. */
const isFresh = (info: ContainerInspectInfo): boolean => info.State.Status === 'created' && !info.State.Error

/** What a task's start has still to do; `nothing` when it ran, or never will. */
export type NextStep = 'make' | 'start' | 'nothing'

/** Throws AppError when its container's name is taken by a stranger, or its container went after it was started. */
export async function nextStep(
  { engine, machine }: StartParts,
  one: TaskStart,
  signal: AbortSignal,
): Promise<NextStep> {
  const info = await ownContainer(engine, machine, one, one.name, signal)
  const mark = await readMark(one.request.folder)
  if (mark?.kind === 'never') return 'nothing'
  if (info !== null) return isFresh(info) ? 'start' : 'nothing'
  if (mark?.kind === 'starting')
    throw new AppError(
      'BackendUnavailable',
      `The container ${one.name} of ${one.task} was started and has been removed from outside; it is not started twice`,
    )
  return 'make'
}

/** Makes the container unless it is there, and starts it unless it ran. That a start fails is told by `observe`. */
export async function startTask(
  parts: StartParts,
  one: TaskStart,
  next: NextStep,
  record: AttemptRecord,
  signal: AbortSignal,
): Promise<void> {
  const { engine, machine } = parts
  const { request, name } = one
  // Whoever stopped it since the look left a mark.
  if (next === 'nothing' || (await readMark(request.folder))?.kind === 'never') return
  const root = await rootOf(parts, one, record, signal)
  if (next === 'make') {
    await makeFolders(machine, request, root)
    const net = taskNetworkBody(request.network, record.network?.name, addresses(record))
    const body = complete(parts, request.create, request, record, net)
    await create(parts, one, name, withBinds(body, root.binds), signal)
  } else await checkVolumePaths(request.volumes)
  const container = engine.docker.getContainer(name)
  await act(engine, (abort) => putRootFiles(container, request, root, abort), signal).catch(
    (error: unknown) => {
      if (statusOf(error) === null) throw error
      throw new Error(`The folders of ${one.task} could not be made in its container: ${wordsOf(error)}`, {
        cause: error,
      })
    },
  )
  await writeMark(request.folder, { kind: 'starting' })
  try {
    await startContainer(parts, name, record, signal)
  } catch (error) {
    if (statusOf(error) === null) throw error
    await noteFailure(parts, one, error, signal)
  }
}

async function rootOf(
  { machine, imageRoots }: StartParts,
  { request }: TaskStart,
  { image }: AttemptRecord,
  signal: AbortSignal,
): Promise<RootPlan> {
  const paths = request.rootFolders.map(({ path }) => path)
  const found = await imageRoots.look(image.id, paths, signal).catch((error: unknown) => {
    if (statusOf(error) === null) throw error
    if (isNotFound(error)) throw imageRemoved(request.image, image.id, wordsOf(error))
    throw new Error(
      `The engine cannot look into the image ${JSON.stringify(request.image)}: ${wordsOf(error)}`,
      {
        cause: error,
      },
    )
  })
  return planRoot(request, found, machine.isRoot)
}

const imageRemoved = (image: string, id: string, words: string): AppError =>
  new AppError(
    'ImageNotFound',
    `The image ${JSON.stringify(image)} (${id}) was removed from the engine after the attempt began: ${words}`,
  )

const ADDRESS_TAKEN = /address already in use/i

/** Starts a container; one that runs already is fine. Throws what the engine says. */
async function startContainer(
  { engine, networks }: StartParts,
  name: string,
  record: AttemptRecord,
  signal: AbortSignal,
): Promise<void> {
  const start = async (): Promise<void> => {
    const container = engine.docker.getContainer(name)
    await act(engine, (abortSignal) => container.start({ abortSignal }), signal).catch((error: unknown) => {
      // 304: it runs already.
      if (statusOf(error) !== 304) throw error
    })
  }
  await start().catch(async (error: unknown) => {
    // Addresses are given away once, so who has this one is gone.
    const network = record.network?.name
    if (network === undefined || statusOf(error) === null || !ADDRESS_TAKEN.test(wordsOf(error))) throw error
    if ((await networks.dropStale(network, signal)) === 0) throw error
    await start()
  })
}

/** Starts the container that holds a network namespace; it runs no program of the user, so it may start again. */
export async function startHolder(
  parts: StartParts,
  one: TaskStart,
  record: AttemptRecord,
  signal: AbortSignal,
): Promise<void> {
  const { engine, machine } = parts
  const { holder } = one.request.network
  const body = one.request.holderCreate
  if (holder === null || body === null) return
  if ((await ownContainer(engine, machine, one, holder, signal)) === null) {
    const net = networkBody(one.request.network, record.network?.name, addresses(record))
    await create(parts, one, holder, complete(parts, body, one.request, record, net), signal)
  }
  await startContainer(parts, holder, record, signal).catch((error: unknown) => {
    if (statusOf(error) === null) throw error
    throw new Error(`The network of ${one.name} could not be made: ${wordsOf(error)}`, { cause: error })
  })
}

const addresses =
  (record: AttemptRecord) =>
  (task: string): string =>
    record.addresses[task] ?? '127.0.0.1'

/** The planned body with what is known now in the places of {image}, {network} and {worker-0}. */
function complete(
  { engine }: StartParts,
  body: ContainerBody,
  { network, libraryPath }: DockerRequest,
  { image, addresses: known }: AttemptRecord,
  net: NetworkBody,
): ContainerBody {
  return {
    ...body,
    ...net,
    Image: image.id,
    Env: [...body.Env, ...parkedEnvironment(withLibraries(image.env, libraryPath), !engine.isPodman)],
    Labels: {
      ...body.Labels,
      [LABEL.address]: known[network.addressOf] ?? '',
      [LABEL.digest]: image.digest || image.id,
    },
    HostConfig: {
      ...body.HostConfig,
      ...net.HostConfig,
      Ulimits: withOwn(engine, body.HostConfig.Ulimits),
    },
  }
}

function withOwn({ ownLimits }: Engine, asked: ContainerBody['HostConfig']['Ulimits']) {
  return [...asked, ...ownLimits.filter(({ Name }) => !asked.some((limit) => limit.Name === Name))]
}

/** Ours by that name, or null. Throws AppError Internal for somebody else's. */
async function ownContainer(
  engine: Engine,
  { instanceId }: DockerMachine,
  { id }: TaskStart,
  name: string,
  signal: AbortSignal,
): Promise<ContainerInspectInfo | null> {
  const info = await inspectContainer(engine, name, signal)
  if (info === null || isOfAttempt(info.Config.Labels, instanceId, id)) return info
  throw new AppError(
    'Internal',
    `The container name ${name} is taken by a container that this job did not make; remove it and try again`,
  )
}

/** Two calls at once: one gets the name, the other finds the container there. */
async function create(
  { engine, machine }: StartParts,
  one: TaskStart,
  name: string,
  body: ContainerBody,
  signal: AbortSignal,
): Promise<void> {
  try {
    const wish = (abortSignal: AbortSignal) => ({ name, ...body, abortSignal }) as never
    await act(engine, (abort) => engine.docker.createContainer(wish(abort)), signal)
  } catch (error) {
    const status = statusOf(error)
    if (status === null) throw error
    if (await ownContainer(engine, machine, one, name, signal)) return
    const words = wordsOf(error)
    if (status === 404 && /image/i.test(words)) throw imageRemoved(one.request.image, body.Image, words)
    if (status < 500)
      throw new AppError('InvalidParam', `The engine refuses the container of ${one.task}: ${words}`)
    throw new Error(`The engine could not make the container of ${one.task}: ${words}`, { cause: error })
  }
}

/** The engine said no: written down, because not every engine remembers its words. */
async function noteFailure(
  { engine }: StartParts,
  one: TaskStart,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const info = await inspectContainer(engine, one.name, signal)
  if (info !== null && info.State.Status !== 'created' && !isNotFound(error)) return
  const words = wordsOf(error)
  const code = info?.State.ExitCode
  await writeMark(one.request.folder, {
    kind: 'never',
    exitCode: code !== undefined && code > 0 && code < 256 ? code : startFailureCode(words),
    message: explainStartFailure(words, one.request),
    atMs: Date.now(),
  })
}
