// The file system of a task as bwrap options: an empty root, the machine's programs read-only, our folders writable.
import { type DeviceWiring, deviceFilesOf } from '../../accelerator/device-wiring.ts'
import { AppError } from '../../api/error.ts'
import { TASK_PATHS } from '../../api/task-constants.ts'
import { WRITABLE_DIRS } from '../../job/places.ts'
import { type ContainerVolume, formatSource } from '../../job/volumes.ts'
import { RUN_DIR, SPOOL_DIR, type TaskSubfolder } from '../task-folder.ts'
import { TASK_FILES } from './layout.ts'
import type { HostMachine } from './machine.ts'

export type Mount = {
  readonly kind: 'ro-bind' | 'bind' | 'dev-bind' | 'symlink' | 'tmpfs' | 'proc' | 'dev'
  /** Path on this machine, or the text of a link; empty for file systems made on the spot. */
  readonly source: string
  readonly target: string
  /** Octal, for tmpfs. */
  readonly mode?: string
  /** For tmpfs; half of the machine's memory when left out. */
  readonly sizeBytes?: number
}

/** Places every image has, each on its own folder of the disk; the other writable folders lie in one of them or get their own. */
const BASES: Readonly<Record<string, string>> = {
  '/home/work': 'home-work',
  '/home/ma-user': 'ma-user',
  '/user/config': 'user-config',
  '/cache': 'cache',
  '/tmp': 'tmp',
}

const RESERVED = ['/proc', '/dev', '/sys', TASK_PATHS.runtime, TASK_PATHS.runDir]

