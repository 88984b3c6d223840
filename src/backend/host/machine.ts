// What plan must know of this machine, read once when the backend opens, so that plan itself stays pure.
import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../api/error.ts'
import { inheritedFds, mayRaiseLimits } from '../process.ts'
import { loaderFor } from '../runtime.ts'
import { type CgroupSet, detectCgroups } from './cgroup.ts'

/** One top-level name of the machine's root as it appears in a task. */
export type RootEntry = { readonly path: string; readonly linkTo: string | null }

export type HostMachine = {
  /** Absolute folder `<data>/tasks`. */
  readonly tasksDir: string
  /** Data folder; covered when it lies inside a folder that tasks see. */
  readonly dataDir: string
  /** Host folder that becomes /opt/ropeway. */
  readonly runtimeDir: string
  /** File name of the dynamic loader in `<runtimeDir>/lib`. */
  readonly loader: string
  readonly runTrainPath: string
  readonly isRoot: boolean
  readonly mayRaiseLimits: boolean
  readonly tools: { readonly bwrap: string; readonly setpriv: string }
  readonly root: readonly RootEntry[]
  /** Folders under /opt except our own. */
  readonly optional: readonly string[]
  /** Targets of /etc links that lead out of the visible tree, such as a resolver's resolv.conf. */
  readonly linkTargets: readonly string[]
  readonly cgroups: CgroupSet
  readonly inheritedFds: readonly number[]
}

/** /usr, /etc and whatever is called bin, sbin or lib* at the top: links stay links, folders get bound. */
function rootEntries(): RootEntry[] {
  return readdirSync('/')
    .filter((name) => /^(usr|etc|bin|sbin|lib\w*)$/.test(name))
    .map((name) => `/${name}`)
    .flatMap((path): RootEntry[] => {
      const stat = lstatSync(path)
      if (stat.isSymbolicLink()) return [{ path, linkTo: readlinkSync(path) }]
      return stat.isDirectory() ? [{ path, linkTo: null }] : []
    })
}

function optionalFolders(): string[] {
  if (!existsSync('/opt')) return []
  return readdirSync('/opt', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'ropeway')
    .map((entry) => `/opt/${entry.name}`)
}

/** Files of /etc that tasks need and that some machines keep elsewhere. */
function linkTargets(root: readonly RootEntry[]): string[] {
  return ['/etc/resolv.conf', '/etc/localtime', '/etc/nsswitch.conf'].flatMap((path) => {
    if (!existsSync(path)) return []
    const real = realpathSync(path)
    return root.some((entry) => real.startsWith(`${entry.path}/`)) ? [] : [real]
  })
}

export type MachineOptions = Pick<
  HostMachine,
  'dataDir' | 'runtimeDir' | 'runTrainPath' | 'isRoot' | 'tools'
> & {
  readonly arch: string
  /** false: run without limits even where cgroups could be written. */
  readonly limits: boolean
}

/** Reads the facts. Throws AppError BackendUnavailable naming the tool that is missing. */
export function readMachine(options: MachineOptions): HostMachine {
  const { dataDir, runtimeDir, runTrainPath, isRoot, tools } = options
  const needed = isRoot ? [tools.bwrap, tools.setpriv] : [tools.bwrap]
  for (const tool of needed) {
    if (!existsSync(tool)) {
      throw new AppError(
        'BackendUnavailable',
        `${tool} is missing; the host backend needs the packages bubblewrap and util-linux`,
      )
    }
  }
  const root = rootEntries()
  return {
    tasksDir: join(dataDir, 'tasks'),
    dataDir,
    runtimeDir,
    loader: loaderFor(options.arch),
    runTrainPath,
    isRoot,
    mayRaiseLimits: isRoot && mayRaiseLimits('self'),
    tools,
    root,
    optional: optionalFolders(),
    linkTargets: linkTargets(root),
    inheritedFds: inheritedFds(),
    cgroups: options.limits ? detectCgroups() : {},
  }
}
