// What all tasks of an attempt have in common and a restarted server must find again: the image as it was resolved
// once, the network and the addresses. `<data>/tasks/.attempts/<job>-<attempt>.json`, whole or not there.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../../lib/atomic-file.ts'
import type { ResolvedImage } from './image.ts'

export type AttemptRecord = {
  readonly jobId: string
  readonly attempt: number
  readonly image: ResolvedImage
  /** null with the machine's own network. */
  readonly network: { readonly name: string; readonly subnet: string; readonly kind: 'own' | 'shared' } | null
  /** By the task that leads its host. */
  readonly addresses: Readonly<Record<string, string>>
}

export const RECORDS_DIR = '.attempts'

async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The records of one data folder. */
export class AttemptRecords {
  readonly #dir: string

  constructor(tasksDir: string) {
    this.#dir = join(tasksDir, RECORDS_DIR)
  }

  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#dir))
      if (name.endsWith('.tmp')) await rm(join(this.#dir, name), { force: true })
  }

  read(name: string): Promise<AttemptRecord | null> {
    return readJson<AttemptRecord>(this.#path(name))
  }

  write(name: string, record: AttemptRecord): Promise<void> {
    return writeFileAtomic(this.#path(name), `${JSON.stringify(record)}\n`, 0o600)
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true })
  }

  /** Addresses in the shared network that attempts hold. */
  async sharedAddresses(): Promise<Set<string>> {
    const names = (await readdir(this.#dir)).filter((name) => name.endsWith('.json'))
    const records = await Promise.all(names.map((name) => readJson<AttemptRecord>(join(this.#dir, name))))
    return new Set(
      records.flatMap((record) =>
        record?.network?.kind === 'shared' ? Object.values(record.addresses) : [],
      ),
    )
  }

  #path(name: string): string {
    return join(this.#dir, `${name}.json`)
  }
}

/** Facts about a task's start, in its folder: `starting` stands before the engine is asked to start it. */
export type StartMark =
  | { readonly kind: 'starting' }
  /** It never ran and never will. */
  | { readonly kind: 'never'; readonly exitCode: number; readonly message: string; readonly atMs: number }

const MARK_FILE = 'start.json'

export const readMark = (folder: string): Promise<StartMark | null> =>
  readJson<StartMark>(join(folder, MARK_FILE))

export const writeMark = (folder: string, mark: StartMark): Promise<void> =>
  writeFileAtomic(join(folder, MARK_FILE), JSON.stringify(mark), 0o600)
