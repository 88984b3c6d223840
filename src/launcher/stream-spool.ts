// One stream of the spool on disk (src/lib/spool-segments.ts says what the files are). Written with plain synchronous
// writes: what was appended is in the kernel before the next byte is read, so a killed launcher loses none of it.
import { closeSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Segment, segmentName } from '../lib/spool-segments.ts'
import { writeAll } from './write-file.ts'

/** `loss`: where in the stream a line about dropped bytes begins, and how many it tells of. */
type Part = { start: number; sizeBytes: number; loss: { at: number; bytes: number } | null }

export type StreamOptions = {
  readonly dir: string
  readonly stream: string
  readonly segmentBytes: number
  readonly found: readonly Segment[]
}

export class StreamSpool {
  readonly #options: StreamOptions
  readonly #parts: Part[]
  #fd: number | null = null
  /** Length the server has confirmed. */
  #shipped: number
  /** End of what was sent without an answer: the server may have bytes up to here. */
  #uncertain = 0
  #sizeBytes: number
  /** Bytes that could not be written, told of as soon as writing works again. */
  #unwritten = 0

  constructor(options: StreamOptions) {
    this.#options = options
    this.#parts = options.found.map(({ start, sizeBytes }) => ({ start, sizeBytes, loss: null }))
    this.#shipped = this.#parts[0]?.start ?? 0
    this.#sizeBytes = this.#count()
  }

  get end(): number {
    const last = this.#parts.at(-1)
    return last ? last.start + last.sizeBytes : this.#shipped
  }
  get shipped(): number {
    return this.#shipped
  }
  /** Printed and refused by the disk, with no line about them yet. */
  get untoldBytes(): number {
    return this.#unwritten
  }
  get unshippedBytes(): number {
    return this.end - this.#shipped
  }
  /** On disk. Asked for with every piece that is printed, so it is kept and not counted. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Adds bytes. When the disk refuses them they are lost, and a line says so once it takes bytes again. */
  append(bytes: Uint8Array): void {
    if (this.tellLoss()) this.#unwritten = bytes.length - this.#write(bytes)
    else this.#unwritten += bytes.length
  }

  /** Writes the line about bytes that the disk refused, if there are any; false when it refuses that line, too. */
  tellLoss(): boolean {
    if (this.#unwritten === 0) return true
    const line = Buffer.from(lossLine(this.#unwritten, 'the disk did not take them'))
    if (this.#write(line) < line.length) return false
    this.#unwritten = 0
    return true
  }

  /** Bytes from `offset`, never across two segments; marks them as sent without an answer. */
  take(offset: number, maxBytes: number): Buffer {
    const part = this.#parts.find(({ start, sizeBytes }) => start + sizeBytes > offset)
    if (!part) return Buffer.alloc(0)
    const bytes = this.#read(part, offset, Math.min(maxBytes, part.start + part.sizeBytes - offset))
    this.#uncertain = offset + bytes.length
    return bytes
  }

  /** The server said how long its copy is. Less than we keep means that bytes are gone on both sides: a line says so. */
  confirm(length: number): void {
    const first = this.#parts[0]
    if (first && length < first.start) this.#replaceHead(0, length, Buffer.alloc(0), first.start - length)
    this.#shipped = Math.min(length, this.end)
    this.#uncertain = this.#shipped
  }

  /** Deletes the oldest segment if the server has all of it; false when there is none to delete. */
  dropShipped(): boolean {
    const [first, next] = this.#parts
    if (!first || !next || next.start > this.#shipped) return false
    this.#parts.shift()
    this.#sizeBytes -= first.sizeBytes
    rmSync(this.#path(first.start), { force: true })
    return true
  }

  /** Gives up the oldest bytes the server does not have, and puts a line in their place; false when nothing can go. */
  dropUnshipped(): boolean {
    const [first] = this.#parts
    const index = first?.loss ? 1 : 0
    const victim = this.#parts[index]
    if (!first || !victim || index >= this.#parts.length - 1) return false
    const end = victim.start + victim.sizeBytes
    if (first.loss && this.#uncertain <= first.loss.at) {
      const from = Math.max(first.start, this.#shipped)
      const head = this.#read(first, from, Math.max(first.loss.at - from, 0))
      this.#replaceHead(2, from, head, first.loss.bytes + victim.sizeBytes)
      return true
    }
    const from = Math.max(victim.start, this.#shipped)
    const keepTo = Math.max(Math.min(this.#uncertain, end), from)
    if (keepTo === end || index === 1) return false
    this.#replaceHead(1, from, this.#read(victim, from, keepTo - from), end - keepTo)
    return true
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  /** How many bytes the disk took. */
  #write(bytes: Uint8Array): number {
    let done = 0
    while (done < bytes.length) {
      const part = this.#current()
      const piece = bytes.subarray(done, done + this.#options.segmentBytes - part.sizeBytes)
      try {
        this.#fd ??= openSync(this.#path(part.start), 'a', 0o644)
        writeAll(this.#fd, piece)
        part.sizeBytes += piece.length
        this.#sizeBytes += piece.length
        done += piece.length
      } catch {
        // The file, not our count, knows how far it got.
        const sizeBytes = statSync(this.#path(part.start), { throwIfNoEntry: false })?.size ?? part.sizeBytes
        done += sizeBytes - part.sizeBytes
        this.#sizeBytes += sizeBytes - part.sizeBytes
        part.sizeBytes = sizeBytes
        return done
      }
    }
    return done
  }

  #current(): Part {
    const last = this.#parts.at(-1)
    if (last && last.sizeBytes < this.#options.segmentBytes && !last.loss) return last
    this.close()
    const part: Part = { start: this.end, sizeBytes: 0, loss: null }
    this.#parts.push(part)
    return part
  }

  #read(part: Part, offset: number, length: number): Buffer {
    const fd = openSync(this.#path(part.start), 'r')
    try {
      const buffer = Buffer.alloc(length)
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset - part.start))
    } finally {
      closeSync(fd)
    }
  }

  /**
   * Replaces the first `count` segments by one that holds `head` and a line about `lost` bytes, and begins at `start`.
   * Later segments move, so that offsets stay without a gap: nobody but us has seen them yet.
   */
  #replaceHead(count: number, start: number, head: Buffer, lost: number): void {
    const content = Buffer.concat([
      head,
      Buffer.from(lossLine(lost, 'the server did not take them and the spool is limited')),
    ])
    const gone = this.#parts.splice(0, count)
    const oldEnd = count > 0 ? endOf(gone.at(-1)) : (this.#parts[0]?.start ?? start)
    const aside = join(this.#options.dir, `${this.#options.stream}.loss`)
    writeFileSync(aside, content)
    for (const part of gone) rmSync(this.#path(part.start), { force: true })
    const shift = start + content.length - oldEnd
    // The order keeps a moved segment from landing on one that has yet to move.
    for (const part of shift < 0 ? this.#parts : this.#parts.toReversed()) {
      renameSync(this.#path(part.start), this.#path(part.start + shift))
      part.start += shift
    }
    renameSync(aside, this.#path(start))
    this.#parts.unshift({ start, sizeBytes: content.length, loss: { at: start + head.length, bytes: lost } })
    this.#sizeBytes = this.#count()
  }

  #count(): number {
    return this.#parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  }

  #path(start: number): string {
    return join(this.#options.dir, segmentName(this.#options.stream, start))
  }
}

const endOf = (part: Part | undefined): number => (part ? part.start + part.sizeBytes : 0)

const lossLine = (bytes: number, why: string): string =>
  `[ropeway] ${bytes} bytes of this log are missing here: ${why}\n`
