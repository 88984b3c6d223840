// The programs, links and closed folders of an image, kept while its files go by: enough to say what a name on PATH
// starts and who may start it. Whole trees are never kept.
import { EXECUTE, may } from './access.ts'
import { type MachineName, type Program, type Python, TASK_USERS } from './facts.ts'
import { baseName, foldersAbove, followLinks, parentOf } from './links.ts'

/** What is kept of each kind; images have some thousands. */
const MOST_KEPT = 100_000
/** Links above this depth may stand in the way of anything (`/bin`, `/opt/conda`). */
const LINK_DEPTH = 4

type Owned = { readonly mode: number; readonly uid: number; readonly gid: number }
type Binary = Owned & { machine: MachineName | null }

const PYTHON_NAMES = ['python', 'python3', 'python2']
const BIN = /\/s?bin$/
const PYTHON_LIBRARY = /^(.*)\/lib\/python(\d\.\d{1,2})$/

export class Programs {
  readonly #path: readonly string[]
  readonly #links = new Map<string, string>()
  readonly #binaries = new Map<string, Binary>()
  /** Folders that not everybody may pass through. */
  readonly #closed = new Map<string, Owned>()
  readonly #libraries = new Map<string, string[]>()
  #isFull = false

  /** `path` are the folders of PATH. */
  constructor(path: readonly string[]) {
    this.#path = path
  }

  /** More of something than any image has: what is said about programs may be wrong. */
  get isFull(): boolean {
    return this.#isFull
  }

  noteLink(path: string, target: string): void {
    const depth = path.split('/').length - 1
    if (depth <= LINK_DEPTH || this.#holdsPrograms(parentOf(path))) this.#keep(this.#links, path, target)
  }

  /** A second name of a file is as good as a link to it. `target` is a whole path. */
  noteHardLink(path: string, target: string): void {
    if (this.#holdsPrograms(parentOf(path))) this.#keep(this.#links, path, target)
  }

  noteFolder(path: string, owned: Owned): void {
    if ((owned.mode & EXECUTE) === 0) this.#keep(this.#closed, path, owned)
    const [, prefix, version = ''] = PYTHON_LIBRARY.exec(path) ?? []
    if (prefix !== undefined) this.#keep(this.#libraries, prefix, [...this.#versionsBelow(prefix), version])
  }

  /** Is this one to be kept, so that `noteMachine` should follow? */
  noteFile(path: string, owned: Owned): boolean {
    if ((owned.mode & 0o111) === 0 || !this.#holdsPrograms(parentOf(path))) return false
    this.#keep(this.#binaries, path, { ...owned, machine: null })
    return true
  }

  noteMachine(path: string, machine: MachineName | null): void {
    const binary = this.#binaries.get(path)
    if (binary !== undefined) binary.machine = machine
  }

  /** The program at a path; null when there is none, or links lead in a circle. */
  at(path: string): Program | null {
    const target = this.follow(path)
    const binary = target === null ? undefined : this.#binaries.get(target)
    if (target === null || binary === undefined) return null
    const closedTo = Object.values(TASK_USERS)
      .filter((user) => !may(user, binary, EXECUTE) || this.#isClosed(target, user))
      .map(({ uid }) => uid)
    return { path, target, machine: binary.machine, closedTo }
  }

  /** The first of that name on PATH. */
  onPath(name: string): Program | null {
    for (const folder of this.#path) {
      const found = this.at(`${folder.replace(/\/+$/, '')}/${name}`)
      if (found !== null) return found
    }
    return null
  }

  /** Each name as PATH finds it, best known first. */
  pythons(): Python[] {
    return PYTHON_NAMES.flatMap((name) => {
      const found = this.onPath(name)
      return found === null ? [] : [{ ...found, version: this.#versionOf(found.target) }]
    })
  }

  /** Where links lead from here; null for a circle. */
  follow(path: string): string | null {
    return followLinks(path, (one) => this.#links.get(one))
  }

  #versionOf(target: string): string | null {
    const named = /^python(\d\.\d{1,2})$/.exec(baseName(target))?.[1]
    if (named !== undefined) return named
    const versions = this.#versionsBelow(parentOf(parentOf(target)))
    return versions.length === 1 ? (versions[0] ?? null) : null
  }

  #versionsBelow(prefix: string): readonly string[] {
    return this.#libraries.get(prefix === '/' ? '' : prefix) ?? []
  }

  #isClosed(path: string, user: { readonly uid: number; readonly gid: number }): boolean {
    return foldersAbove(path).some((folder) => {
      const closed = this.#closed.get(folder)
      return closed !== undefined && !may(user, closed, EXECUTE)
    })
  }

  #holdsPrograms(folder: string): boolean {
    return BIN.test(folder) || this.#path.includes(folder)
  }

  #keep<T>(kept: Map<string, T>, path: string, value: T): void {
    if (kept.size >= MOST_KEPT && !kept.has(path)) this.#isFull = true
    else kept.set(path, value)
  }
}
