// The identities as they are now: read from the rows at start and after every change, ours or another server's, and
// looked up in memory while a request waits.
import type { Clock } from '../lib/clock.ts'
import { type Directory, directoryOf } from './directory.ts'
import type { IdentityStore } from './identity.ts'
import type { Identities } from './proof.ts'
import type { TokenKeys } from './token.ts'

export type LiveIdentityParts = {
  readonly store: IdentityStore
  readonly keys: TokenKeys
  readonly clock: Clock
  /** When a key was last used could not be written down. */
  readonly onError: (error: unknown) => void
}

const NOBODY: Directory = directoryOf({
  users: [],
  projects: [],
  memberships: [],
  keys: [],
  revokedTokens: [],
})
/** `last_used_at` is kept to the minute, or every request would be a write. */
const NOTE_USE_MS = 60_000

export class LiveIdentity implements AsyncDisposable {
  readonly #parts: LiveIdentityParts
  readonly #listeners: (() => void)[] = []
  readonly #used = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  #directory: Directory = NOBODY
  #begun = 0
  #shown = 0

  private constructor(parts: LiveIdentityParts) {
    this.#parts = parts
    this.#timer = setInterval(() => void this.#writeUses(), NOTE_USE_MS)
    this.#timer.unref()
  }

  /** Reads the rows. */
  static async open(parts: LiveIdentityParts): Promise<LiveIdentity> {
    const live = new LiveIdentity(parts)
    await live.reload()
    return live
  }

  get directory(): Directory {
    return this.#directory
  }

  /** What proofs are checked against now. */
  now(): Identities {
    return { directory: this.#directory, keys: this.#parts.keys, now: this.#parts.clock.now() }
  }

  async reload(): Promise<void> {
    const mine = ++this.#begun
    const directory = directoryOf(await this.#parts.store.read())
    // Of two reads at once the one that began later has seen more.
    if (mine < this.#shown) return
    this.#shown = mine
    this.#directory = directory
    for (const listener of this.#listeners) listener()
  }

  /** Calls `listener` whenever something may have changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Changes rows; what is looked up afterwards knows of it. */
  async change<T>(work: (store: IdentityStore) => Promise<T>): Promise<T> {
    const result = await work(this.#parts.store)
    await this.reload()
    return result
  }

  noteUse(accessKey: string): void {
    this.#used.set(accessKey, this.#parts.clock.now().getTime())
  }

  async #writeUses(): Promise<void> {
    if (this.#used.size === 0) return
    const uses = new Map(this.#used)
    this.#used.clear()
    await this.#parts.store.noteUse(uses).catch((error: unknown) => this.#parts.onError(error))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#writeUses()
  }
}
