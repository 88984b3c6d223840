// Pipes for a program's output. Node itself would give it sockets, and then `echo x > /dev/stderr` and everything else
// that opens /dev/stdout fails with ENXIO, which no container engine does to a program. One real pipe for both
// also keeps the order of stdout and stderr. Node cannot make a FIFO, so the runtime folder brings mkfifo.
import { execFile } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Both ends; the writing end is for the child and is closed here once the child has it. */
export type OutputPipe = { readonly readFd: number; readonly writeFd: number }

export class OutputPipes implements AsyncDisposable {
  readonly runtimeDir: string
  readonly #dir: string
  readonly #ready: string[] = []
  #made = 0
  #making: Promise<void> = Promise.resolve()

  /** @param parentDir a folder this user may write to; nothing is left in it */
  constructor(runtimeDir: string, parentDir: string) {
    this.runtimeDir = runtimeDir
    this.#dir = mkdtempSync(join(parentDir, 'pipes-'))
  }

  /** Begins to make `count` pipes, so that starting a program need not wait for them. */
  prepare(count: number): void {
    this.#making = this.#make(count)
  }

  async #make(count: number): Promise<void> {
    const paths = Array.from({ length: count }, () => join(this.#dir, String(this.#made++)))
    const [file, ...args] = mkfifoCommand(this.runtimeDir)
    if (!file) return
    const made = await promisify(execFile)(file, [...args, '-m', '600', ...paths], { env: {} }).catch(
      () => null,
    )
    if (made) this.#ready.push(...paths)
  }

  /** A fresh pipe, or null where none can be made; the caller then lives with sockets. */
  async open(): Promise<OutputPipe | null> {
    await this.#making
    if (this.#ready.length === 0) await this.#make(1)
    const path = this.#ready.shift()
    if (!path) return null
    // The reading end first: without it, opening the other would wait.
    const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return { readFd, writeFd: openSync(path, constants.O_WRONLY) }
    } catch (error) {
      closeSync(readFd)
      throw error
    } finally {
      rmSync(path, { force: true })
    }
  }

  /** Waits for mkfifo first: a folder that is still being filled cannot be removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#making
    try {
      rmSync(this.#dir, { recursive: true, force: true })
    } catch {
      // The folder belongs to the user's program too; what it did to it must not change how the task ends.
    }
  }
}

/** Through our own loader, so that it runs in any image; empty when the runtime folder has none. */
function mkfifoCommand(runtimeDir: string): string[] {
  const lib = join(runtimeDir, 'lib')
  try {
    const loader = readdirSync(lib).find((name) => /^ld-.*\.so\.\d+$/.test(name))
    const has = readdirSync(runtimeDir).includes('mkfifo')
    return loader && has ? [join(lib, loader), '--library-path', lib, join(runtimeDir, 'mkfifo')] : []
  } catch {
    return []
  }
}
