// Logs as streams of bytes (decisions.md §2): append at the end only, read anywhere, wait for more.
// On disk: DIR/<job>/<attempt>/<task>/<stream>.log, raw bytes, and .times beside it. A restart needs no repair:
// the length of a stream is the size of its raw file.
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { ChangeSignal } from '../lib/signal.ts'
import { type BudgetOptions, JobBudget, type JobOnDisk } from './job-budget.ts'
import { LogError, toLogError } from './log-error.ts'
import { noteExpiry, readExpiry, removeStreams, usageOf } from './retention.ts'
import { StreamFile } from './stream-file.ts'
import { isJobId, jobDir, parseRawPath, rawPath, type StreamKey } from './stream-key.ts'
import { tailText } from './tail.ts'

export type StreamInfo = StreamKey & { readonly length: number }

export interface LogStore extends AsyncDisposable {
  /**
   * Takes `bytes` only when `offset` is what was taken of the stream, all of them or none, and answers that length after.
   * Past the job's budget they are taken and counted, but not kept. Throws LogError: InvalidKey, DiskFull, Io.
   */
  append(key: StreamKey, offset: number, bytes: Uint8Array): Promise<{ accepted: boolean; length: number }>
  /** Where the next append begins: the length, and what was not kept. */
  taken(key: StreamKey): Promise<number>
  /** Streams of an attempt's task that were cut off end with a line that says how much was not kept. Safe to call again. */
  tellLosses(task: Omit<StreamKey, 'stream'>): Promise<void>
  /** Bytes that can be read; 0 for a stream that has no byte yet. */
  length(key: StreamKey): Promise<number>
  /** At most `limit` bytes from `offset`, fewer only at the end. */
  read(key: StreamKey, offset: number, limit: number): Promise<Buffer>
  /** The end of the log as text, from a line's start: at most `maxBytes`, 5 MiB unless told. */
  preview(key: StreamKey, maxBytes?: number): Promise<{ content: string; fullSize: number }>
  /** All streams of a job, by attempt, task and stream. */
  streams(jobId: string): Promise<StreamInfo[]>
  /** Jobs that have a log, or had one that expired. */
  jobs(): Promise<string[]>
  /** Bytes on disk of a job's streams and their indexes. */
  usage(jobId: string): Promise<number>
  /** Deletes all streams of a job and leaves `why`, a sentence, in their place. Safe to call again. */
  expire(jobId: string, why: string): Promise<void>
  /** Why there are no streams of the job any more; null while that is not so. */
  expired(jobId: string): Promise<string | null>
  /** Deletes all streams of a job, and what says why they expired. Safe to call again. */
  remove(jobId: string): Promise<void>
  /** true once the stream is longer than `offset`; false after `timeoutMs`, on abort, or when the store closes. */
  waitForMore(key: StreamKey, offset: number, timeoutMs: number, signal?: AbortSignal): Promise<boolean>
}

export type LogStoreOptions = {
  readonly dir: string
  readonly clock: Clock
  /** Streams whose files stay open between calls; each takes two descriptors. 64 unless told. */
  readonly maxOpenStreams?: number
  /** None unless told. */
  readonly budget?: BudgetOptions
}

const PREVIEW_BYTES = 5 << 20
const NO_BUDGET: BudgetOptions = { limitBytes: null, onCut: () => undefined }

/** Opens the logs below a folder, which is made on the first append. */
export const openLogStore = async (options: LogStoreOptions): Promise<LogStore> => new FileLogStore(options)

class FileLogStore implements LogStore {
  readonly #dir: string
  readonly #clock: Clock
  readonly #maxOpen: number
  readonly #budget: JobBudget
  /** Least recently used first. */
  readonly #open = new Map<string, Promise<StreamFile | null>>()
  readonly #grown = new ChangeSignal()
  readonly #closing = new AbortController()

