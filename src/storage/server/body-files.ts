// The immutable body files: `bodies/xx/yy/<random>`. New files share one random folder for a while, so that
// a group of small objects costs one flush of one folder instead of a new folder each.
// A file being read is not removed before its last reader is done.

import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { newShortId } from '../../lib/id.ts'
import { createTurns } from '../turns.ts'
import { syncFolder } from './group-commit.ts'

const FILES_PER_FOLDER = 512

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTEMPTY')

/** Names, opens and removes body files of one store. */
export class BodyFiles {
  readonly root: string
  /** Who sums up what comes in, one at a time (docs/adr/0007-event-loop.md). */
  readonly turns = createTurns()
  #folder: { readonly name: string; readonly ready: Promise<void>; files: number } | undefined
  #readers = new Map<string, number>()
  #doomed = new Set<string>()

  constructor(dir: string) {
    this.root = join(dir, 'bodies')
  }

  /** Absolute path of a body file or of its folder. */
  path(file: string): string {
    return join(this.root, file)
  }

  /** Absolute path of the folder a body file stands in, to be flushed before its row is committed. */
  folderOf(file: string): string {
    return join(this.root, file.slice(0, file.lastIndexOf('/')))
  }

  /** Makes a new, empty body file, readable by its owner only. */
  async create(): Promise<{ file: string; handle: FileHandle }> {
    const folder = this.#currentFolder()
    try {
      await folder.ready
    } catch (error) {
      // Forget it: the next upload tries another folder (a full disk may have room again).
      if (this.#folder === folder) this.#folder = undefined
      throw error
    }
    const file = `${folder.name}/${newShortId(24)}`
    return { file, handle: await open(this.path(file), 'wx', 0o600) }
  }

  #currentFolder() {
    if (this.#folder === undefined || this.#folder.files >= FILES_PER_FOLDER) {
      const [upper, lower] = [...randomBytes(2)].map((byte) => byte.toString(16).padStart(2, '0'))
      const name = `${upper}/${lower}`
      const make = async () => {
        await mkdir(this.path(name), { recursive: true, mode: 0o700 })
        await syncFolder(this.path(upper ?? ''))
        await syncFolder(this.root)
      }
      this.#folder = { name, ready: make(), files: 0 }
    }
    this.#folder.files += 1
    return this.#folder
  }

  /** Keeps `files` on disk until the returned function is called. */
  pin(files: readonly string[]): () => Promise<void> {
    for (const file of files) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1)
    let released = false
    return async () => {
      if (released) return
      released = true
      for (const file of files) {
        const left = (this.#readers.get(file) ?? 1) - 1
        if (left > 0) this.#readers.set(file, left)
        else this.#readers.delete(file)
      }
      await this.remove(files.filter((file) => this.#doomed.has(file)))
    }
  }

  /** Removes files that no row names any more, at once or after their last reader. Missing ones are fine. */
  async remove(files: readonly string[]): Promise<void> {
    for (const file of files) {
      if (this.#readers.has(file)) {
        this.#doomed.add(file)
        continue
      }
      this.#doomed.delete(file)
      await unlink(this.path(file)).catch((error: unknown) => {
        if (!isGone(error)) throw error
      })
    }
  }

  /** Every body file on disk. */
  async *list(): AsyncGenerator<string> {
    for (const upper of await readdir(this.root))
      for (const lower of await readdir(this.path(upper)))
        for (const name of await readdir(this.path(`${upper}/${lower}`))) yield `${upper}/${lower}/${name}`
  }

  /** Removes folders that hold nothing. Only while nobody writes. */
  async removeEmptyFolders(): Promise<void> {
    const attempt = (path: string) =>
      rmdir(path).catch((error: unknown) => {
        if (!isGone(error)) throw error
      })
    for (const upper of await readdir(this.root)) {
      for (const lower of await readdir(this.path(upper))) await attempt(this.path(`${upper}/${lower}`))
      await attempt(this.path(upper))
    }
  }
}
