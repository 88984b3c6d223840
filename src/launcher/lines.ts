// Cuts a program's output into whole lines, so that the lines of several programs can share one file.

const NEWLINE = 0x0a

/** Holds back what is no whole line yet. */
export class LineSplitter {
  readonly #limitBytes: number
  #held: Buffer[] = []
  #heldBytes = 0

  /** @param limitBytes a line that grows past this is cut, so that a program without newlines cannot fill memory */
  constructor(limitBytes = 64 * 1024) {
    this.#limitBytes = limitBytes
  }

  /** Whole lines that are ready now, newlines included; empty when none is. */
  push(chunk: Buffer): Buffer {
    const end = chunk.lastIndexOf(NEWLINE) + 1
    const ready =
      this.#heldBytes === 0 || end === 0
        ? chunk.subarray(0, end)
        : Buffer.concat([...this.#held, chunk.subarray(0, end)])
    if (end > 0) this.#clear()
    if (end < chunk.length) this.#hold(chunk.subarray(end))
    return this.#heldBytes > this.#limitBytes ? Buffer.concat([ready, this.end()]) : ready
  }

  /** What is left, made a line; empty when nothing is. */
  end(): Buffer {
    if (this.#heldBytes === 0) return Buffer.alloc(0)
    const line = Buffer.concat([...this.#held, Buffer.from('\n')])
    this.#clear()
    return line
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
  }

  #clear(): void {
    this.#held = []
    this.#heldBytes = 0
  }
}

/** The end of a program's output, for whoever asks why it failed. */
export class LastLines {
  readonly #limitBytes: number
  readonly #held: Buffer[] = []
  #heldBytes = 0

  constructor(limitBytes = 16 * 1024) {
    this.#limitBytes = limitBytes
  }

  push(chunk: Buffer): void {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    // Whole pieces go, so that a line costs no copy of all that is remembered.
    for (
      let first = this.#held[0];
      first && this.#heldBytes - first.length >= this.#limitBytes;
      first = this.#held[0]
    ) {
      this.#held.shift()
      this.#heldBytes -= first.length
    }
  }

  /** At most `count` lines, the last ones; the first may be cut off at its front. */
  last(count: number): string[] {
    return Buffer.concat(this.#held)
      .subarray(-this.#limitBytes)
      .toString('utf8')
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .slice(-count)
  }
}
