// Which waiting jobs may start now, and why the others may not. Pure.
// First come, first served: a job that does not fit holds back those behind it, so that nobody starves.
import { allocate } from '../accelerator/allocate.ts'
import type { Booking, Inventory, Placement } from '../accelerator/device.ts'
import { resolveFlavor, taskSizeOf } from '../accelerator/flavor.ts'
import type { Job } from './job.ts'
import { nodeCount, taskNames } from './names.ts'

export type Admission =
  | { readonly admitted: true; readonly placements: readonly Placement[] }
  /** `position` counts from 1 over all projects; `reason` is a sentence with numbers, and with no name of another project. */
  | { readonly admitted: false; readonly position: number; readonly reason: string }

type InQueue = Pick<Job, 'id' | 'projectId'>

/**
 * Decides for every waiting job, in the order given. Devices of jobs admitted here count as taken for those after.
 * Keys are job ids. `behind`: those that follow, which are decided too where one before them has to wait.
 */
export function admit(
  waiting: readonly Job[],
  inventory: Inventory,
  bookings: readonly Booking[],
  behind: readonly InQueue[] = [],
): Map<string, Admission> {
  const decided = new Map<string, Admission>()
  const taken = [...bookings]
  let blocker: Job | null = null
  let position = 0
  const wait = ({ id, projectId }: InQueue, first: Job): void => {
    position++
    const who = projectId === first.projectId ? `"${first.request.metadata.name}"` : "another project's"
    const reason = `${position - 1} ${position === 2 ? 'job is' : 'jobs are'} ahead; the first is ${who}`
    decided.set(id, { admitted: false, position, reason })
  }
  for (const job of waiting) {
    if (blocker) {
      wait(job, blocker)
      continue
    }
    const result = place(job, inventory, taken)
    if (result.ok) {
      decided.set(job.id, { admitted: true, placements: result.placements })
      taken.push(
        ...result.placements.map((placement) => ({
          ...placement,
          jobId: job.id,
          attempt: job.status.attempt + 1,
        })),
      )
    } else if (result.everPossible) {
      blocker = job
      position = 1
      decided.set(job.id, { admitted: false, position, reason: result.reason })
    } else {
      // What these hosts can never hold waits for other hosts, and holds nobody back.
      decided.set(job.id, { admitted: false, position: 1, reason: result.reason })
    }
  }
  if (blocker) for (const next of behind) wait(next, blocker)
  return decided
}

/** Where one job would go with these bookings; `reason` says why it cannot. */
export function place(
  job: Pick<Job, 'request'>,
  inventory: Inventory,
  bookings: readonly Booking[],
): { ok: true; placements: readonly Placement[] } | { ok: false; reason: string; everPossible: boolean } {
  const flavorId = job.request.spec?.resource?.flavor_id ?? ''
  const flavor = resolveFlavor(inventory, flavorId)
  if (!flavor) {
    return {
      ok: false,
      reason: `no host offers flavor "${flavorId}" any more; see: ropeway flavor list`,
      everPossible: false,
    }
  }
  const names = taskNames(nodeCount(job))
  return allocate(
    inventory,
    bookings,
    names.length,
    taskSizeOf(flavor),
    (index) => names[index] ?? `worker-${index}`,
  )
}
