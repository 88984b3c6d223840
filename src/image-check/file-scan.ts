// Takes the files of an image one after the other, as an archive has them, and keeps what the rules need. The archive is
// somebody else's: everything kept is bounded, and names that no file can have are passed over.
import { EXECUTE, may, READ } from './access.ts'
import {
  type FileFacts,
  type FoundFile,
  type ImageConfig,
  searchPath,
  TASK_USERS,
  variable,
} from './facts.ts'
import { cleanPath, parentOf } from './links.ts'
import { Programs } from './programs.ts'
import {
  ELF_HEAD,
  readCann,
  readGroup,
  readMachine,
  readPasswd,
  readSystem,
  readVersion,
  type VersionFile,
} from './read-files.ts'
import { Sampler } from './sample.ts'
import { driverOf, isGlibc, isMusl, packageOf, smallFileSize, toolOf } from './well-known.ts'

export type Entry = {
  /** As the archive has it. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'hard-link' | 'other'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  /** Of links, as the archive has it. */
  readonly target: string
}

export type ScanLimits = { readonly entries: number; readonly bytes: number }

/** Far above any image that can be used; below what would keep a server busy for hours. */
export const SCAN_LIMITS: ScanLimits = { entries: 5_000_000, bytes: 256 * 2 ** 30 }

/** Lists of names end here; what an honest image has is far below. */
const MOST_LISTED = 200

