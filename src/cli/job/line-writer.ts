// Log bytes of several tasks on one stream: whole lines, each with its task in front.

import { LineCutter } from '../../client/line-cutter.ts'
import type { OutputStream } from '../context.ts'
import { write } from '../output.ts'

const NEWLINE = 0x0a

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
