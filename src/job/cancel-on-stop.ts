// A start may take long (a pull of many gigabytes), and whoever asks for a stop meanwhile shall not wait for its end.
import type { ChangeSignal } from '../lib/signal.ts'
import type { Job } from './job.ts'
import type { JobStore } from './store.ts'

type Parts = { readonly store: Pick<JobStore, 'getById'>; readonly wake: ChangeSignal }

const wantsToEnd = (job: Job | null): boolean =>
  job === null || job.stopRequestedAtMs !== null || job.deleteRequestedAtMs !== null

/** Runs `work`, cancelled when the job is asked to stop. true: it was cancelled, and what it threw is no failure. */
export async function cancelOnStop(
  { store, wake }: Parts,
  jobId: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const cancel = new AbortController()
  const look = (): void =>
    void store.getById(jobId).then(
      (job) => wantsToEnd(job) && cancel.abort(new Error('the job was asked to stop')),
      () => undefined,
    )
  const unlisten = wake.listen((changed) => changed === jobId && look())
  // The wish may have come just before we listened.
  look()
  try {
    await work(AbortSignal.any([signal, cancel.signal]))
    return false
  } catch (error) {
    if (cancel.signal.aborted && !signal.aborted) return true
    throw error
  } finally {
    unlisten()
  }
}