  constructor({ dir, clock, maxOpenStreams = 64, budget = NO_BUDGET }: LogStoreOptions) {
    this.#dir = dir
    this.#clock = clock
    this.#maxOpen = maxOpenStreams
    this.#budget = new JobBudget(budget, (jobId) => this.#onDisk(jobId))
  }

  async append(
    key: StreamKey,
    offset: number,
    bytes: Uint8Array,
  ): Promise<{ accepted: boolean; length: number }> {
    const path = rawPath(this.#dir, key)
    const stream = await this.#acquire(path, offset === 0 && bytes.length > 0)
    if (stream === null) return { accepted: offset === 0, length: 0 }
    const { accepted, length } = await this.#use(stream, async () => {
      const full = await this.#budget.full(key.jobId, bytes.length)
      const appended = await stream.append(offset, bytes, this.#nowMs, full)
      if (appended.accepted) await this.#budget.note(key.jobId, bytes.length, appended.kept)
      return appended
    })
    if (accepted && bytes.length > 0) this.#grown.notify(path)
    return { accepted, length }
  }

  async taken(key: StreamKey): Promise<number> {
    return await this.#with(key, 0, (stream) => stream.taken)
  }

  async tellLosses({ jobId, attempt, task }: Omit<StreamKey, 'stream'>): Promise<void> {
    for (const key of await this.streams(jobId)) {
      if (key.attempt !== attempt || key.task !== task) continue
      await this.#with(key, undefined, (stream) => stream.tellLoss(this.#nowMs))
      this.#grown.notify(rawPath(this.#dir, key))
    }
  }

  async length(key: StreamKey): Promise<number> {
    return await this.#with(key, 0, (stream) => stream.length)
  }

  async read(key: StreamKey, offset: number, limit: number): Promise<Buffer> {
    return await this.#with(key, Buffer.alloc(0), (stream) => stream.read(offset, limit))
  }

