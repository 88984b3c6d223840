// The fake's memory: one small file per task, so that a restarted server sees the same tasks.
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newShortId } from '../../lib/id.ts'
import type { FakeTask } from './state.ts'

export class FakeStore {
  readonly #dir: string

  private constructor(dir: string) {
    this.#dir = dir
  }

  static async open(dir: string): Promise<FakeStore> {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    return new FakeStore(dir)
  }

  async read(name: string): Promise<FakeTask | null> {
    try {
      return JSON.parse(await readFile(this.#path(name), 'utf8')) as FakeTask
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  async all(): Promise<FakeTask[]> {
    const names = (await readdir(this.#dir)).filter((name) => name.endsWith('.json'))
    const found = await Promise.all(names.map((name) => this.read(name.slice(0, -'.json'.length))))
    return found.filter((fake) => fake !== null)
  }

  /** False when the task exists, in any state. */
  async create(name: string, fake: FakeTask): Promise<boolean> {
    const draft = await this.#draft(name, fake)
    try {
      await link(draft, this.#path(name))
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      await rm(draft, { force: true })
    }
  }

  async replace(name: string, fake: FakeTask): Promise<void> {
    await rename(await this.#draft(name, fake), this.#path(name))
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true })
  }

  async #draft(name: string, fake: FakeTask): Promise<string> {
    const draft = join(this.#dir, `${name}.${newShortId()}.draft`)
    await writeFile(draft, JSON.stringify(fake), { mode: 0o600 })
    return draft
  }

  #path(name: string): string {
    return join(this.#dir, `${name}.json`)
  }
}
