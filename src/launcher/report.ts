// Tells the server what happens, in order and until it was heard. The server drops a sequence it has seen.

import type { ReportRequest, TaskReport } from '../api/task.ts'
import { TASK_ROUTES } from '../api/task-constants.ts'
import { sleep } from '../lib/abort.ts'
import { ChangeSignal } from '../lib/signal.ts'
import type { TaskClient } from './task-client.ts'

const LONGEST_PAUSE_MS = 2_000

export class Reporter {
  readonly #client: TaskClient
  readonly #changed = new ChangeSignal()
  readonly #queue: ReportRequest[] = []
  #sequence = 0

  constructor(client: TaskClient) {
    this.#client = client
  }

  /** Queues a report; it is sent by `run`. */
  tell(report: TaskReport): void {
    this.#queue.push({ sequence: ++this.#sequence, at_ms: Date.now(), report })
    this.#changed.notify('reports')
  }

  /** Sends what is queued until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let pauseMs = 50
    while (!signal.aborted) {
      const next = this.#queue[0]
      if (!next) {
        await this.#changed.wait('reports', 60_000, signal)
      } else if (await this.#send(next, signal)) {
        pauseMs = 50
        this.#queue.shift()
        if (this.#queue.length === 0) this.#changed.notify('empty')
      } else {
        await sleep(pauseMs, signal).catch(() => undefined)
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      }
    }
  }

  /** Resolves when all reports were heard, or after `timeoutMs`. */
  async flushed(timeoutMs: number): Promise<void> {
    if (this.#queue.length > 0) await this.#changed.wait('empty', timeoutMs)
  }

  /** A report the server calls malformed will not get better: it counts as heard. */
  async #send(report: ReportRequest, signal: AbortSignal): Promise<boolean> {
    const body = JSON.stringify(report)
    const reply = await this.#client
      .ask({ method: 'POST', path: TASK_ROUTES.reports, body, timeoutMs: 10_000, signal })
      .catch(() => null)
    return reply !== null && (reply.status < 300 || reply.status === 400)
  }
}