  async preview(key: StreamKey, maxBytes = PREVIEW_BYTES): Promise<{ content: string; fullSize: number }> {
    return await this.#with(key, { content: '', fullSize: 0 }, async (stream) => {
      const fullSize = stream.length
      // One byte more shows whether the cut falls on a line's start.
      const from = Math.max(0, fullSize - maxBytes - 1)
      return { content: tailText(await stream.read(from, fullSize - from), maxBytes, from > 0), fullSize }
    })
  }

  async streams(jobId: string): Promise<StreamInfo[]> {
    const dir = jobDir(this.#dir, jobId)
    const files = await readdir(dir, { recursive: true }).catch(emptyWhenMissing)
    const found: StreamInfo[] = []
    for (const file of files) {
      const key = parseRawPath(jobId, file)
      if (key === null) continue
      const opened = await this.#open.get(join(dir, file))?.catch(() => null)
      const length = opened?.length ?? (await stat(join(dir, file)).catch(() => null))?.size
      if (length !== undefined) found.push({ ...key, length })
    }
    return found.sort(
      (a, b) => a.attempt - b.attempt || compareNames(a.task, b.task) || compareNames(a.stream, b.stream),
    )
  }

  async jobs(): Promise<string[]> {
    return (await readdir(this.#dir).catch(emptyWhenMissing)).filter(isJobId)
  }

  async usage(jobId: string): Promise<number> {
    return await usageOf(jobDir(this.#dir, jobId))
  }

  async expire(jobId: string, why: string): Promise<void> {
    const dir = jobDir(this.#dir, jobId)
    this.#budget.forget(jobId)
    // First the reason, then the deed: nobody finds an empty place without a word.
    await noteExpiry(dir, why)
    await removeStreams(dir)
    // Last: a file that somebody reads is there, for us, until we close it.
    await this.#closeAll((path) => path.startsWith(`${dir}/`))
  }

  async expired(jobId: string): Promise<string | null> {
    return await readExpiry(jobDir(this.#dir, jobId))
  }

  async remove(jobId: string): Promise<void> {
    const dir = jobDir(this.#dir, jobId)
    this.#budget.forget(jobId)
    await rm(dir, { recursive: true, force: true }).catch((error) => {
      throw toLogError(error, `removing logs of job ${jobId}`)
    })
    await this.#closeAll((path) => path.startsWith(`${dir}/`))
  }

  async waitForMore(
    key: StreamKey,
    offset: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const path = rawPath(this.#dir, key)
    const done = new AbortController()
    const cancelled = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])])
    const either = AbortSignal.any([cancelled, done.signal])
    const deadline = performance.now() + timeoutMs
    try {
      for (;;) {
        // Listening begins before looking, so an append in between is not missed.
        const change = this.#grown.wait(path, Math.max(0, deadline - performance.now()), either)
        if (cancelled.aborted) return false
        if ((await this.#lengthUnlessClosed(key)) > offset) return true
        if (performance.now() >= deadline) return false
        await change
      }
    } finally {
      done.abort()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#closeAll(() => true)
  }

  readonly #nowMs = (): number => this.#clock.now().getTime()

  async #onDisk(jobId: string): Promise<JobOnDisk> {
    const sizes = (await this.streams(jobId)).map(({ length }) => length)
    const files = await readdir(jobDir(this.#dir, jobId), { recursive: true }).catch(emptyWhenMissing)
    return {
      sizeBytes: sizes.reduce((sum, length) => sum + length, 0),
      isCut: files.some((file) => file.endsWith('.cut')),
    }
  }

  async #lengthUnlessClosed(key: StreamKey): Promise<number> {
    return await this.length(key).catch((error) => {
      if (this.#closing.signal.aborted) return 0
      throw error
    })
  }

  async #with<T>(key: StreamKey, whenMissing: T, use: (stream: StreamFile) => T | Promise<T>): Promise<T> {
    const stream = await this.#acquire(rawPath(this.#dir, key), false)
    return stream === null ? whenMissing : await this.#use(stream, () => use(stream))
  }

  async #use<T>(stream: StreamFile, call: () => T | Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw toLogError(error, 'reading or writing a log')
    } finally {
      stream.leave()
      await this.#closeIdle()
    }
  }

  /** An open stream that is counted as used; null when there is none and none is to be made. */
  async #acquire(path: string, create: boolean): Promise<StreamFile | null> {
    for (;;) {
      if (this.#closing.signal.aborted) throw new LogError('Io', 'the log store is closed')
      const opening = this.#open.get(path) ?? StreamFile.open(path, create)
      // Taken out and put in again: the map's order is the order of use.
      this.#open.delete(path)
      this.#open.set(path, opening)
      const stream = await opening.catch((error: unknown) => {
        this.#forget(path, opening)
        throw error
      })
      if (stream === null) {
        this.#forget(path, opening)
        if (!create) return null
      } else if (!stream.closed) {
        stream.enter()
        return stream
      }
    }
  }

  async #closeIdle(): Promise<void> {
    if (this.#open.size <= this.#maxOpen) return
    for (const [path, opening] of [...this.#open]) {
      if (this.#open.size <= this.#maxOpen) return
      const stream = await opening.catch(() => null)
      if (stream && !stream.inUse) await this.#close(path, opening, stream)
    }
  }

  async #closeAll(wanted: (path: string) => boolean): Promise<void> {
    for (const [path, opening] of [...this.#open])
      if (wanted(path)) await this.#close(path, opening, await opening.catch(() => null))
  }

  /** No wait between the two steps: a stream is either in the map or closed, so no file is ever open twice for writing. */
  async #close(path: string, opening: Promise<StreamFile | null>, stream: StreamFile | null): Promise<void> {
    this.#forget(path, opening)
    if (stream && !stream.closed) await stream[Symbol.asyncDispose]()
  }

  #forget(path: string, opening: Promise<StreamFile | null>): void {
    if (this.#open.get(path) === opening) this.#open.delete(path)
  }
}

const compareNames = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

function emptyWhenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw toLogError(error, 'listing logs')
}
