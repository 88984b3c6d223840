// From the domain's plan input to the exact request of each task. Pure: what it needs of the machine was read before.
import { join } from 'node:path'
import type { Placement } from '../../accelerator/device.ts'
import { AppError } from '../../api/error.ts'
import { TASK_PATHS } from '../../api/task-constants.ts'
import { taskObjectName } from '../../job/names.ts'
import { PLACES } from '../../job/places.ts'
import type { JobPlan, PlanInput, TaskPlanInput } from '../../job/ports.ts'
import { type CgroupFolder, type Controller, planCgroups } from './cgroup.ts'
import { SOCKET_PATH_LIMIT, TASK_DIRS } from './layout.ts'
import type { HostMachine } from './machine.ts'
import { mountOptions, type PlannedFolder, planMounts, planWritable } from './mounts.ts'

/** The one image of this backend: the machine's own root file system. */
export const HOST_IMAGE = 'host'

/** All that starting one task takes; kept as plan.json in the task's folder. */
export type HostRequest = {
  readonly folder: string
  readonly uid: number
  readonly gid: number
  readonly address: string
  /** Made below `folder`, parents first. */
  readonly folders: readonly PlannedFolder[]
  /** Text of the task's /etc/hosts. */
  readonly hosts: string
  /** Lines put before those of the machine's own files. */
  readonly passwd: readonly string[]
  readonly group: readonly string[]
  readonly limits: { readonly cgroups: readonly CgroupFolder[]; readonly notLimited: readonly Controller[] }
  /** Reach bwrap through a file descriptor, never argv. */
  readonly sandbox: readonly string[]
  /** argv inside the sandbox. */
  readonly command: readonly string[]
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/
const ADDRESS = /^[0-9A-Fa-f.:]+$/

/** Text of /etc/hosts: localhost, the job's names, and the task's own. Throws AppError for a name that would break it. */
function hostsText(input: PlanInput, task: TaskPlanInput): string {
  const entries = [...input.hostNames]
  if (!entries.some((entry) => entry.name === task.podName))
    entries.push({ name: task.podName, address: task.hostAddress })
  for (const { name, address } of entries) {
    if (!NAME.test(name) || !ADDRESS.test(address)) {
      throw new AppError(
        'InvalidParam',
        `Host name ${JSON.stringify(name)} with address ${JSON.stringify(address)} cannot stand in /etc/hosts`,
      )
    }
  }
  const lines = [
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost',
    ...entries.map(({ name, address }) => `${address} ${name}`),
  ]
  return `${lines.join('\n')}\n`
}

/** The users that images of both generations have (modelarts.md §3.1), and the one that runs. */
function accounts(input: PlanInput): { passwd: string[]; group: string[] } {
  const { uid, gid } = input.runUser
  const known = [PLACES[1].uid, PLACES[2].uid, 0] as readonly number[]
  const passwd = ['work:x:1101:1101::/home/work:/bin/sh', 'ma-user:x:1000:100::/home/ma-user:/bin/sh']
  if (!known.includes(uid)) passwd.push(`ropeway:x:${uid}:${gid}::${PLACES[input.generation].home}:/bin/sh`)
  return { passwd, group: ['work:x:1101:', 'ma-group:x:100:'] }
}

/**
 * As root the files are really owned by the task's uid: no user namespace, and setpriv (the machine's own, through
 * /usr) drops to it just before the first process. Without root a user namespace maps us to that uid.
 * The session is new, so no terminal can be reached and TIOCSTI has no target.
 */
function sandboxOptions(machine: HostMachine, input: PlanInput, task: TaskPlanInput): string[] {
  const { uid, gid } = input.runUser
  const user = machine.isRoot ? [] : ['--unshare-user', '--uid', String(uid), '--gid', String(gid)]
  const { home } = PLACES[input.generation]
  const environment = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    HOME: home,
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

function commandOf(machine: HostMachine, input: PlanInput): string[] {
  const { uid, gid } = input.runUser
  const drop = [
    machine.tools.setpriv,
    '--reuid',
    String(uid),
    '--regid',
    String(gid),
    '--clear-groups',
    '--no-new-privs',
  ]
  const runtime = TASK_PATHS.runtime
  return [
    ...(machine.isRoot ? [...drop, '--bounding-set=-all', '--inh-caps=-all', '--'] : []),
    ...[`${runtime}/tini`, '--', `${runtime}/lib/${machine.loader}`, '--library-path', `${runtime}/lib`],
    ...[`${runtime}/node`, `${runtime}/launcher.js`, 'task'],
  ]
}

/** Folder of one task; its name is a function of the attempt, so that a restarted server finds it again. */
export const taskFolder = (
  machine: Pick<HostMachine, 'tasksDir'>,
  jobId: string,
  attempt: number,
  task: string,
): string => join(machine.tasksDir, taskObjectName(jobId, attempt, task))

function checkSocketPath(folder: string, dataDir: string): void {
  const path = join(folder, TASK_DIRS.run, 'task.sock')
  const length = Buffer.byteLength(path)
  if (length > SOCKET_PATH_LIMIT) {
    throw new AppError(
      'BackendUnavailable',
      `The data folder ${dataDir} is too long: the task's socket ${path} would have ${length} bytes, the limit is ${SOCKET_PATH_LIMIT}; use a data folder at least ${length - SOCKET_PATH_LIMIT} bytes shorter`,
    )
  }
}

/** One task. `devices` are device files of this machine that it may use. */
function planTask(
  machine: HostMachine,
  input: PlanInput,
  task: TaskPlanInput,
  devices: readonly string[],
): HostRequest {
  const folder = taskFolder(machine, input.jobId, input.attempt, task.task)
  checkSocketPath(folder, machine.dataDir)
  const writable = planWritable(machine, input.writableDirs, input.runUser.uid)
  const mounts = planMounts(machine, {
    folder,
    writable: writable.mounts,
    mountRunTrain: input.mountRunTrain,
    devices,
  })
  const { folders: cgroups, notLimited } = planCgroups(
    machine.cgroups,
    taskObjectName(input.jobId, input.attempt, task.task),
    task.placement,
  )
  return {
    folder,
    uid: input.runUser.uid,
    gid: input.runUser.gid,
    address: task.hostAddress,
    folders: [
      { path: TASK_DIRS.run, mode: 0o755, owner: 'server' },
      { path: TASK_DIRS.spool, mode: 0o700, owner: 'task' },
      ...writable.folders,
    ],
    hosts: hostsText(input, task),
    ...accounts(input),
    limits: { cgroups, notLimited },
    sandbox: [...sandboxOptions(machine, input, task), ...mountOptions(mounts)],
    command: commandOf(machine, input),
  }
}

/** Throws AppError ImageNotFound for any image but `host`, InvalidParam for folders that cannot be writable. */
export function planJob(
  machine: HostMachine,
  input: PlanInput,
  devicesOf: (placement: Placement) => readonly string[],
): JobPlan {
  if (input.image !== HOST_IMAGE) {
    throw new AppError(
      'ImageNotFound',
      `algorithm.engine.image_url is ${JSON.stringify(input.image)}; the host backend runs "${HOST_IMAGE}" (the machine's own root file system) only`,
    )
  }
  return {
    jobId: input.jobId,
    attempt: input.attempt,
    backend: 'host',
    tasks: input.tasks.map((task) => ({
      task: task.task,
      name: taskObjectName(input.jobId, input.attempt, task.task),
      request: planTask(machine, input, task, devicesOf(task.placement)),
    })),
  }
}
