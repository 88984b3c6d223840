// The files a rank's output goes to: its own, byte for byte, and the shared log file in whole lines.
import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../lib/make-folder.ts'
import { messageOf } from './launcher-error.ts'
import { type LastLines, LineSplitter } from './lines.ts'
import type { OutputSink } from './ports.ts'
import { writeAll } from './write-file.ts'

/** A file that only grows. When the disk refuses, one sentence goes to `say` and the program runs on. */
export class LogFile implements Disposable {
  readonly #path: string
  readonly #say: (sentence: string) => void
  #fd: number | null = null

  constructor(path: string, say: (sentence: string) => void) {
    this.#path = path
    this.#say = say
    this.#attempt(() => {
      makeFolder(dirname(path))
      this.#fd = openSync(path, 'a', 0o644)
    })
  }

  write(bytes: Uint8Array): void {
    const fd = this.#fd
    if (fd !== null && bytes.length > 0) this.#attempt(() => writeAll(fd, bytes))
  }

  [Symbol.dispose](): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
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
