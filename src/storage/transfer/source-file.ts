// A file as it was at one moment, for sending it whole. Training goes on while outputs are sent: what is appended
// meanwhile is not part of it, and when something else was written, no mixture of old and new bytes must become an
// object. Most files are left alone, so the times decide; only when those moved is it read again and compared.
import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { combineCrc32, crc32Text } from '../crc32.ts'
import type { PutAnswer } from '../object-answers.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import type { Buffers } from './buffers.ts'
import { TransferError } from './transfer-error.ts'

/** Which sums are worth their time: md5 costs six times as much as crc32, and not every store knows the latter. */
export type Sums = { readonly crc32: string; readonly md5: Buffer | undefined }

type Piece = { readonly start: number; readonly end: number; readonly crc: number }

export class SourceFile implements Disposable {
  readonly path: string
  /** What it had when it was opened or looked at again, and what is read of it. */
  size = 0
  /** Differs for other states of the file, and for other files of the same name. */
  stamp = ''
  readonly #fd: number
  readonly #pieces = new Map<number, Piece>()

  /** Throws TransferError NotAFile, or a file system error. */
  constructor(path: string) {
    this.path = path
    // NONBLOCK: a pipe in the place of the file must not hold us up.
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!fstatSync(this.#fd).isFile()) {
      closeSync(this.#fd)
      throw new TransferError('NotAFile', `${path} is no regular file`)
    }
    this.look()
  }

  /** Takes the file as it is now, and forgets what was read of it. */
  look(): void {
    const facts = this.#facts()
    this.size = facts.size
    this.stamp = facts.stamp
    this.#pieces.clear()
  }

  /** CRC-32 of the whole, as S3's headers spell it; undefined when not all of it was read here. */
  get crc32(): string | undefined {
    let end = 0
    let crc = 0
    for (const piece of [...this.#pieces.values()].sort((a, b) => a.start - b.start)) {
      if (piece.start !== end) return undefined
      crc = combineCrc32(crc, piece.crc, piece.end - piece.start)
      end = piece.end
    }
    return end === this.size ? crc32Text(crc) : undefined
  }

  #facts() {
    const { size, mtimeNs, ino } = fstatSync(this.#fd, { bigint: true })
    return { size: Number(size), stamp: `${size}:${mtimeNs}:${ino}` }
  }

  /** Reads the whole file into `buffer`, which is as long, a slice a turn. Throws like `piece` and `turn`. */
  async readAll(buffer: Buffer, withMd5: boolean, turn: () => Promise<void>): Promise<Sums> {
    const hash = withMd5 ? createHash('md5') : undefined
    let crc = 0
    for (let start = 0; start < buffer.length; start += SLICE_BYTES) {
      // A small file is read faster than a turn comes.
      if (buffer.length > SLICE_BYTES) await turn()
      const slice = buffer.subarray(start, start + SLICE_BYTES)
      this.#fill(slice, start)
      crc = crc32(slice, crc)
      hash?.update(slice)
    }
    this.#pieces.set(0, { start: 0, end: buffer.length, crc })
    return { crc32: crc32Text(crc), md5: hash?.digest() }
  }

  #fill(buffer: Buffer, position: number): void {
    for (let done = 0; done < buffer.length; ) {
      const count = readSync(this.#fd, buffer, done, buffer.length - done, position + done)
      if (count === 0) throw this.#changed()
      done += count
    }
  }

  #changed(): TransferError {
    return new TransferError('FileChanged', `${this.path} was written to while it was uploaded`)
  }

  /**
   * Throws TransferError FileChanged when what was read is no state of the file, and what `turn` throws, which is awaited
   * before every slice. `complete` says that all of it was read here; a part that an earlier process sent cannot be
   * compared.
   */
  async confirm(buffers: Buffers, turn: () => Promise<void>, complete = true): Promise<void> {
    const now = this.#facts()
    if (now.stamp === this.stamp) return
    if (now.size < this.size || !complete) throw this.#changed()
    const buffer = buffers.take(CHUNK_BYTES)
    try {
      for (const { start, end, crc } of this.#pieces.values()) {
        let again = 0
        for (let position = start; position < end; position += CHUNK_BYTES) {
          await turn()
          const chunk = buffer.subarray(0, Math.min(CHUNK_BYTES, end - position))
          this.#fill(chunk, position)
          again = crc32(chunk, again)
        }
        if (again !== crc) throw this.#changed()
      }
    } finally {
      buffers.give(buffer)
    }
  }

  /**
   * A piece of the file as a body; `sums` are those of the last time it was read to its end. Reading throws TransferError
   * FileChanged when the file ends before.
   */
  piece(start: number, end: number, withMd5: boolean, buffers: Buffers) {
    const self = this
    const summed: { sums: Sums | undefined } = { sums: undefined }
    function* open(): Generator<Buffer> {
      const buffer = buffers.take(CHUNK_BYTES)
      const hash = withMd5 ? createHash('md5') : undefined
      let crc = 0
      try {
        for (let position = start; position < end; ) {
          const chunk = buffer.subarray(0, Math.min(CHUNK_BYTES, end - position))
          self.#fill(chunk, position)
          crc = crc32(chunk, crc)
          hash?.update(chunk)
          position += chunk.length
          // Before the last piece is out: the answer may be read before the generator goes on.
          if (position === end) {
            summed.sums = { crc32: crc32Text(crc), md5: hash?.digest() }
            self.#pieces.set(start, { start, end, crc })
          }
          yield chunk
        }
      } finally {
        buffers.give(buffer)
      }
    }
    return { body: { size: end - start, open }, summed }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

const CHUNK_BYTES = 256 * 1024
/** With md5 it takes two milliseconds. */
const SLICE_BYTES = 1024 * 1024

/** Throws an error that is worth another try when the store holds something else than what was sent. */
export function checkStored(name: string, answer: PutAnswer, sums: Sums | undefined): void {
  const differs =
    answer.crc32 !== undefined
      ? sums?.crc32 !== answer.crc32
      : sums?.md5 !== undefined && answer.etagIsMd5 && sums.md5.toString('hex') !== answer.etag
  if (differs)
    throw new ObjectStoreError(0, 'Damaged', `${name}: what the object store holds is not what was sent`)
}
