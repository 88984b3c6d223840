// One output of the task: its local folder, its folder in object storage, and what of the one is in the other.
import type { HelloResponse, OutputStaging } from '../api/task.ts'
import { walkFolder } from '../storage/transfer/walk-folder.ts'
import { type FileFacts, filesToSend, isMarker, markerName } from './output-files.ts'
import type { LeftOut, ObjectPort } from './ports.ts'

type SentFile = FileFacts & { readonly etag: string }

/** What the final upload did and left. */
export type Uploaded = {
  readonly objects: number
  readonly bytes: number
  readonly leftOut: readonly LeftOut[]
}

const MAX_ROUNDS = 5
const MAX_NEAR = 1000

export class OutputSync {
  readonly output: OutputStaging
  readonly #hello: HelloResponse
  readonly #objects: ObjectPort
  readonly #sent = new Map<string, SentFile>()
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

  /** What was brought in before the start is in storage already. */
  async noteBroughtIn(): Promise<void> {
    for (const file of (await walkFolder(this.output.local_dir, '')).files)
      this.#sent.set(file.name, { ...factsOf(file), etag: '' })
  }

  /** Sends what has changed and is at rest, while the program runs. */
  async sendSettled(signal: AbortSignal): Promise<void> {
    const { files } = await walkFolder(this.output.local_dir, '', signal)
    const due = filesToSend(files, this.#sent, this.#before, Date.now())
    this.#before = new Map(files.map((file) => [file.name, factsOf(file)]))
    await this.#send(due, signal)
  }

  /** Sends what storage does not have yet, after the program has ended. Throws when files go on changing. */
  async sendRest(signal: AbortSignal): Promise<Uploaded> {
    const { local_dir: dir, url } = this.output
    for (let round = 0; ; round += 1) {
      const { files, emptyFolders, skipped } = await walkFolder(dir, '', signal)
      const due = filesToSend(files, this.#sent, null, 0)
      if (due.length === 0) {
        for (const folder of emptyFolders) await this.#objects.write(`${url}${folder}/`, '', signal)
        const bytes = files.reduce((sum, { size }) => sum + size, 0)
        return { objects: files.filter(({ name }) => !isMarker(name)).length, bytes, leftOut: skipped }
      }
      if (round >= MAX_ROUNDS)
        throw new Error(`${due[0]?.name ?? ''} is still written to, though the program has ended`)
      await this.#send(due, signal)
    }
  }

  /** Says that the output is whole; the last object of the attempt. */
  async mark(signal: AbortSignal): Promise<void> {
    const { job_id, job_name, attempt, task, task_count } = this.#hello
    const files = [...this.#sent.values()]
      .map(({ name, size, etag }) => ({ name, size, ...(etag === '' ? {} : { etag }) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const marker = {
      version: 1,
      ...{ job_id, job_name, attempt, task, task_count, output: this.output.name },
      completed_at: new Date().toISOString(),
      file_count: files.length,
      byte_count: files.reduce((sum, { size }) => sum + size, 0),
      files,
    }
    const text = `${JSON.stringify(marker, null, 1)}\n`
    await this.#objects.write(`${this.output.url}${markerName(task, task_count)}`, text, signal)
  }

  async #send(files: readonly (FileFacts & { readonly path: string })[], signal: AbortSignal): Promise<void> {
    const facts = new Map(files.map((file) => [file.name, factsOf(file)]))
    await this.#objects.send(files, this.output.url, signal, ({ name }, result) => {
      const file = facts.get(name)
      if (result.state === 'sent' && file)
        this.#sent.set(name, { ...file, size: result.bytes, etag: result.etag })
      else this.#sent.delete(name)
    })
  }
}

const factsOf = ({ name, size, modifiedMs }: FileFacts): FileFacts => ({ name, size, modifiedMs })
