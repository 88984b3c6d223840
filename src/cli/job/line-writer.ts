// Log bytes of several tasks on one stream: whole lines, each with its task in front.

import type { OutputStream } from '../context.ts'
import { write } from '../output.ts'

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

/** Writes logs: one log as its bytes are, several by lines with `[worker-0] ` in front. */
export class LogWriter {
  readonly #out: OutputStream
  readonly #signal: AbortSignal
  readonly #prefixed: boolean
  readonly #cutters = new Map<string, LineCutter>()
  #lastByte = NEWLINE

  constructor(out: OutputStream, prefixed: boolean, signal: AbortSignal) {
    this.#out = out
    this.#prefixed = prefixed
    this.#signal = signal
  }

  /** Writes what can be written of `bytes`, the next piece of the log called `name`. */
  async push(name: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return
    if (!this.#prefixed) {
      this.#lastByte = bytes.at(-1) ?? NEWLINE
      return write(this.#out, bytes, this.#signal)
    }
    const cutter = this.#cutters.get(name) ?? new LineCutter()
    this.#cutters.set(name, cutter)
    const prefix = Buffer.from(`[${name}] `)
    const lines = cutter.push(bytes)
    if (lines.length > 0)
      await write(this.#out, Buffer.concat(lines.flatMap((line) => [prefix, line])), this.#signal)
  }

  /** Writes unfinished lines. On a terminal the next thing printed begins on a line of its own. */
  async end(): Promise<void> {
    for (const [name, cutter] of this.#cutters) {
      const rest = cutter.end()
      if (rest.length > 0)
        await write(
          this.#out,
          Buffer.concat([Buffer.from(`[${name}] `), rest, Buffer.from('\n')]),
          this.#signal,
        )
    }
    if (this.#out.isTTY && this.#lastByte !== NEWLINE) await write(this.#out, '\n', this.#signal)
  }
}
