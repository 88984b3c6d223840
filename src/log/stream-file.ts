// One stream on disk while it is in use: raw bytes, the index of their times, and the order of appends.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toLogError } from './log-error.ts'
import { indexPath } from './stream-key.ts'
import { TimeIndex } from './time-index.ts'

export class StreamFile implements AsyncDisposable {
  readonly #path: string
  readonly #raw: FileHandle
  #length: number
  #index: TimeIndex | null = null
  /** The append that is under way; the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve()
  #closed = false
  /** Calls in progress. Closing waits for them. */
  #users = 0
  #idle: (() => void) | null = null

  private constructor(path: string, raw: FileHandle, length: number) {
    this.#path = path
    this.#raw = raw
    this.#length = length
  }

  /** Opens a stream; null when there is none and `create` is not set. */
  static async open(path: string, create: boolean): Promise<StreamFile | null> {
    const flags = constants.O_RDWR | constants.O_NOFOLLOW | (create ? constants.O_CREAT : 0)
    try {
      if (create) await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const raw = await open(path, flags, 0o600)
      try {
        return new StreamFile(path, raw, (await raw.stat()).size)
      } catch (error) {
        await raw.close()
        throw error
      }
    } catch (error) {
      if (!create && (error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw toLogError(error, `opening log ${path}`)
    }
  }

  /** Bytes that were taken. Bytes of an append in progress are not among them and are never read. */
  get length(): number {
    return this.#length
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

  /** Takes `bytes` only when `offset` is the length; answers the length either way. Throws LogError, taking nothing. */
  append(
    offset: number,
    bytes: Uint8Array,
    nowMs: () => number,
  ): Promise<{ accepted: boolean; length: number }> {
    const result = this.#last.then(async () => {
      if (offset !== this.#length) return { accepted: false, length: this.#length }
      if (bytes.length === 0) return { accepted: true, length: this.#length }
      // The index is opened first: it must see the length without the new bytes.
      const index = await this.#openIndex()
      await this.#write(bytes)
      await index?.add(offset, nowMs())
      return { accepted: true, length: this.#length }
    })
    this.#last = result.catch(() => undefined)
    return result
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
    await this.#index?.[Symbol.asyncDispose]()
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
