// A wire between a server and its database that can be cut without closing anything, as a network that fails does.
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PostgresEngine } from './postgres.ts'

const SOCKET = '.s.PGSQL.5432'

/** Listens in a folder of its own; `through` names that folder in a database's URL. */
export class Wire implements AsyncDisposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'rww-'))
  readonly #engine: PostgresEngine
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false

  constructor(engine: PostgresEngine) {
    this.#engine = engine
    this.#server = createServer((near) => this.#join(near)).listen(join(this.#dir, SOCKET))
  }

  /** The same database, over this wire. */
  through(url: string): string {
    return url.replace(encodeURIComponent(this.#engine.socketDir), encodeURIComponent(this.#dir))
  }

  /** No byte passes any more, in either direction; connections stay, also when one end closes them. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.pause()
  }

  heal(): void {
    this.#isCut = false
    for (const socket of this.#sockets) socket.resume()
  }

  #join(near: Socket): void {
    const far = connect(join(this.#engine.socketDir, SOCKET))
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      if (this.#isCut) from.pause()
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.on('data', (bytes) => to.write(bytes))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    rmSync(this.#dir, { recursive: true })
  }
}
