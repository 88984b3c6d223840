// A little disk space held back, so that deleting still works when the disk is full: the row's removal has to be
// written somewhere before the bytes of the body come free.
import { unlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

const RESERVE_BYTES = 256 * 1024

/** The space held back in a store's folder. */
export class DiskReserve {
  #path: string
  #held = false

  constructor(dir: string) {
    this.#path = join(dir, 'reserve')
  }

  /** Takes the space if there is any; without it, the store works on without a reserve. */
  async hold(): Promise<void> {
    if (this.#held) return
    this.#held = true
    try {
      await using handle = await open(this.#path, 'w', 0o600)
      await handle.writeFile(Buffer.alloc(RESERVE_BYTES, 1))
    } catch {
      this.release()
    }
  }

  /** Gives the space back to the disk; false when there was none. */
  release(): boolean {
    if (!this.#held) return false
    this.#held = false
    try {
      unlinkSync(this.#path)
      return true
    } catch {
      return false
    }
  }
}
