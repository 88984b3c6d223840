// The first rank of each attempt that failed, as its launcher told it. Kept in memory only: it makes the other tasks end at
// once instead of when the failed task has ended, which a server that was away finds out all the same.
import { explainExit } from '../api/exit-advice.ts'
import type { TaskReport } from '../api/task.ts'
import type { Job } from './job.ts'

export type RankFailure = { readonly task: string; readonly message: string; readonly exitCode: number }

export class RankFailures {
  readonly #first = new Map<string, RankFailure & { readonly attempt: number }>()

  /** Remembers a report if it is the first of a failed rank in this attempt; true when it is. */
  note(jobId: string, attempt: number, task: string, report: TaskReport): boolean {
    if (report.kind !== 'rank' || report.state !== 'exited' || report.exit_code === 0) return false
    if ((this.#first.get(jobId)?.attempt ?? 0) >= attempt) return false
    const exitCode = report.exit_code ?? 1
    const message = `rank ${report.rank} ended with ${explainExit(exitCode)}`
    this.#first.set(jobId, { attempt, task, message, exitCode })
    return true
  }

  /** Of the present attempt. */
  of({ id, status }: Pick<Job, 'id' | 'status'>): RankFailure | null {
    const first = this.#first.get(id)
    return first?.attempt === status.attempt ? first : null
  }

  forget(jobId: string): void {
    this.#first.delete(jobId)
  }
}
