// Decides which host and devices each task of a job gets: all tasks or none.
// Pure and deterministic: the same inventory, bookings and question give the same answer.
import { describeBusy, describeImpossible } from './allocate-reason.ts'
import type { Booking, Inventory, Placement, TaskSize } from './device.ts'
import { emptyHosts, freeHosts, type HostShare, split } from './split.ts'

export type Allocation =
  | { readonly ok: true; readonly placements: readonly Placement[] }
  | {
      readonly ok: false
      /** One sentence for people, with numbers. */
      readonly reason: string
      /** False when the inventory could not hold it even with nothing booked. */
      readonly everPossible: boolean
    }

/**
 * Places `taskCount` tasks of one size, each whole on one host, with equal counts and the rules of the chip
 * (ascend.md §1.10): a 910A gives a job 1, 2 or 4 devices of one ring or all 8, and as many on every server.
 * Fuller hosts are used first, so that whole ones stay whole. `taskName` names task i; `worker-<i>` by default.
 * Cores may be fractions; memory is bytes.
 */
export function allocate(
  inventory: Inventory,
  bookings: readonly Booking[],
  taskCount: number,
  size: TaskSize,
  taskName: (index: number) => string = (index) => `worker-${index}`,
): Allocation {
  const invalid = invalidQuestion(taskCount, size)
  if (invalid) return { ok: false, reason: invalid, everPossible: false }
  const free = freeHosts(inventory, bookings)
  const shares = split(free, taskCount, size)
  if (shares) return { ok: true, placements: placementsOf(shares, size, taskName) }
  const empty = emptyHosts(inventory)
  if (split(empty, taskCount, size)) {
    return { ok: false, reason: describeBusy(free, taskCount, size), everPossible: true }
  }
  return { ok: false, reason: describeImpossible(empty, taskCount, size), everPossible: false }
}

function invalidQuestion(taskCount: number, size: TaskSize): string | undefined {
  if (!Number.isInteger(taskCount) || taskCount < 1)
    return `task count: got ${taskCount}; valid: a whole number from 1`
  if (!Number.isInteger(size.devices) || size.devices < 0) {
    return `devices per task: got ${size.devices}; valid: a whole number from 0`
  }
  if (size.kind === 'CPU' && size.devices > 0)
    return `devices per task: got ${size.devices}; valid: 0 for a CPU task`
  if (!(size.cpuCores >= 0) || !(size.memoryBytes >= 0)) {
    return `task size: got ${size.cpuCores} cores and ${size.memoryBytes} bytes; valid: numbers from 0`
  }
  return undefined
}

function placementsOf(
  shares: readonly HostShare[],
  size: TaskSize,
  taskName: (index: number) => string,
): Placement[] {
  const placements: Placement[] = []
  for (const share of shares) {
    for (let i = 0; i < share.tasks; i += 1) {
      const taskIndex = placements.length
      placements.push({
        task: taskName(taskIndex),
        taskIndex,
        hostId: share.free.host.id,
        physicalIds: share.physicalIds.slice(i * size.devices, (i + 1) * size.devices),
        cpuCores: size.cpuCores,
        memoryBytes: size.memoryBytes,
      })
    }
  }
  return placements
}
