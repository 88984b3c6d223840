// Reads a file that others may be writing to, so that what was read is a state the file really had. Bytes appended
// behind what is read are fine (a log grows); a file rewritten under the reader's hands is refused.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { TransferError } from './transfer-error.ts'

type Piece = { readonly position: number; readonly length: number; readonly sum: number }

/** One file, opened; `size` is what it had then and what is read of it. */
export class FileSnapshot implements AsyncDisposable {
  readonly size: number
  readonly #file: FileHandle
  readonly #path: string
  readonly #modifiedMs: number
  readonly #pieces: Piece[] = []

  private constructor(file: FileHandle, path: string, size: number, modifiedMs: number) {
    this.#file = file
    this.#path = path
    this.size = size
    this.#modifiedMs = modifiedMs
  }

  /** Throws TransferError NotAFile, or a file system error. */
  static async open(path: string): Promise<FileSnapshot> {
    // NONBLOCK: a pipe in the place of the file must not hold us up.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const info = await file.stat()
      if (!info.isFile()) throw new TransferError('NotAFile', `${path} is no regular file`)
      return new FileSnapshot(file, path, info.size, info.mtimeMs)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Throws TransferError FileChanged when the file has become shorter. */
  async read(position: number, length: number): Promise<Buffer> {
    const bytes = await this.#readExactly(position, length)
    this.#pieces.push({ position, length, sum: crc32(bytes) })
    return bytes
  }

  /** Throws TransferError FileChanged when what was read is no state of the file. */
  async confirm(): Promise<void> {
    const { size, mtimeMs } = await this.#file.stat()
    if (size === this.size && mtimeMs === this.#modifiedMs) return
    for (const { position, length, sum } of this.#pieces) {
      if (size < this.size || crc32(await this.#readExactly(position, length)) !== sum) throw this.#changed()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  async #readExactly(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#file.read(buffer, done, length - done, position + done)
      if (bytesRead === 0) throw this.#changed()
      done += bytesRead
    }
    return buffer
  }

  #changed(): TransferError {
    return new TransferError('FileChanged', `${this.#path} was written to while it was uploaded`)
  }
}
