// What the administrator of an installation decides: defaults of every container, what a job may ask for beyond them,
// and the shared folders it may use. Read once from a file (src/wiring/site-file.ts); plain data here.
import type { CodeLimits } from './code-limits.ts'
import type { OverBudget } from './task-budget.ts'

export const PULL_POLICIES = ['always', 'missing', 'never'] as const
export type PullPolicy = (typeof PULL_POLICIES)[number]

/** One resource limit of a container; bytes or counts, -1 is unlimited. */
export type Ulimit = { readonly name: string; readonly soft: number; readonly hard: number }

/** Defaults of a container. */
export type ContainerDefaults = {
  /** Size of /dev/shm; null: half of the task's memory. */
  readonly shmBytes: number | null
  readonly ulimits: readonly Ulimit[]
  /** true: a task never gets more than the cores of its flavor, also while others idle. */
  readonly cpuLimit: boolean
  /** Device files of the host that every task gets, beside its own accelerators; may end in `*` (`/dev/infiniband/*`). */
  readonly devices: readonly string[]
  /** Linux capabilities without `CAP_`. Nothing is kept that is not named here or asked for. */
  readonly capabilities: readonly string[]
}

/** A folder that jobs may mount: what it is, and how far it may be written. */
export type SiteVolume = {
  readonly source: VolumeSource
  /** true: a job may only read it. */
  readonly readOnly: boolean
}
export type VolumeSource =
  | { readonly kind: 'host_path'; readonly path: string }
  | { readonly kind: 'nfs'; readonly server: string; readonly path: string }

/** A preset engine: a name that jobs ask for, and the image it stands for. */
export type Engine = {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly imageUrl: string
  /** uid of jobs that name none; null: the site's. */
  readonly runUser: string | null
  readonly v1Compatible: boolean
}

export type Site = {
  readonly pullPolicy: PullPolicy
  readonly container: ContainerDefaults
  /** Overrides of `container` by flavor id. */
  readonly flavors: Readonly<Record<string, Partial<ContainerDefaults>>>
  /** uid of jobs that name no `run_user`; null: the one of the job's generation. */
  readonly runUser: number | null
  /** Device files that were here when the server started; what patterns such as `/dev/infiniband/*` stand for. */
  readonly deviceFiles: readonly string[]
  /** What a job may ask for. */
  readonly allow: {
    readonly root: boolean
    readonly hostNetwork: boolean
    /** null: as much as the task's memory. */
    readonly shmBytes: number | null
    readonly devices: readonly string[]
    readonly capabilities: readonly string[]
    /** What a job may choose instead of `pullPolicy`. */
    readonly pullPolicies: readonly PullPolicy[]
    /** Highest hard limits a job may ask for, by name. */
    readonly ulimits: Readonly<Record<string, number>>
  }
  readonly volumes: readonly SiteVolume[]
  readonly engines: readonly Engine[]
  /** Host folders below which `log_export_path.host_path` may lie. */
  readonly logExportPaths: readonly string[]
  /** Folder on a chosen disk below which each task gets its own /cache; null: in the data folder. */
  readonly cacheDir: string | null
  readonly docker: {
    /** Socket of the engine; null: DOCKER_HOST, else /var/run/docker.sock. */
    readonly socket: string | null
    /** IPv4 range that networks of jobs are cut from. */
    readonly networkRange: string
    /** true: the networks have no way out. For tests and closed rooms. */
    readonly internalNetworks: boolean
  }
  /** How much code a job may bring. */
  readonly code: CodeLimits
  /** How often a user may ask the API in a project; bursts may be larger. */
  readonly api: { readonly perSecond: number; readonly burst: number }
  readonly disk: {
    /** New jobs are refused while a disk of the installation has less free than this. */
    readonly minFreeBytes: number
    /** Most that a task may keep in /cache, its homes and /tmp. null: no budget. */
    readonly cacheBytes: number | null
    /** What happens past that. */
    readonly cacheOver: OverBudget
    /** Most that is kept of what tasks read from stores elsewhere; 0: nothing. */
    readonly inputBytes: number
    /** Most that is kept of what one job prints. */
    readonly jobLogBytes: number
    /** Most the logs may take; the oldest ended jobs' go first. null: no budget. */
    readonly logBytes: number | null
    /** Logs of ended jobs are kept this long; null: for ever. */
    readonly logDays: number | null
  }
}

/** An installation whose administrator said nothing. */
export const DEFAULT_SITE: Site = {
  pullPolicy: 'missing',
  container: {
    ...{ shmBytes: null, cpuLimit: false, ulimits: [{ name: 'core', soft: 0, hard: 0 }] },
    ...{ devices: [], capabilities: [] },
  },
  flavors: {},
  runUser: null,
  deviceFiles: [],
  allow: {
    ...{ root: false, hostNetwork: false, shmBytes: null, devices: [], capabilities: [], ulimits: {} },
    pullPolicies: PULL_POLICIES,
  },
  volumes: [],
  engines: [],
  logExportPaths: [],
  cacheDir: null,
  docker: { socket: null, networkRange: '10.212.0.0/16', internalNetworks: false },
  code: { maxBytes: 5 * 2 ** 30, maxFiles: 1024, maxDepth: 32 },
  api: { perSecond: 2000, burst: 4000 },
  disk: {
    minFreeBytes: 1 << 30,
    cacheBytes: null,
    cacheOver: 'warn',
    inputBytes: 10 * 2 ** 30,
    jobLogBytes: 10 * 2 ** 30,
    logBytes: null,
    logDays: null,
  },
}
