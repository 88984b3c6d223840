// From the domain's plan input to the exact request of each task. Pure: what it needs of the machine was read before.
import { dirname, join } from 'node:path'
import type { Placement } from '../../accelerator/device.ts'
import type { DeviceWiring } from '../../accelerator/device-wiring.ts'
import { AppError } from '../../api/error.ts'
import { TASK_PATHS } from '../../api/task-constants.ts'
import { ANNOTATION } from '../../job/annotations.ts'
import { taskObjectName } from '../../job/names.ts'
import { PLACES } from '../../job/places.ts'
import type { JobPlan, PlanInput, TaskPlanInput } from '../../job/ports.ts'
import type { Ulimit } from '../../job/site.ts'
import type { ContainerVolume } from '../../job/volumes.ts'
import { accountsOf, extraGroups } from '../accounts.ts'
import { hostNamesFor } from '../host-names.ts'
import { withLockedMemory } from '../limits.ts'
import { runtimeCommand } from '../runtime.ts'
import { checkSocketPath, RUN_DIR, SPOOL_DIR, type TaskSubfolder, taskFolderOf } from '../task-folder.ts'
import { type CgroupFolder, type Controller, planCgroups } from './cgroup.ts'
import type { HostMachine } from './machine.ts'
import { mountOptions, planMounts, planWritable } from './mounts.ts'

/** The one image of this backend: the machine's own root file system. */
export const HOST_IMAGE = 'host'

/** All that starting one task takes; kept as plan.json in the task's folder. */
export type HostRequest = {
  readonly folder: string
  readonly uid: number
  readonly gid: number
  /** Beside `gid`; a server that is not root cannot give them, and plans of earlier versions name none. */
  readonly groups?: readonly number[]
  readonly address: string
  /** What becomes /cache when that is on another disk than `folder`. */
  readonly cache: string | null
  readonly volumes: readonly ContainerVolume[]
  /** Made below `folder` (or where an absolute path says), parents first. */
  readonly folders: readonly TaskSubfolder[]
  /** Text of the task's /etc/hosts. */
  readonly hosts: string
  /** Lines put before those of the machine's own files. */
  readonly passwd: readonly string[]
  readonly group: readonly string[]
  readonly limits: {
    readonly memoryBytes: number
    readonly cgroups: readonly CgroupFolder[]
    readonly notLimited: readonly Controller[]
  }
  /** Reach bwrap through a file descriptor, never argv. */
  readonly sandbox: readonly string[]
  /** argv inside the sandbox. */
  readonly command: readonly string[]
}

/** Text of /etc/hosts: localhost, the job's names, and the task's own. Throws AppError for a name that would break it. */
function hostsText(input: PlanInput, task: TaskPlanInput): string {
  const lines = [
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost',
    ...hostNamesFor(input, task).map(({ name, address }) => `${address} ${name}`),
  ]
  return `${lines.join('\n')}\n`
}

/**
 * As root the files are really owned by the task's uid: no user namespace, and setpriv (the machine's own, through
 * /usr) drops to it just before the first process. Without root a user namespace maps us to that uid.
 * The session is new, so no terminal can be reached and TIOCSTI has no target.
 */
function sandboxOptions(
  machine: HostMachine,
  input: PlanInput,
  task: TaskPlanInput,
  wiring: DeviceWiring,
): string[] {
  const { uid, gid } = input.runUser
  const user = machine.isRoot ? [] : ['--unshare-user', '--uid', String(uid), '--gid', String(gid)]
  const { home } = PLACES[input.generation]
  const environment = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    HOME: home,
    ...wiring.environment,
    // Our own runtime must not load the driver's libraries (decisions.md 1.8).
    ...(wiring.libraryPath.length > 0 ? { ROPEWAY_USER_LD_LIBRARY_PATH: wiring.libraryPath.join(':') } : {}),
  }
  return [
    ...user,
    ...['--unshare-pid', '--unshare-uts', '--unshare-ipc', '--new-session', '--as-pid-1'],
    ...['--hostname', task.podName.slice(0, 63)],
    '--clearenv',
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--chdir', home],
  ]
}

/** What gives up all privileges of root before a program of the task starts; nothing without root. */
export function commandPrefix(
  machine: HostMachine,
  { uid, gid, groups = [] }: Pick<HostRequest, 'uid' | 'gid' | 'groups'>,
): string[] {
  if (!machine.isRoot) return []
  const others = groups.length > 0 ? ['--groups', groups.join(',')] : ['--clear-groups']
  const user = ['--reuid', String(uid), '--regid', String(gid), ...others]
  return [machine.tools.setpriv, ...user, '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--']
}

