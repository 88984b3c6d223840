// Why waiting jobs wait, for those who ask. Deciding looks at the whole queue, so many askers share one answer for a
// moment: a hundred people who watch a hundred jobs must not keep the server from starting them.
import type { Admission } from '../job/admission.ts'
import { type AdmissionParts, decideAdmission } from '../job/decide-admission.ts'
import type { Job } from '../job/job.ts'
import { isTerminal } from '../job/phase.ts'

const SHARED_MS = 250

export class WaitingView {
  readonly #parts: AdmissionParts
  #decided: Promise<Map<string, Admission>> = Promise.resolve(new Map())
  #decidedAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  /** Position and reason of a job that waits for devices; null for every other. */
  async of(job: Job): Promise<Admission | null> {
    if (isTerminal(job.status.phase) || job.status.startIntentAtMs !== null) return null
    if (performance.now() - this.#decidedAtMs > SHARED_MS) this.#decide()
    const asked = this.#decided
    const shared = (await asked).get(job.id)
    if (shared !== undefined) return shared
    // Newer than the answer; the first who finds that asks for all.
    if (this.#decided === asked) this.#decide()
    return (await this.#decided).get(job.id) ?? null
  }

  #decide(): void {
    this.#decidedAtMs = performance.now()
    this.#decided = decideAdmission(this.#parts)
    // Whoever awaits it hears of it; the next one asks again.
    this.#decided.catch(() => {
      this.#decidedAtMs = Number.NEGATIVE_INFINITY
    })
  }
}
