// The files a rank's output goes to: its own, byte for byte, and the shared log file in whole lines.
import { closeSync, existsSync, fstatSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../lib/make-folder.ts'
import { messageOf } from './launcher-error.ts'
import { type LastLines, LineSplitter } from './lines.ts'
import type { OutputSink } from './ports.ts'
import { writeAll } from './write-file.ts'

/** Older parts that stay beside the file, as FILE.1 and FILE.2. */
const KEPT = 2

/**
 * A file that grows up to a limit and then begins anew, the older part beside it. When the disk refuses, one sentence
 * goes to `say` and the program runs on.
 */
export class LogFile implements Disposable {
  readonly #path: string
  readonly #limitBytes: number
  readonly #say: (sentence: string) => void
  #fd: number | null = null
  #bytes = 0
  #isTold = false

  constructor(path: string, limitBytes: number, say: (sentence: string) => void) {
    this.#path = path
    this.#limitBytes = limitBytes
    this.#say = say
    this.#attempt(() => {
      makeFolder(dirname(path))
      this.#open()
    })
  }

  write(bytes: Uint8Array): void {
    if (this.#fd === null || bytes.length === 0) return
    this.#attempt(() => {
      if (this.#bytes > 0 && this.#bytes + bytes.length > this.#limitBytes) this.#rotate()
      if (this.#fd !== null) writeAll(this.#fd, bytes)
      this.#bytes += bytes.length
    })
  }

  [Symbol.dispose](): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #open(): void {
    this.#fd = openSync(this.#path, 'a', 0o644)
    const found = fstatSync(this.#fd)
    // /dev/stdout and the like have no size and no parts.
    this.#bytes = found.isFile() ? found.size : Number.NEGATIVE_INFINITY
  }

  #rotate(): void {
    this[Symbol.dispose]()
    for (let part = KEPT; part > 1; part--)
      if (existsSync(`${this.#path}.${part - 1}`))
        renameSync(`${this.#path}.${part - 1}`, `${this.#path}.${part}`)
    renameSync(this.#path, `${this.#path}.1`)
    this.#open()
    if (this.#isTold) return
    this.#isTold = true
    this.#say(
      `log file ${this.#path}: ${this.#limitBytes} bytes are full; it begins anew, up to ${KEPT} older parts stay as ${this.#path}.1 …; the job's own log has all of it`,
    )
  }

  #attempt(action: () => void): void {
    try {
      action()
    } catch (error) {
      this[Symbol.dispose]()
      this.#say(`log file ${this.#path}: ${messageOf(error)}; it ends here, the job's own log goes on`)
    }
  }
}

/** Output of one rank to its file, the shared file, the platform and what is remembered of its end. */
export function rankSink(own: LogFile, shared: LogFile, platform: OutputSink, end: LastLines): OutputSink {
  const lines = new LineSplitter()
  return {
    write(chunk) {
      own.write(chunk)
      end.push(chunk)
      shared.write(lines.push(chunk))
      return platform.write(chunk)
    },
    async end() {
      shared.write(lines.end())
      own[Symbol.dispose]()
      await platform.end()
    },
  }
}