/** prlimit comes in the package of setpriv, and lies beside it. */
function limitsCommand({ tools }: HostMachine, ulimits: readonly Ulimit[]): string[] {
  if (ulimits.length === 0) return []
  const text = (value: number): string => (value === -1 ? 'unlimited' : String(value))
  const options = ulimits.map(({ name, soft, hard }) => `--${name}=${text(soft)}:${text(hard)}`)
  return [join(dirname(tools.setpriv), 'prlimit'), ...options, '--']
}

const commandOf = (
  machine: HostMachine,
  input: PlanInput,
  user: Pick<HostRequest, 'uid' | 'gid' | 'groups'>,
  wiring: DeviceWiring,
): string[] => [
  // First, while there still is the right to raise a limit.
  ...limitsCommand(machine, withLockedMemory(input.container.ulimits, wiring, machine.mayRaiseLimits)),
  ...commandPrefix(machine, user),
  ...runtimeCommand(machine.loader, [`${TASK_PATHS.runtime}/launcher.js`, 'task']),
]

/** One task. */
function planTask(
  machine: HostMachine,
  input: PlanInput,
  task: TaskPlanInput,
  wiring: DeviceWiring,
): HostRequest {
  const folder = taskFolderOf(machine.tasksDir, input.jobId, input.attempt, task.task)
  checkSocketPath(folder, machine.dataDir)
  const name = taskObjectName(input.jobId, input.attempt, task.task)
  const { cacheDir, volumes, shmBytes } = input.container
  // The folder around it is the server's alone, wherever it lies.
  const cache = cacheDir === null ? null : join(cacheDir, `ropeway-${name}`, 'cache')
  const writable = planWritable(machine, input.writableDirs, input.runUser.uid, cache)
  const mounts = planMounts(machine, {
    folder,
    writable: writable.mounts,
    mountRunTrain: input.mountRunTrain,
    wiring,
    devices: input.container.devices,
    volumes,
    shmBytes: shmBytes ?? Math.floor(task.placement.memoryBytes / 2),
  })
  const user = { ...input.runUser, groups: extraGroups(input.runUser, wiring.groups) }
  const { folders: cgroups, notLimited } = planCgroups(machine.cgroups, name, {
    ...task.placement,
    cpuLimit: input.container.cpuLimit,
  })
  return {
    folder,
    ...user,
    address: task.hostAddress,
    cache,
    volumes,
    folders: [
      { path: RUN_DIR, mode: 0o755, owner: 'server' },
      { path: SPOOL_DIR, mode: 0o700, owner: 'task' },
      ...writable.folders,
    ],
    hosts: hostsText(input, task),
    ...accountsOf(input),
    limits: { memoryBytes: Math.floor(task.placement.memoryBytes), cgroups, notLimited },
    sandbox: [...sandboxOptions(machine, input, task, wiring), ...mountOptions(mounts)],
    command: commandOf(machine, input, user, wiring),
  }
}

/** Throws AppError ImageNotFound for any image but `host`, InvalidParam for folders that cannot be writable. */
export function planJob(
  machine: HostMachine,
  input: PlanInput,
  wiringOf: (placement: Placement) => DeviceWiring,
): JobPlan {
  if (input.image !== HOST_IMAGE) {
    throw new AppError(
      'ImageNotFound',
      `algorithm.engine.image_url is ${JSON.stringify(input.image)}; the host backend runs "${HOST_IMAGE}" (the machine's own root file system) only`,
    )
  }
  if (input.runUser.uid === 0)
    throw new AppError(
      'InvalidParam',
      'algorithm.engine.run_user: got "0"; valid on the host backend: another uid, because root would own the files of the machine itself',
    )
  const wanted = input.annotations[ANNOTATION.capabilities]
  if (wanted)
    throw new AppError(
      'InvalidParam',
      `metadata.annotations.${ANNOTATION.capabilities}: got ${JSON.stringify(wanted.slice(0, 200))}; valid on the host backend: none, because they would hold for the machine itself`,
    )
  return {
    jobId: input.jobId,
    attempt: input.attempt,
    backend: 'host',
    tasks: input.tasks.map((task) => ({
      task: task.task,
      name: taskObjectName(input.jobId, input.attempt, task.task),
      request: planTask(machine, input, task, wiringOf(task.placement)),
    })),
  }
}
