// How much the logs of each job may take. The count is of raw bytes, taken from the disk once and then kept.
import { sizeText } from '../lib/size.ts'

export type BudgetOptions = {
  /** Of all streams of a job together; null: no budget. */
  readonly limitBytes: number | null
  /** Told once for each job, when bytes of it are not kept for the first time. */
  readonly onCut: (jobId: string) => void
}

/** What the disk says of a job before the first append. */
export type JobOnDisk = { readonly sizeBytes: number; readonly isCut: boolean }

export class JobBudget {
  readonly #limitBytes: number | null
  readonly #onCut: (jobId: string) => void
  readonly #onDisk: (jobId: string) => Promise<JobOnDisk>
  readonly #jobs = new Map<string, Promise<{ sizeBytes: number; isCut: boolean }>>()

  constructor({ limitBytes, onCut }: BudgetOptions, onDisk: (jobId: string) => Promise<JobOnDisk>) {
    this.#limitBytes = limitBytes
    this.#onCut = onCut
    this.#onDisk = onDisk
  }

  /** null while the job has room for more bytes; else the sentence that its streams end with. */
  async full(jobId: string, sizeBytes: number): Promise<string | null> {
    if (this.#limitBytes === null || sizeBytes === 0) return null
    const job = await this.#job(jobId)
    if (job.sizeBytes + sizeBytes <= this.#limitBytes && !job.isCut) return null
    return `the logs of this job take the ${sizeText(this.#limitBytes)} that are kept of one job (disk.job_log_size); what this stream prints from here on is not kept`
  }

  /** Counts an append: its bytes were kept, or not. */
  async note(jobId: string, sizeBytes: number, kept: boolean): Promise<void> {
    if (this.#limitBytes === null) return
    const job = await this.#job(jobId)
    if (kept) job.sizeBytes += sizeBytes
    else if (!job.isCut) {
      job.isCut = true
      this.#onCut(jobId)
    }
  }

  /** Its logs are gone. */
  forget(jobId: string): void {
    this.#jobs.delete(jobId)
  }

  #job(jobId: string): Promise<{ sizeBytes: number; isCut: boolean }> {
    const known = this.#jobs.get(jobId)
    if (known) return known
    const reading = this.#onDisk(jobId).then((found) => ({ ...found }))
    reading.catch(() => this.#jobs.delete(jobId))
    this.#jobs.set(jobId, reading)
    return reading
  }
}
