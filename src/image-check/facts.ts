// What is known of an image: what its configuration says, and what a look through its files showed. Plain data; nothing
// of the image was run to get it.

/** Names of machines as images have them (GOARCH): `amd64`, `arm64`. */
export type MachineName = string

export type ImageConfig = {
  /** As in USER: empty, a name or a number, perhaps with `:group`. */
  readonly user: string
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  /** `NAME=value` */
  readonly env: readonly string[]
  readonly workingDir: string
  readonly architecture: MachineName
  readonly os: string
  /** As the engine counts it: unpacked, all layers. */
  readonly sizeBytes: number
  readonly layers: number
  /** ISO 8601; empty when the image does not say. */
  readonly created: string
  readonly labels: Readonly<Record<string, string>>
}

/** How many there are, and the first of them. */
export type Sample<T> = { readonly count: number; readonly first: readonly T[] }

/** `mode` has the permission bits with setuid, setgid and sticky. */
export type FoundFile = {
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export type Program = {
  /** Where it is looked for. */
  readonly path: string
  /** Where links lead. */
  readonly target: string
  /** What it is compiled for, from its first bytes; null for scripts and what cannot be told. */
  readonly machine: MachineName | null
  /** Those of TASK_USERS that may not start it: its own mode, or a folder on the way. */
  readonly closedTo: readonly number[]
}

export type Python = Program & {
  /** `3.11`; null when neither its name nor its library tells. */
  readonly version: string | null
}

export type Account = {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

export type InstalledPackage = { readonly name: string; readonly version: string; readonly path: string }

export type CannPart = {
  /** `ascend-toolkit`, `nnrt`, … */
  readonly component: string
  readonly version: string
  /** As its own file says (`aarch64`); null when it does not. */
  readonly machine: MachineName | null
  readonly path: string
}

export type FileFacts = {
  /** Why the look ended before the last file; null when everything was seen. */
  readonly stoppedBecause: string | null
  readonly entries: number
  readonly bytes: number
  readonly accounts: readonly Account[]
  readonly groups: readonly { readonly name: string; readonly gid: number }[]
  /** `Debian GNU/Linux 12 (bookworm)` */
  readonly system: string | null
  readonly libc: readonly ('glibc' | 'musl')[]
  readonly bash: Program | null
  readonly sh: Program | null
  /** `python`, `python3`, `python2` in the order of PATH. */
  readonly pythons: readonly Python[]
  readonly pip: string | null
  /** Roots of conda installations. */
  readonly condas: readonly string[]
  readonly homeWork: FoundFile | null
  readonly homeMaUser: FoundFile | null
  readonly tmp: FoundFile | null
  /** Below its own home, what the user of that generation cannot read. */
  readonly unreadable: { readonly work: Sample<string>; readonly maUser: Sample<string> }
  readonly runTrain: (FoundFile & { readonly hasCarriageReturns: boolean }) | null
  /** Files of the ModelArts base images in /home/work, by name. */
  readonly platformTools: readonly string[]
  readonly moxing: readonly string[]
  readonly packages: readonly InstalledPackage[]
  readonly cann: readonly CannPart[]
  readonly ascendDriver: { readonly files: number; readonly version: string | null }
  readonly gpuDriver: Sample<string>
  /** Files below /usr/local/nvidia. */
  readonly nvidiaMount: number
  readonly setuidRoot: Sample<FoundFile>
  readonly setuidOther: Sample<FoundFile>
  /** Folders that everybody may write and that have no sticky bit. */
  readonly worldWritable: Sample<string>
  /** Files and folders of the two users of tasks. */
  readonly ownedBy1000: number
  readonly ownedBy1101: number
  /** Of what LD_PRELOAD names, what is not there. */
  readonly missingPreloads: readonly string[]
}

export type ImageFacts = {
  /** Id on the engine, `sha256:…`. */
  readonly id: string
  /** Digest in its registry, or the id. */
  readonly digest: string
  readonly config: ImageConfig
  readonly files: FileFacts
  /** What the engine's machine runs. */
  readonly machine: MachineName
}

export type TaskUser = {
  readonly uid: number
  readonly gid: number
  readonly name: string
  readonly home: string
}

/** Who runs tasks (ModelArts image rules: default user). */
export const TASK_USERS = {
  1: { uid: 1101, gid: 1101, name: 'work', home: '/home/work' },
  2: { uid: 1000, gid: 100, name: 'ma-user', home: '/home/ma-user' },
} as const satisfies Record<1 | 2, TaskUser>

/** Value of a variable of the image; null when it has none. */
export function variable({ env }: Pick<ImageConfig, 'env'>, name: string): string | null {
  const entry = env.findLast((one) => one.startsWith(`${name}=`))
  return entry === undefined ? null : entry.slice(name.length + 1)
}

const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The folders of PATH; those of an image that sets none are the engine's. Relative ones are left out. */
export const searchPath = (config: Pick<ImageConfig, 'env'>): string[] =>
  (variable(config, 'PATH') ?? USUAL_PATH).split(':').filter((folder) => folder.startsWith('/'))
