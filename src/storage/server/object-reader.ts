// One object held open: its facts and its bytes stay together while it is overwritten or deleted.
import { open } from 'node:fs/promises'
import type { BodyFiles } from './body-files.ts'
import { filesOf, type ObjectInfo, type ObjectRow, segmentsOf } from './object-row.ts'
import { StorageError } from './storage-error.ts'

const READ_BYTES = 512 * 1024

/** Reads one object; dispose it when done. */
export class ObjectReader implements AsyncDisposable {
  readonly info: ObjectInfo
  #row: ObjectRow
  #files: BodyFiles
  #release: () => Promise<void>

  constructor(files: BodyFiles, row: ObjectRow) {
    this.info = row
    this.#row = row
    this.#files = files
    this.#release = files.pin(filesOf(row))
  }

  /** The bytes from `start` up to, not including, `end`, in pieces. Throws InternalError when a body file is missing. */
  async *stream(start = 0, end = this.info.size): AsyncGenerator<Buffer> {
    let offset = 0
    for (const segment of segmentsOf(this.#row)) {
      const from = Math.max(start - offset, 0)
      const to = Math.min(end - offset, segment.size)
      if (from < to) yield* this.#readFile(segment.file, from, to)
      offset += segment.size
      if (offset >= end) return
    }
  }

  async *#readFile(file: string, from: number, to: number): AsyncGenerator<Buffer> {
    const damaged = (cause?: unknown) =>
      new StorageError(
        'InternalError',
        `The body of ${this.info.bucket}/${this.info.key} is damaged on disk`,
        { cause },
      )
    await using handle = await open(this.#files.path(file), 'r').catch((error: unknown) => {
      throw damaged(error)
    })
    for (let position = from; position < to; ) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, to - position))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
      if (bytesRead === 0) throw damaged()
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release()
  }
}