export class FileScan {
  readonly #limits: ScanLimits
  readonly #programs: Programs
  readonly #preloads: Set<string>
  readonly #seenPreloads = new Set<string>()
  readonly #texts = new Map<string, string>()
  readonly #versionFiles: VersionFile[] = []
  readonly #folders = new Map<string, FoundFile>()
  readonly #libc = new Set<'glibc' | 'musl'>()
  readonly #lists = {
    condas: new Set<string>(),
    platformTools: new Set<string>(),
    moxing: new Set<string>(),
  }
  readonly #packages = new Map<string, FileFacts['packages'][number]>()
  readonly #samples = {
    work: new Sampler<string>(),
    maUser: new Sampler<string>(),
    gpuDriver: new Sampler<string>(),
    setuidRoot: new Sampler<FoundFile>(),
    setuidOther: new Sampler<FoundFile>(),
    worldWritable: new Sampler<string>(),
  }
  readonly #counts = { entries: 0, bytes: 0, driver: 0, nvidia: 0, by1000: 0, by1101: 0 }
  #runTrain: FoundFile | null = null
  #stoppedBecause: string | null = null
  #current: string | null = null

  constructor(config: Pick<ImageConfig, 'env'>, limits: ScanLimits = SCAN_LIMITS) {
    this.#limits = limits
    this.#programs = new Programs(searchPath(config))
    const preloads = (variable(config, 'LD_PRELOAD') ?? '').split(/[\s:]+/)
    this.#preloads = new Set(
      preloads.filter((path) => path.startsWith('/') && !path.includes('$')).slice(0, MOST_LISTED),
    )
  }

  /** Set once a limit is reached: nothing more has to be read. */
  get stoppedBecause(): string | null {
    return this.#stoppedBecause
  }

  get progress(): { readonly entries: number; readonly bytes: number } {
    return this.#counts
  }

  /** Takes the next entry and says how many of its first bytes `content` wants to have; 0: none. */
  see(entry: Entry): number {
    this.#current = null
    const counts = this.#counts
    counts.entries++
    if (entry.kind === 'file') counts.bytes += entry.sizeBytes
    this.#checkLimits()
    const path = cleanPath(entry.name)
    if (path === null || path === '/') return 0
    this.#current = path
    const found = { path, mode: entry.mode & 0o7777, uid: entry.uid, gid: entry.gid }
    if (found.uid === 1000) counts.by1000++
    if (found.uid === 1101) counts.by1101++
    if (this.#preloads.has(path)) this.#seenPreloads.add(path)
    this.#noteNames(path, entry)
    switch (entry.kind) {
      case 'folder':
        this.#noteFolder(found)
        return 0
      case 'link':
        this.#programs.noteLink(path, entry.target)
        return 0
      case 'hard-link': {
        const target = cleanPath(entry.target)
        if (target !== null && target !== path) this.#programs.noteHardLink(path, target)
        this.#noteSetuid(found)
        return 0
      }
      case 'file':
        return this.#noteFile(found, entry.sizeBytes)
      case 'other':
        return 0
    }
  }

  /** The first bytes of what was seen last, as many as were wanted or as there are. */
  content(bytes: Uint8Array): void {
    const path = this.#current
    if (path === null) return
    const size = smallFileSize(path)
    if (size === 0) this.#programs.noteMachine(path, readMachine(bytes))
    else if (path.includes('/Ascend/')) this.#versionFiles.push({ path, text: textOf(bytes) })
    else this.#texts.set(path, textOf(bytes))
  }

  #checkLimits(): void {
    const { entries, bytes } = this.#limits
    if (this.#counts.entries > entries)
      this.#stoppedBecause ??= `it has more than ${entries.toLocaleString('en')} files`
    if (this.#counts.bytes > bytes)
      this.#stoppedBecause ??= `its files are larger than ${Math.round(bytes / 2 ** 30)} GiB together`
  }

  #noteNames(path: string, { kind, sizeBytes }: Entry): void {
    const { condas, platformTools, moxing } = this.#lists
    if (isGlibc(path)) this.#libc.add('glibc')
    if (isMusl(path)) this.#libc.add('musl')
    if (path.endsWith('/conda-meta/history')) listed(condas, parentOf(parentOf(path)))
    const tool = toolOf(path)
    if (tool !== null) listed(platformTools, tool)
    if (/\/moxing\/__init__\.pyc?$/.test(path)) listed(moxing, parentOf(path))
    const found = packageOf(path)
    if (found !== null && this.#packages.size < MOST_LISTED)
      this.#packages.set(`${found.name} ${found.version}`, found)
    if (kind !== 'file' || sizeBytes === 0) return
    const driver = driverOf(path)
    if (driver === 'ascend') this.#counts.driver++
    if (driver === 'nvidia') this.#samples.gpuDriver.add(path)
    if (path.startsWith('/usr/local/nvidia/')) this.#counts.nvidia++
  }

  #noteFolder(found: FoundFile): void {
    const { path, mode } = found
    this.#programs.noteFolder(path, found)
    this.#noteHome(found, READ | EXECUTE)
    if (path === '/tmp' || path === TASK_USERS[1].home || path === TASK_USERS[2].home)
      this.#folders.set(path, found)
    if ((mode & 0o1002) === 0o0002) this.#samples.worldWritable.add(path)
  }

  #noteFile(found: FoundFile, sizeBytes: number): number {
    const { path } = found
    this.#noteHome(found, READ)
    this.#noteSetuid(found)
    if (path === '/home/work/run_train.sh') this.#runTrain = found
    const isProgram = this.#programs.noteFile(path, found)
    const size = smallFileSize(path)
    if (path.includes('/Ascend/') && this.#versionFiles.length >= MOST_LISTED) return 0
    return Math.min(sizeBytes, size > 0 ? size : isProgram ? ELF_HEAD : 0)
  }

  #noteHome(found: FoundFile, bits: number): void {
    const { path } = found
    if (path.startsWith('/home/work/') && !may(TASK_USERS[1], found, bits)) this.#samples.work.add(path)
    if (path.startsWith('/home/ma-user/') && !may(TASK_USERS[2], found, bits)) this.#samples.maUser.add(path)
  }

  /** Folders with setgid are usual and harmless. */
  #noteSetuid(found: FoundFile): void {
    if ((found.mode & 0o6000) === 0) return
    const { setuidRoot, setuidOther } = this.#samples
    if (found.uid === 0) setuidRoot.add(found)
    else setuidOther.add(found)
  }

  facts(): FileFacts {
    const programs = this.#programs
    const text = (path: string): string => this.#texts.get(path) ?? ''
    const { work, maUser, ...samples } = this.#samples
    const runTrain = this.#runTrain
    const driver = this.#versionFiles.find(({ path }) => path.startsWith('/usr/local/Ascend/driver/'))
    return {
      stoppedBecause:
        this.#stoppedBecause ?? (programs.isFull ? 'it has more programs and links than are kept' : null),
      entries: this.#counts.entries,
      bytes: this.#counts.bytes,
      accounts: readPasswd(text('/etc/passwd')),
      groups: readGroup(text('/etc/group')),
      system: readSystem(text('/etc/os-release') || text('/usr/lib/os-release')),
      libc: [...this.#libc].sort(),
      bash: programs.at('/bin/bash'),
      sh: programs.at('/bin/sh'),
      pythons: programs.pythons(),
      pip: (programs.onPath('pip') ?? programs.onPath('pip3'))?.path ?? null,
      condas: [...this.#lists.condas],
      homeWork: this.#folders.get(TASK_USERS[1].home) ?? null,
      homeMaUser: this.#folders.get(TASK_USERS[2].home) ?? null,
      tmp: this.#folders.get('/tmp') ?? null,
      unreadable: { work: work.sample, maUser: maUser.sample },
      runTrain: runTrain && { ...runTrain, hasCarriageReturns: text(runTrain.path).includes('\r\n') },
      platformTools: [...this.#lists.platformTools].sort(),
      moxing: [...this.#lists.moxing],
      packages: [...this.#packages.values()],
      cann: readCann(this.#versionFiles),
      ascendDriver: { files: this.#counts.driver, version: driver ? readVersion(driver.text) : null },
      nvidiaMount: this.#counts.nvidia,
      gpuDriver: samples.gpuDriver.sample,
      setuidRoot: samples.setuidRoot.sample,
      setuidOther: samples.setuidOther.sample,
      worldWritable: samples.worldWritable.sample,
      ownedBy1000: this.#counts.by1000,
      ownedBy1101: this.#counts.by1101,
      missingPreloads: [...this.#preloads].filter((path) => !this.#isThere(path)),
    }
  }

  /** `/lib/x.so` may have come by as `/usr/lib/x.so`, and the other way round. */
  #isThere(path: string): boolean {
    return this.#seenPreloads.has(path) || this.#programs.follow(path) !== path
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function listed(list: Set<string>, one: string): void {
  if (list.size < MOST_LISTED) list.add(one)
}
