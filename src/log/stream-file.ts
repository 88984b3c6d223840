// One stream on disk while it is in use: raw bytes, the index of their times, and the order of appends.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CutFile } from './cut-file.ts'
import { toLogError } from './log-error.ts'
import { cutPath, indexPath } from './stream-key.ts'
import { TimeIndex } from './time-index.ts'

export type Appended = {
  readonly accepted: boolean
  /** What was taken of the stream, kept or not. */
  readonly length: number
  readonly kept: boolean
}

const serviceLine = (sentence: string, before = ''): Buffer =>
  Buffer.from(`${before}[ModelArts Service Log] ${sentence}\n`)

export class StreamFile implements AsyncDisposable {
  readonly #path: string
  readonly #raw: FileHandle
  #length: number
  #index: TimeIndex | null = null
  #cut: CutFile | null
  /** The append that is under way; the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve()
  #closed = false
  /** Calls in progress. Closing waits for them. */
  #users = 0
  #idle: (() => void) | null = null

  private constructor(path: string, raw: FileHandle, cut: CutFile | null, length: number) {
    this.#path = path
    this.#raw = raw
    this.#cut = cut
    this.#length = length
  }

  /** Opens a stream; null when there is none and `create` is not set. */
  static async open(path: string, create: boolean): Promise<StreamFile | null> {
    const flags = constants.O_RDWR | constants.O_NOFOLLOW | (create ? constants.O_CREAT : 0)
    try {
      if (create) await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const raw = await open(path, flags, 0o600)
      try {
        const cut = await CutFile.find(cutPath(path))
        return new StreamFile(path, raw, cut, (await raw.stat()).size)
      } catch (error) {
        await raw.close()
        throw error
      }
    } catch (error) {
      if (!create && (error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw toLogError(error, `opening log ${path}`)
    }
  }

  /** Bytes that can be read. Bytes of an append in progress are not among them and are never read. */
  get length(): number {
    return this.#length
  }

  /** Bytes that the task has handed over, kept or not; the next append begins here. */
  get taken(): number {
    return this.#cut === null ? this.#length : this.#cut.keptBytes + this.#cut.lostBytes
  }

  /** No call may begin any more. */
  get closed(): boolean {
    return this.#closed
  }

  get inUse(): boolean {
    return this.#users > 0
  }

  /** Counts a call that begins; `leave` has to follow. */
  enter(): void {
    this.#users += 1
  }

  leave(): void {
    this.#users -= 1
    if (this.#users === 0) this.#idle?.()
  }

  /**
   * Takes `bytes` only when `offset` is what was taken so far; answers that length after it either way. With `full`, a
   * sentence, or once the stream was cut off, bytes are counted and not kept. Throws LogError, taking nothing.
   */
  append(offset: number, bytes: Uint8Array, nowMs: () => number, full: string | null): Promise<Appended> {
    return this.#inTurn(async () => {
      const at = { length: this.taken, kept: true }
      if (offset !== this.taken) return { accepted: false, ...at }
      if (bytes.length === 0) return { accepted: true, ...at }
      if (full !== null || this.#cut !== null) {
        await this.#drop(bytes.length, full ?? 'what this stream prints from here on is not kept', nowMs)
        return { accepted: true, length: this.taken, kept: false }
      }
      await this.#add(bytes, nowMs)
      return { accepted: true, length: this.taken, kept: true }
    })
  }

  /** Adds one line that says how many bytes were not kept, unless it stands there already. */
  tellLoss(nowMs: () => number): Promise<void> {
    return this.#inTurn(async () => {
      const cut = this.#cut
      if (cut === null || cut.untoldBytes === 0) return
      await this.#add(serviceLine(`${cut.lostBytes} bytes that this stream printed were not kept`), nowMs)
      await cut.told()
    })
  }

  /** At most `limit` bytes from `offset`; fewer only at the end. */
  async read(offset: number, limit: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(limit, this.#length - offset))
    const buffer = Buffer.alloc(wanted)
    let done = 0
    while (done < wanted) {
      const { bytesRead } = await this.#raw.read(buffer, done, wanted - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return buffer.subarray(0, done)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // At once, before the first wait: who finds this stream from now on opens the file again.
    this.#closed = true
    if (this.#users > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await this.#raw.close()
    await this.#cut?.[Symbol.asyncDispose]()
    await this.#index?.[Symbol.asyncDispose]()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  async #add(bytes: Uint8Array, nowMs: () => number): Promise<void> {
    // The index is opened first: it must see the length without the new bytes.
    const index = await this.#openIndex()
    const offset = this.#length
    await this.#write(bytes)
    await index?.add(offset, nowMs())
  }

  async #drop(sizeBytes: number, why: string, nowMs: () => number): Promise<void> {
    if (this.#cut !== null) return await this.#cut.lose(sizeBytes)
    this.#cut = await CutFile.make(cutPath(this.#path), this.#length, sizeBytes).catch((error: unknown) => {
      throw toLogError(error, `cutting off log ${this.#path}`)
    })
    const last = await this.read(this.#length - 1, 1)
    const newLine = last.length === 0 || last[0] === 0x0a ? '' : '\n'
    // A disk that has no room for the sentence costs the sentence; the bytes are counted.
    await this.#add(serviceLine(why, newLine), nowMs).catch(() => undefined)
  }

  /** All bytes or none: what a full disk took of them is cut off again. */
  async #write(bytes: Uint8Array): Promise<void> {
    try {
      let done = 0
      while (done < bytes.length) {
        const { bytesWritten } = await this.#raw.write(bytes, done, bytes.length - done, this.#length + done)
        done += bytesWritten
      }
    } catch (error) {
      // Should even this fail, a later start finds a true beginning of these bytes and goes on from there.
      await this.#raw.truncate(this.#length).catch(() => undefined)
      throw toLogError(error, `appending to log ${this.#path}`)
    }
    this.#length += bytes.length
  }

  /** null when it cannot be opened: then this append has no time. */
  async #openIndex(): Promise<TimeIndex | null> {
    if (this.#index === null) {
      const opened = await TimeIndex.open(indexPath(this.#path), this.#length).catch(() => null)
      if (this.#index === null) this.#index = opened
      else await opened?.[Symbol.asyncDispose]()
    }
    return this.#index
  }
}
