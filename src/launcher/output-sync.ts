// One output of the task: its local folder, its folder in object storage, and what of the one is in the other.
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { HelloResponse, OutputStaging } from '../api/task.ts'
import { folderPrefix, parseObjectUrl } from '../storage/object-url.ts'
import { type Walk, walkFolder } from '../storage/transfer/walk-folder.ts'
import { type FileFacts, filesToSend, isMarker, markerName } from './output-files.ts'
import type { LeftOut, ObjectPort, StoredFile } from './ports.ts'

/** A file as it was on disk when its object was made of it, or it of its object. */
type HeldFile = FileFacts & Pick<StoredFile, 'etag' | 'crc32'>

/** What the final upload did and left. */
export type Uploaded = {
  readonly objects: number
  readonly bytes: number
  /** What no object can be made of. */
  readonly leftOut: readonly LeftOut[]
  /** What should be there and is not. */
  readonly unreadable: readonly LeftOut[]
}

const MAX_ROUNDS = 5
const MAX_NEAR = 1000

export class OutputSync {
  readonly output: OutputStaging
  readonly #hello: HelloResponse
  readonly #objects: ObjectPort
  readonly #sent = new Map<string, HeldFile>()
  #before: ReadonlyMap<string, FileFacts> = new Map()

  constructor(output: OutputStaging, hello: HelloResponse, objects: ObjectPort) {
    this.output = output
    this.#hello = hello
    this.#objects = objects
  }

  /** Before the start: takes the marker of an earlier run away. Returns names that are in the folder already. */
  async begin(signal: AbortSignal): Promise<string[]> {
    const { url } = this.output
    const names = await this.#objects.list(url, MAX_NEAR, signal)
    const own = [markerName('', 1), markerName(this.#hello.task, this.#hello.task_count)]
    // Of a run with several tasks, when this one has one.
    const isStale = (name: string) => isMarker(name) && (this.#hello.task_count === 1 || own.includes(name))
    for (const name of names.filter(isStale)) await this.#objects.remove(`${url}${name}`, signal)
    return names.filter((name) => !isMarker(name))
  }

  /** What was brought in before the start is in storage already; what else the folder has is not. */
  async noteBroughtIn(files: readonly StoredFile[]): Promise<void> {
    for (const { name, size, etag, crc32 } of files) {
      const info = await lstat(join(this.output.local_dir, name)).catch(() => undefined)
      if (info?.isFile() && info.size === size)
        this.#sent.set(name, { name, size, modifiedMs: info.mtimeMs, etag, crc32 })
    }
  }

  /** Sends what has changed and is at rest, while the program runs. Returns what cannot be read. */
  async sendSettled(signal: AbortSignal): Promise<LeftOut[]> {
    const { files, skipped } = await this.#walk(signal)
    const due = filesToSend(files, this.#sent, this.#before, Date.now())
    this.#before = new Map(files.map((file) => [file.name, factsOf(file)]))
    return [...skipped.filter(isUnreadable), ...(await this.#send(due, signal))]
  }

  /** Sends what storage does not have yet, after the program has ended. Throws when files go on changing. */
  async sendRest(signal: AbortSignal): Promise<Uploaded> {
    const { url } = this.output
    const unreadable = new Map<string, LeftOut>()
    for (let round = 0; ; round += 1) {
      const { files, emptyFolders, skipped } = await this.#walk(signal)
      const readable = files.filter(({ name }) => !unreadable.has(name))
      const due = filesToSend(readable, this.#sent, null, 0)
      if (due.length === 0) {
        for (const folder of emptyFolders) await this.#objects.write(`${url}${folder}/`, '', signal)
        return {
          objects: readable.filter(({ name }) => !isMarker(name)).length,
          bytes: readable.reduce((sum, { size }) => sum + size, 0),
          leftOut: skipped.filter((one) => !isUnreadable(one)),
          unreadable: [...skipped.filter(isUnreadable), ...unreadable.values()],
        }
      }
      if (round >= MAX_ROUNDS)
        throw new Error(`${due[0]?.name ?? ''} is still written to, though the program has ended`)
      for (const one of await this.#send(due, signal)) unreadable.set(one.name, one)
    }
  }

  /** Says that the output is whole; the last object of the attempt. */
  async mark(signal: AbortSignal): Promise<void> {
    const { job_id, job_name, attempt, task, task_count } = this.#hello
    const files = [...this.#sent.values()]
      .map(({ name, size, etag, crc32 }) => ({
        ...{ name, size },
        ...(etag === '' ? {} : { etag }),
        ...(crc32 === null ? {} : { crc32 }),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const marker = {
      version: 1,
      ...{ job_id, job_name, attempt, task, task_count, output: this.output.name },
      completed_at: new Date().toISOString(),
      file_count: files.length,
      byte_count: files.reduce((sum, { size }) => sum + size, 0),
      // What `crc32` is: the ETag of a file that was sent in parts is no sum of its bytes.
      checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT', encoding: 'base64' },
      files,
    }
    const text = `${JSON.stringify(marker, null, 1)}\n`
    await this.#objects.write(`${this.output.url}${markerName(task, task_count)}`, text, signal)
  }

  #walk(signal: AbortSignal): Promise<Walk> {
    const { local_dir: dir, url } = this.output
    return walkFolder(dir, folderPrefix(parseObjectUrl(url).key), signal)
  }

  /** Returns what cannot be read. */
  async #send(
    files: readonly (FileFacts & { readonly path: string })[],
    signal: AbortSignal,
  ): Promise<LeftOut[]> {
    const facts = new Map(files.map((file) => [file.name, factsOf(file)]))
    const unreadable: LeftOut[] = []
    await this.#objects.send(files, this.output.url, signal, ({ name }, result) => {
      const file = facts.get(name)
      if (result.state === 'unreadable') unreadable.push({ name, reason: result.reason })
      if (result.state === 'sent' && file)
        this.#sent.set(name, { ...file, size: result.bytes, etag: result.etag, crc32: result.crc32 })
      else this.#sent.delete(name)
    })
    return unreadable
  }
}

const isUnreadable = ({ reason }: LeftOut): boolean => reason === 'cannot be read'

const factsOf = ({ name, size, modifiedMs }: FileFacts): FileFacts => ({ name, size, modifiedMs })
