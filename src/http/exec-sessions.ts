// Which sessions somebody has. The launcher beside each command asks here over its task's socket: a command whose
// session is over, or whose server is gone, ends, wherever it runs and whatever the engine can do.
import { randomBytes } from 'node:crypto'
import { ChangeSignal } from '../lib/signal.ts'

/** A session until it is disposed. */
export type ExecTicket = Disposable & { readonly id: string }

export class ExecSessions {
  readonly #live = new Set<string>()
  readonly #ended = new ChangeSignal()

  get count(): number {
    return this.#live.size
  }

  begin(): ExecTicket {
    const id = randomBytes(16).toString('hex')
    this.#live.add(id)
    return {
      id,
      [Symbol.dispose]: () => {
        if (this.#live.delete(id)) this.#ended.notify(id)
      },
    }
  }

  /** True after `waitMs` while somebody has the session; false as soon as nobody has, or when the signal aborts. */
  async watch(id: string, waitMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#live.has(id)) await this.#ended.wait(id, waitMs, signal)
    return this.#live.has(id) && !signal.aborted
  }
}
