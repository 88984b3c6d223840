// From the domain's plan input to the body of each container's create request. Pure. What is known at start only, the
// image's id and addresses in a network, stands there as {image}, {network} and {worker-0}.
import { join } from 'node:path'
import type { Placement } from '../../accelerator/device.ts'
import type { DeviceWiring } from '../../accelerator/device-wiring.ts'
import { AppError } from '../../api/error.ts'
import { TASK_PATHS } from '../../api/task-constants.ts'
import type { JobPlan, PlanInput, TaskPlanInput } from '../../job/ports.ts'
import type { PullPolicy } from '../../job/site.ts'
import type { ContainerVolume } from '../../job/volumes.ts'
import { type Accounts, accountsOf } from '../accounts.ts'
import { type HostName, hostNamesFor } from '../host-names.ts'
import { runtimeCommand } from '../runtime.ts'
import { checkSocketPath, RUN_DIR, SPOOL_DIR, taskFolderOf } from '../task-folder.ts'
import { type ContainerBody, holderBody, taskBody } from './body.ts'
import { type HostFolder, planFolders, type RootFolder } from './folders.ts'
import { holderName } from './labels.ts'

/** What plan must know of this machine, read once when the backend opens. Absolute paths. */
export type DockerMachine = {
  readonly dataDir: string
  readonly tasksDir: string
  readonly runtimeDir: string
  readonly runTrainPath: string
  /** File name of the dynamic loader in `<runtimeDir>/lib`. */
  readonly loader: string
  readonly instanceId: string
  readonly bootId: string
  readonly isRoot: boolean
  /** May the engine lift limits of a process above its own? */
  readonly mayRaiseLimits: boolean
}

/** `own`: a network of the attempt · `shared`: the one of all one-task jobs · `host`: the machine's. */
export type NetworkKind = 'own' | 'shared' | 'host'

/** How a task is reached and reaches the others. */
export type NetworkPlan = {
  readonly kind: NetworkKind
  /** The task whose address this one has: itself, or the first one on the same host. */
  readonly addressOf: string
  /** With the host's network. */
  readonly hostAddress: string
  readonly hostNames: readonly HostName[]
  readonly hostname: string
  /** Container that holds the namespace several tasks share; null when the task has one of its own. */
  readonly holder: string | null
}

/** All that starting one task takes. */
export type DockerRequest = {
  readonly projectId: string
  readonly image: string
  readonly pullPolicy: PullPolicy
  readonly uid: number
  readonly gid: number
  /** Host folders: the task's own, and what becomes /cache. */
  readonly folder: string
  readonly cache: string
  readonly volumes: readonly ContainerVolume[]
  readonly hostFolders: readonly HostFolder[]
  readonly rootFolders: readonly RootFolder[]
  readonly accounts: Accounts
  readonly network: NetworkPlan
  readonly create: ContainerBody
  /** Folders of the driver for the front of the image's LD_LIBRARY_PATH. */
  readonly libraryPath: readonly string[]
  /** With the first task of those that share a namespace. */
  readonly holderCreate: ContainerBody | null
}

/** Tasks on one host share address and network namespace (decisions.md 1.12); the first names them all. */
function planNetwork(input: PlanInput, task: TaskPlanInput): NetworkPlan {
  const neighbours = input.tasks.filter(({ placement }) => placement.hostId === task.placement.hostId)
  const first = neighbours[0] ?? task
  const { hostNetwork } = input.container
  const shares = neighbours.length > 1 && !hostNetwork
  return {
    kind: hostNetwork ? 'host' : input.tasks.length > 1 ? 'own' : 'shared',
    addressOf: hostNetwork ? task.task : first.task,
    hostAddress: task.hostAddress,
    hostNames: hostNamesFor(input, task).map((entry) => {
      const named = input.tasks.find((other) => other.task === entry.task)
      const at = named && input.tasks.find((other) => other.placement.hostId === named.placement.hostId)
      return at === undefined || hostNetwork
        ? { name: entry.name, address: entry.address }
        : { ...entry, task: at.task }
    }),
    hostname: (shares ? first : task).podName.slice(0, 63),
    holder: shares ? holderName(input, input.tasks.indexOf(first)) : null,
  }
}

function planTask(
  machine: DockerMachine,
  input: PlanInput,
  task: TaskPlanInput,
  wiring: DeviceWiring,
): DockerRequest {
  const folder = taskFolderOf(machine.tasksDir, input.jobId, input.attempt, task.task)
  checkSocketPath(folder, machine.dataDir)
  const { cacheDir } = input.container
  const cache = cacheDir === null ? join(folder, 'cache') : join(cacheDir, `ropeway-${task.name}`, 'cache')
  const { uid, gid } = input.runUser
  const folders = planFolders(input.writableDirs, { folder, cache, uid })
  const network = planNetwork(input, task)
  const binds = [
    { source: machine.runtimeDir, target: TASK_PATHS.runtime, readOnly: true },
    // A socket can be connected to on a read-only mount, and nobody can put another one in its place.
    { source: join(folder, RUN_DIR), target: TASK_PATHS.runDir, readOnly: true },
    { source: join(folder, SPOOL_DIR), target: TASK_PATHS.spool, readOnly: false },
    ...folders.binds.map((bind) => ({ ...bind, readOnly: false })),
    ...(input.mountRunTrain
      ? [{ source: machine.runTrainPath, target: '/home/work/run_train.sh', readOnly: true }]
      : []),
  ]
  const context = { machine, input, task, network }
  const isFirst = network.addressOf === task.task
  return {
    projectId: input.projectId,
    image: input.image,
    pullPolicy: input.container.pullPolicy,
    uid,
    gid,
    folder,
    cache,
    volumes: input.container.volumes,
    hostFolders: [
      { path: join(folder, RUN_DIR), mode: 0o755, owner: 'server' },
      { path: join(folder, SPOOL_DIR), mode: 0o700, owner: 'task' },
      ...folders.host,
    ],
    rootFolders: folders.root,
    accounts: accountsOf(input),
    network,
    create: taskBody(context, binds, wiring, launcherCommand(machine.loader)),
    libraryPath: wiring.libraryPath,
    holderCreate:
      network.holder !== null && isFirst ? holderBody(context, holdCommand(machine.loader)) : null,
  }
}

const launcherCommand = (loader: string): string[] =>
  runtimeCommand(loader, [`${TASK_PATHS.runtime}/launcher.js`, 'task'])

/** Does nothing until it is told to end. */
const holdCommand = (loader: string): string[] =>
  runtimeCommand(loader, ['-e', 'setInterval(() => undefined, 1 << 30)'])

/** Throws AppError ImageNotFound for `host`, InvalidParam for folders that cannot be writable. */
export function planJob(
  machine: DockerMachine,
  input: PlanInput,
  wiringOf: (placement: Placement) => DeviceWiring,
): JobPlan {
  if (input.image === 'host') {
    throw new AppError(
      'ImageNotFound',
      'algorithm.engine.image_url is "host", which is no container image; the docker backend runs images such as "swr.cn-north-4.myhuaweicloud.com/team/train:1.0" or "train:1.0" only',
    )
  }
  return {
    jobId: input.jobId,
    attempt: input.attempt,
    backend: 'docker',
    tasks: input.tasks.map((task) => ({
      task: task.task,
      name: task.name,
      request: planTask(machine, input, task, wiringOf(task.placement)),
    })),
  }
}
