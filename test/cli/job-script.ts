// A job played by the stub server: events and log bytes appear as the test lets them.
import { type Handler, JOB_ID, jobDocument, type StubAnswer } from './stub-server.ts'

/** Long polls answer when something changed, or at once when nothing is waited for. */
export class JobScript {
  readonly logs = new Map<string, Buffer>()
  readonly #events: unknown[] = []
  #state = { phase: 'Pending', exit_code: null as number | null, message: '' }
  #waiting = new Set<() => void>()
  terminated = 0
  readonly #nodes: number

  constructor(nodes = 1) {
    this.#nodes = nodes
    for (let index = 0; index < nodes; index += 1) this.logs.set(`worker-${index}`, Buffer.alloc(0))
  }

  event(message: string): void {
    const base = { time: '2026-03-01T12:00:00+00:00', level: 'Info', source: 'Job', reason: 'Said' }
    this.#events.push({ sequence: this.#events.length + 1, message, ...base })
    this.#changed()
  }
  log(task: string, bytes: string): void {
    this.logs.set(task, Buffer.concat([this.logs.get(task) ?? Buffer.alloc(0), Buffer.from(bytes)]))
    this.#changed()
  }
  phase(phase: string, exitCode: number | null = null, message = ''): void {
    this.#state = { phase, exit_code: exitCode, message }
    this.#changed()
  }
  #changed(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  get #terminal(): boolean {
    return ['Completed', 'Failed', 'Terminated', 'Abnormal'].includes(this.#state.phase)
  }

  readonly handler: Handler = async ({ method, path, query }) => {
    if (method === 'POST' && path === '/training-jobs') return { status: 201, json: this.#document() }
    if (path === `/training-jobs/${JOB_ID}/actions`) {
      this.terminated += 1
      this.phase('Terminated')
      return { status: 202, json: this.#document() }
    }
    const until = (ready: () => boolean) => (query.get('wait_s') === '0' ? undefined : this.#until(ready))
    if (path.endsWith('/stream')) {
      const since = Number(query.get('since'))
      const before = this.#state.phase
      await until(() => this.#events.length > since || this.#terminal || this.#state.phase !== before)
      return {
        json: {
          next: this.#events.length,
          events: this.#events.slice(since),
          secondary_phase: '',
          waiting: null,
          terminal: this.#terminal,
          ...this.#state,
        },
      }
    }
    const task = /\/tasks\/([^/]+)\/logs\/task$/.exec(path)?.[1]
    if (task) return this.#read(task, Number(query.get('offset')), until)
    if (path.endsWith('/logs'))
      return { json: { streams: [{ stream: 'task', file_name: 'f', attempt: 1, length: 0 }] } }
    return { json: this.#document() }
  }

  async #read(
    task: string,
    offset: number,
    until: (ready: () => boolean) => Promise<void> | undefined,
  ): Promise<StubAnswer> {
    await until(() => (this.logs.get(task)?.length ?? 0) > offset || this.#terminal)
    const all = this.logs.get(task) ?? Buffer.alloc(0)
    const bytes = all.subarray(offset, offset + 7)
    const next = offset + bytes.length
    const end = String(this.#terminal && next >= all.length)
    return {
      bytes,
      headers: {
        'Ropeway-Log-Offset': String(offset),
        'Ropeway-Log-Next': String(next),
        'Ropeway-Log-End': end,
      },
    }
  }

  #document() {
    return jobDocument({ nodes: this.#nodes, tasks: [...this.logs.keys()], phase: this.#state.phase })
  }

  async #until(ready: () => boolean): Promise<void> {
    while (!ready()) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }
}
