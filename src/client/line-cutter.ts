// A stream of bytes as lines.

const NEWLINE = 0x0a
/** A line that grows past this is cut: a program without newlines must not fill memory. */
const LONGEST_LINE = 64 * 1024

/** Cuts a stream of bytes into lines; keeps the last, unfinished one. */
export class LineCutter {
  #rest: Buffer = Buffer.alloc(0)

  /** The lines that are whole now, each with its newline. */
  push(bytes: Uint8Array): Buffer[] {
    const all = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes])
    const lines: Buffer[] = []
    let start = 0
    for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
      lines.push(all.subarray(start, end + 1))
      start = end + 1
    }
    this.#rest = all.subarray(start)
    if (this.#rest.length > LONGEST_LINE) lines.push(Buffer.concat([this.end(), Buffer.from('\n')]))
    return lines
  }

  /** What is left at the end; empty when the log ended with a newline. */
  end(): Buffer {
    const rest = this.#rest
    this.#rest = Buffer.alloc(0)
    return rest
  }
}
