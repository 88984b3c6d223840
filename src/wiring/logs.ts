// The logs of all jobs within their budgets: a job whose log is cut off hears of it.
import { join } from 'node:path'
import { EVENTS } from '../job/events.ts'
import type { Site } from '../job/site.ts'
import type { JobStore } from '../job/store.ts'
import type { Clock } from '../lib/clock.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import { sizeText } from '../lib/size.ts'
import { type LogStore, openLogStore } from '../log/log-store.ts'

export type LogsParts = {
  readonly dataDir: string
  readonly clock: Clock
  readonly disk: Pick<Site['disk'], 'jobLogBytes'>
  readonly store: Pick<JobStore, 'addEvents'>
  readonly changed: ChangeSignal
  readonly onError: (jobId: string, error: unknown) => void
}

/** Opens them in the data folder. */
export function openLogs({ dataDir, clock, disk, store, changed, onError }: LogsParts): Promise<LogStore> {
  const tell = async (jobId: string): Promise<void> => {
    const event = EVENTS.logBudgetReached(sizeText(disk.jobLogBytes))
    await store.addEvents(jobId, [event], clock.now().getTime())
    changed.notify(jobId)
  }
  return openLogStore({
    dir: join(dataDir, 'logs'),
    clock,
    budget: {
      limitBytes: disk.jobLogBytes,
      onCut: (jobId) => void tell(jobId).catch((error: unknown) => onError(jobId, error)),
    },
  })
}