const isUnder = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`)

/** Refuses a folder that cannot be writable in a task, naming folder, uid and why (decisions.md 1.6). */
function checkWritable(machine: HostMachine, path: string, uid: number): void {
  const fail = (why: string): never => {
    throw new AppError(
      'InvalidParam',
      `The folder ${JSON.stringify(path)} cannot be made writable for uid ${uid}: ${why}`,
    )
  }
  if (!path.startsWith('/') || path === '/') fail('give an absolute path below "/"')
  if (
    /\p{Cc}/u.test(path) ||
    path
      .split('/')
      .slice(1)
      .some((part) => part === '' || part === '.' || part === '..')
  ) {
    fail('give it without empty parts, ".", ".." and control characters')
  }
  const readOnly = [...machine.root.map((entry) => entry.path), ...machine.optional, ...RESERVED]
  const holder = readOnly.find((parent) => isUnder(path, parent))
  if (holder !== undefined)
    fail(`${holder} is read-only in a task; choose a folder under /home, /tmp, /cache or /user`)
}

/** Folders that are bound writable, and every folder to make in them so that the task's uid owns each level. */
export function planWritable(
  machine: HostMachine,
  dirs: readonly string[],
  uid: number,
  cache: string | null = null,
): { folders: TaskSubfolder[]; mounts: Mount[] } {
  const wanted = [...new Set([...WRITABLE_DIRS, ...dirs])].sort(
    (a, b) => a.length - b.length || (a < b ? -1 : 1),
  )
  const bases = new Map(Object.entries(BASES))
  if (cache !== null) bases.set('/cache', cache)
  const made = new Set(bases.values())
  for (const path of wanted) {
    checkWritable(machine, path, uid)
    const base = [...bases.keys()]
      .filter((parent) => isUnder(path, parent))
      .sort((a, b) => b.length - a.length)[0]
    if (base === undefined) {
      const folder = `extra-${bases.size - Object.keys(BASES).length}`
      bases.set(path, folder)
      made.add(folder)
      continue
    }
    let folder = bases.get(base) ?? ''
    for (const part of path
      .slice(base.length + 1)
      .split('/')
      .filter(Boolean)) {
      folder += `/${part}`
      made.add(folder)
    }
  }
  const folders = [...made].map((path) => ({
    path,
    mode: path === 'tmp' ? 0o1777 : 0o755,
    owner: 'task' as const,
  }))
  const mounts = [...bases].map(([target, source]) => ({ kind: 'bind' as const, source, target }))
  return { folders, mounts }
}

export type MountInput = {
  /** The task's folder on this machine. */
  readonly folder: string
  readonly writable: readonly Mount[]
  readonly mountRunTrain: boolean
  readonly wiring: DeviceWiring
  /** Device files the job asked for. */
  readonly devices: readonly string[]
  readonly volumes: readonly ContainerVolume[]
  readonly shmBytes: number
}

/** Throws AppError for a volume that cannot be mounted without a container engine, or not there. */
function volumeMount(machine: HostMachine, { source, target, readOnly }: ContainerVolume): Mount {
  if (source.kind === 'nfs')
    throw new AppError(
      'NotSupported',
      `spec.volumes: got ${JSON.stringify(formatSource(source))}; valid on the host backend: host_path, with the share mounted by the administrator`,
    )
  const readOnlyRoot = [...machine.root.map(({ path }) => path), ...machine.optional]
  const holder = readOnlyRoot.find((parent) => isUnder(target, parent))
  if (holder !== undefined)
    throw new AppError(
      'InvalidParam',
      `spec.volumes: got local_path ${JSON.stringify(target)}; valid on the host backend: a path outside ${holder}, such as /data`,
    )
  return { kind: readOnly ? 'ro-bind' : 'bind', source: source.path, target }
}

/** All mounts of a task, parents before children. Sources are absolute. */
export function planMounts(machine: HostMachine, input: MountInput): Mount[] {
  const own = (path: string): string => (path.startsWith('/') ? path : `${input.folder}/${path}`)
  const ro = (source: string, target = source): Mount => ({ kind: 'ro-bind', source, target })
  const visible = [...machine.root.map((entry) => entry.path), ...machine.optional]
  const mounts: Mount[] = [
    ...machine.root.map(
      (entry): Mount =>
        entry.linkTo === null
          ? ro(entry.path)
          : { kind: 'symlink', source: entry.linkTo, target: entry.path },
    ),
    ...machine.optional.map((path) => ro(path)),
    ...machine.linkTargets.map((path) => ro(path)),
    { kind: 'proc', source: '', target: '/proc' },
    { kind: 'dev', source: '', target: '/dev' },
    { kind: 'tmpfs', source: '', target: '/dev/shm', mode: '1777', sizeBytes: input.shmBytes },
    ...deviceFilesOf(input.wiring, input.devices).map((path): Mount => ({ kind: 'dev-bind', ...path })),
    ...input.wiring.mounts
      .filter(({ target }) => !visible.some((path) => isUnder(target, path)))
      .map(({ source, target }) => ro(source, target)),
    ro('/sys'),
    ro(own(TASK_FILES.hosts), '/etc/hosts'),
    ro(own(TASK_FILES.passwd), '/etc/passwd'),
    ro(own(TASK_FILES.group), '/etc/group'),
    ro(machine.runtimeDir, TASK_PATHS.runtime),
    // A socket can be connected to on a read-only mount, and nobody can put another one in its place.
    ro(own(RUN_DIR), TASK_PATHS.runDir),
    { kind: 'bind', source: own(SPOOL_DIR), target: TASK_PATHS.spool },
    ...input.writable.map((mount) => ({ ...mount, source: own(mount.source) })),
    ...input.volumes.map((volume) => volumeMount(machine, volume)),
  ]
  if (input.mountRunTrain) mounts.push(ro(machine.runTrainPath, '/home/work/run_train.sh'))
  if (visible.some((path) => isUnder(machine.dataDir, path))) {
    mounts.push({ kind: 'tmpfs', source: '', target: machine.dataDir, mode: '0700' })
  }
  const depth = (mount: Mount): number => mount.target.split('/').length
  return mounts.sort((a, b) => depth(a) - depth(b))
}

/** bwrap's options for the mounts. bwrap makes missing parents 0700, so those outside any mount are made before, 0755. */
export function mountOptions(mounts: readonly Mount[]): string[] {
  const options = ['--perms', '0755', '--tmpfs', '/']
  const done = new Set<string>()
  for (const mount of mounts) {
    const parts = mount.target.split('/').slice(1, -1)
    parts.forEach((_, index) => {
      const parent = `/${parts.slice(0, index + 1).join('/')}`
      // /dev is made on the spot: folders of device files in it are not there yet.
      const covers = ({ kind, target }: Mount): boolean =>
        kind === 'dev' ? parent === target : isUnder(parent, target)
      if (done.has(parent) || mounts.some(covers)) return
      done.add(parent)
      options.push('--perms', '0755', '--dir', parent)
    })
    if (mount.mode !== undefined) options.push('--perms', mount.mode)
    if (mount.sizeBytes !== undefined) options.push('--size', String(mount.sizeBytes))
    options.push(`--${mount.kind}`, ...(mount.source === '' ? [] : [mount.source]), mount.target)
  }
  return [...options, '--remount-ro', '/']
}
