// Log files of CANN and MindSpore on their way to the job's log path, under the names of modelarts.md §3.9: what is new
// every few seconds while the program runs, the rest after it ended. A log path that refuses costs the job nothing.
import { hostname } from 'node:os'
import { sleep, within } from '../lib/abort.ts'
import { sizeText } from '../lib/size.ts'
import { TransferError } from '../storage/transfer/transfer-error.ts'
import { walkFolder } from '../storage/transfer/walk-folder.ts'
import type { Environment } from './environment.ts'
import { messageOf } from './launcher-error.ts'
import { sendToServer } from './log-file-upload.ts'
import { logFilesDue } from './log-files.ts'
import type { FileFacts } from './output-files.ts'
import { logFolder } from './places.ts'
import type { ObjectPort } from './ports.ts'
import { jobIdOf } from './rank-plan.ts'
import type { TaskClient } from './task-client.ts'
import type { TaskContext } from './task-context.ts'

const LOOK_EVERY_MS = 5_000
/** The end of a task waits so long for its log files. */
const FINISH_MS = 300_000
/** Files that change while they are sent are tried again, for daemons may outlive the program. */
const MAX_ROUNDS = 3
const LIMIT_BYTES = 10 * 2 ** 30

type Folder = {
  readonly dir: string
  readonly url: string
  /** Names that are log files; everything where the folder is ours. */
  readonly wanted: RegExp
  readonly sent: Map<string, FileFacts>
  before: ReadonlyMap<string, FileFacts>
}

/** `ROPEWAY_LOG_FOLDER_BYTES`, or 10 GiB: what a task brings of each of its folders. */
function limitBytesOf(environment: Environment): number {
  const bytes = Number(environment['ROPEWAY_LOG_FOLDER_BYTES'])
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : LIMIT_BYTES
}

/** What CANN makes in the folder it is given, which may be one that holds other things, such as /tmp. */
const OF_CANN = /^(debug|run|security|plog|device(-\d+)?)\//

const holds = (dir: string, path: string): boolean => `${path}/`.startsWith(dir === '/' ? '/' : `${dir}/`)

/** The folder that ranks write below (diagnose.ts), and the one where CANN writes when nobody tells it where. */
function foldersOf({ hello, environment }: TaskContext): Folder[] {
  if (!hello.log_folders) return []
  const { job, task } = hello.log_folders
  const logs = logFolder(environment)
  const ranks = logs === null ? null : `${logs}/${jobIdOf(environment, hostname())}`
  const home = environment['HOME']
  const own = environment['ASCEND_PROCESS_LOG_PATH'] || (home ? `${home}/ascend/log` : '/')
  const isApart = own !== '/' && (ranks === null || !(holds(own, ranks) || holds(ranks, own)))
  const fresh = () => ({ sent: new Map(), before: new Map() })
  return [
    ...(ranks === null ? [] : [{ dir: ranks, url: job, wanted: /./, ...fresh() }]),
    ...(isApart ? [{ dir: own, url: `${task}ascend/log/`, wanted: OF_CANN, ...fresh() }] : []),
  ]
}

/** Disposing ends what is under way. */
export class LogFolders implements Disposable {
  readonly #context: TaskContext
  readonly #folders: readonly Folder[]
  readonly #limitBytes: number
  readonly #deliver: ObjectPort['send']
  readonly #ended = new AbortController()
  readonly #cut = new AbortController()
  #running: Promise<unknown> = Promise.resolve()

  constructor(context: TaskContext, client: TaskClient) {
    this.#context = context
    this.#deliver = context.hello.log_folders?.via === 'server' ? sendToServer(client) : context.objects.send
    this.#folders = foldersOf(context)
    this.#limitBytes = limitBytesOf(context.environment)
  }

  /** Begins to send in the background. */
  start(): void {
    if (this.#folders.length > 0) this.#running = this.#keepSending()
  }

  /** Sends the rest until `limit` aborts. Never rejects: what could not be sent is told of. */
  async finish(limit: AbortSignal): Promise<void> {
    this.#ended.abort()
    const signal = AbortSignal.any([limit, this.#cut.signal, AbortSignal.timeout(FINISH_MS)])
    await within(FINISH_MS, this.#running, signal)
    for (const folder of this.#folders)
      await this.#finishOne(folder, signal).catch((error: unknown) => {
        const why = messageOf(signal.aborted ? signal.reason : error)
        this.#warn(`Log files in ${folder.dir} could not all be brought to ${folder.url}: ${why}.`)
      })
  }

  [Symbol.dispose](): void {
    this.#ended.abort()
    this.#cut.abort()
  }

  async #keepSending(): Promise<void> {
    let isAway = false
    while (!this.#ended.signal.aborted) {
      await sleep(LOOK_EVERY_MS, this.#ended.signal).catch(() => undefined)
      const failures: string[] = []
      for (const folder of this.#folders) {
        if (this.#ended.signal.aborted) return
        const failed = (error: unknown) =>
          failures.push(
            `Log files in ${folder.dir} could not be brought to ${folder.url} yet: ${messageOf(error)}. This is tried again.`,
          )
        await this.#send(folder, false, this.#cut.signal).catch(failed)
      }
      // One word for each time that it begins to fail.
      if (failures[0] !== undefined && !isAway) this.#warn(failures[0])
      isAway = failures.length > 0
    }
  }

  async #finishOne(folder: Folder, signal: AbortSignal): Promise<void> {
    for (let round = 1; ; round += 1) {
      const { unsent, leftOut, leftOutBytes } = await this.#send(folder, true, signal)
      if (unsent > 0 && round < MAX_ROUNDS) continue
      if (unsent > 0) throw new Error(`${unsent} of them are still written to, though the program has ended`)
      if (leftOut > 0)
        this.#warn(
          `${leftOut} log files (${sizeText(leftOutBytes)}) in ${folder.dir} were not brought to ${folder.url}: a task brings ${sizeText(this.#limitBytes)} (ROPEWAY_LOG_FOLDER_BYTES).`,
        )
      return
    }
  }

  /** `isOver`: nothing is written any more. */
  async #send(folder: Folder, isOver: boolean, signal: AbortSignal) {
    const { dir, url, sent, wanted } = folder
    const walk = await walkFolder(dir, '', signal).catch((error: unknown) => {
      // Most programs write none: no folder.
      if (error instanceof TransferError && error.code === 'NotAFolder') return { files: [] }
      throw error
    })
    const files = walk.files.filter(({ name }) => wanted.test(name))
    const before = isOver ? null : folder.before
    const { due, ...left } = logFilesDue(files, sent, before, this.#limitBytes, Date.now())
    folder.before = new Map(files.map((file) => [file.name, file]))
    let unsent = due.length
    const facts = new Map(due.map((file) => [file.name, file]))
    if (due.length > 0)
      await this.#deliver(due, url, signal, ({ name }, result) => {
        const file = facts.get(name)
        if (result.state === 'changed' || !file) return
        unsent -= 1
        if (result.state === 'sent') sent.set(name, { ...file, size: result.bytes })
      })
    return { unsent, ...left }
  }

  #warn(message: string): void {
    this.#context.log.warning(message)
    this.#context.tell({ kind: 'problem', level: 'Warning', reason: 'LogFilesNotExported', message })
  }
}
