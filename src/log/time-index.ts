// When which byte came: records of 16 bytes (offset, time in ms; little-endian unsigned 64-bit) beside the raw bytes.
// The raw file is the truth. A record that is missing, cut off or ahead of it costs a time, never a byte.
import { type FileHandle, open } from 'node:fs/promises'

const RECORD_BYTES = 16

export class TimeIndex implements AsyncDisposable {
  readonly #file: FileHandle
  #records: number

  private constructor(file: FileHandle, records: number) {
    this.#file = file
    this.#records = records
  }

  /** Opens or makes the index of a raw file that is `rawLength` bytes long now. */
  static async open(path: string, rawLength: number): Promise<TimeIndex> {
    const file = await openOrMake(path)
    try {
      const { size } = await file.stat()
      const index = new TimeIndex(file, Math.floor(size / RECORD_BYTES))
      index.#records = rawLength === 0 ? 0 : await index.#countUpTo(rawLength - 1)
      // Records at or after the end of the raw bytes tell of bytes that are not there; kept, they would later
      // stand behind newer ones and break the order.
      if (index.#records * RECORD_BYTES < size) await file.truncate(index.#records * RECORD_BYTES)
      return index
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Notes that bytes from `offset` on came at `timeMs`. Offsets grow. Does not throw: a log without a time is still a log. */
  async add(offset: number, timeMs: number): Promise<void> {
    const record = Buffer.alloc(RECORD_BYTES)
    record.writeBigUInt64LE(BigInt(offset), 0)
    record.writeBigUInt64LE(BigInt(Math.max(0, Math.trunc(timeMs))), 8)
    // A record that was written in part is written over by the next one.
    const written = await this.#file
      .write(record, 0, RECORD_BYTES, this.#records * RECORD_BYTES)
      .catch(() => null)
    if (written?.bytesWritten === RECORD_BYTES) this.#records += 1
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  /** Number of records whose offset is at most `offset`. */
  async #countUpTo(offset: number): Promise<number> {
    let low = 0
    let high = this.#records
    while (low < high) {
      const middle = (low + high) >> 1
      if ((await this.#offsetOf(middle)) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  async #offsetOf(record: number): Promise<number> {
    const buffer = Buffer.alloc(8)
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, record * RECORD_BYTES)
    return bytesRead < buffer.length ? Number.POSITIVE_INFINITY : Number(buffer.readBigUInt64LE(0))
  }
}

async function openOrMake(path: string): Promise<FileHandle> {
  return await open(path, 'r+').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return await open(path, 'wx+', 0o600)
    throw error
  })
}
