// How the tasks of one job are spread over hosts: which hosts, how many tasks on each, which devices.
// The tasks on one host have neighbouring numbers and their devices ascend with them, so that ranks, which a
// rank table counts server by server and device by device, follow the task index and never interleave.
import type { Booking, Chip, Host, Inventory, TaskSize } from './device.ts'
import { chooseDevices, legalCounts } from './topology.ts'

/** What nobody has booked on a host. */
export type FreeHost = {
  readonly host: Host
  /** Place in the inventory; breaks ties. */
  readonly order: number
  readonly freeIds: readonly number[]
  readonly cpuCores: number
  readonly memoryBytes: number
  /** Nothing of it is booked. */
  readonly untouched: boolean
}

/** `tasks` tasks on one host; `physicalIds` are theirs together, ascending, `size.devices` for each in turn. */
export type HostShare = {
  readonly free: FreeHost
  readonly tasks: number
  readonly physicalIds: readonly number[]
  readonly preference: number
}

/** Sums of fractions of a core are not exact; a millionth of one is nobody's. */
export const EPSILON = 1e-6

/** Every host with what `bookings` leave of it. Unhealthy devices are not free. */
export function freeHosts(inventory: Inventory, bookings: readonly Booking[]): FreeHost[] {
  const byHost = Map.groupBy(bookings, (booking) => booking.hostId)
  return inventory.hosts.map((host, order) => {
    const here = byHost.get(host.id) ?? []
    const booked = new Set(here.flatMap((booking) => booking.physicalIds))
    return {
      host,
      order,
      freeIds: host.devices.filter((d) => d.healthy && !booked.has(d.physicalId)).map((d) => d.physicalId),
      cpuCores: host.cpuCores - here.reduce((sum, booking) => sum + booking.cpuCores, 0),
      memoryBytes: host.memoryBytes - here.reduce((sum, booking) => sum + booking.memoryBytes, 0),
      untouched: here.length === 0,
    }
  })
}

/** The inventory as if every device were healthy: what it can hold one day. */
export function allHealthy({ hosts }: Inventory): Inventory {
  const healthy = (host: Host): Host => ({
    ...host,
    devices: host.devices.map((device) => ({ ...device, healthy: true })),
  })
  return { hosts: hosts.map(healthy) }
}

/** The inventory as if nothing were booked and every device healthy. */
export const emptyHosts = (inventory: Inventory): FreeHost[] => freeHosts(allHealthy(inventory), [])

/** Hosts that can serve a size at all, one list per chip, because a job never mixes chips. */
export function candidates(hosts: readonly FreeHost[], size: TaskSize): FreeHost[][] {
  if (size.devices === 0) return [[...hosts]]
  const ofKind = hosts.filter(({ host }) => host.kind === size.kind)
  return [...Map.groupBy(ofKind, ({ host }) => host.chip).values()]
}

/** How many tasks of a size one host holds by CPU and memory alone. */
function byCpuAndMemory(free: FreeHost, size: TaskSize): number {
  const cpu =
    size.cpuCores > 0 ? Math.floor((free.cpuCores + EPSILON) / size.cpuCores) : Number.POSITIVE_INFINITY
  const memory =
    size.memoryBytes > 0 ? Math.floor(free.memoryBytes / size.memoryBytes) : Number.POSITIVE_INFINITY
  return Math.max(0, Math.min(cpu, memory))
}

/** Puts exactly `tasks` tasks on one host, or nothing. `several`: the job uses other hosts too. */
function shareOn(free: FreeHost, tasks: number, size: TaskSize, several: boolean): HostShare | undefined {
  if (tasks > byCpuAndMemory(free, size)) return undefined
  if (size.devices === 0) return { free, tasks, physicalIds: [], preference: 0 }
  const { chip, devices } = free.host
  const want = tasks * size.devices
  const taskIsLegal = legalCounts(chip, devices.length).includes(size.devices)
  if (!taskIsLegal || !legalCounts(chip, devices.length, several).includes(want)) return undefined
  const choice = chooseDevices(chip, devices.length, free.freeIds, want)
  return (
    choice && {
      free,
      tasks,
      physicalIds: [...choice.physicalIds].sort((a, b) => a - b),
      preference: choice.preference,
    }
  )
}

/** Best set of devices first, then the fullest host, then the inventory's order. */
function byFit(a: HostShare, b: HostShare): number {
  return (
    a.preference - b.preference ||
    a.free.freeIds.length - b.free.freeIds.length ||
    a.free.cpuCores - b.free.cpuCores ||
    a.free.order - b.free.order
  )
}

/** The same number of tasks on every host used. Leaves untouched hosts alone where it can, then uses few hosts. */
function splitEqually(
  hosts: readonly FreeHost[],
  taskCount: number,
  size: TaskSize,
): HostShare[] | undefined {
  let best: { shares: HostShare[]; untouched: number } | undefined
  for (let each = taskCount; each >= 1; each -= 1) {
    const hostCount = taskCount / each
    if (!Number.isInteger(hostCount) || hostCount > hosts.length) continue
    const fitting = hosts.flatMap((free) => shareOn(free, each, size, hostCount > 1) ?? [])
    if (fitting.length < hostCount) continue
    const shares = fitting.sort(byFit).slice(0, hostCount)
    const untouched = shares.filter((share) => share.free.untouched).length
    if (!best || untouched < best.untouched) best = { shares, untouched }
  }
  return best?.shares
}

/** The most tasks, up to `limit`, that one host takes. */
function largestShare(
  free: FreeHost,
  limit: number,
  size: TaskSize,
  several: boolean,
): HostShare | undefined {
  const byDevices =
    size.devices > 0 ? Math.floor(free.freeIds.length / size.devices) : Number.POSITIVE_INFINITY
  for (let tasks = Math.min(limit, byDevices, byCpuAndMemory(free, size)); tasks >= 1; tasks -= 1) {
    const share = shareOn(free, tasks, size, several)
    if (share) return share
  }
  return undefined
}

/** As many as fit on the fullest host, the rest on the next. */
function splitFullestFirst(
  hosts: readonly FreeHost[],
  taskCount: number,
  size: TaskSize,
): HostShare[] | undefined {
  const shares: HostShare[] = []
  let left = taskCount
  const fullest = hosts.toSorted(
    (a, b) => a.freeIds.length - b.freeIds.length || a.cpuCores - b.cpuCores || a.order - b.order,
  )
  for (const free of fullest) {
    const share = left > 0 ? largestShare(free, left, size, true) : undefined
    if (!share) continue
    shares.push(share)
    left -= share.tasks
  }
  return left === 0 ? shares : undefined
}

/** HCCL refuses a 910A job whose servers give different numbers of devices (ascend.md §1.10). */
export function mustBeEqual(chip: Chip | null): boolean {
  return chip === '910a'
}

/** All tasks on hosts of one chip, or nothing; shares come in the inventory's order. */
export function split(
  hosts: readonly FreeHost[],
  taskCount: number,
  size: TaskSize,
): HostShare[] | undefined {
  for (const group of candidates(hosts, size)) {
    const chip = group[0]?.host.chip ?? null
    const equal = size.devices > 0 ? splitEqually(group, taskCount, size) : undefined
    const strict = size.devices > 0 && mustBeEqual(chip)
    const shares = equal ?? (strict ? undefined : splitFullestFirst(group, taskCount, size))
    if (shares) return shares.sort((a, b) => a.free.order - b.free.order)
  }
  return undefined
}

/** The largest job of this size: how many tasks the hosts given can hold at once under one job's rules. */
export function taskCapacity(hosts: readonly FreeHost[], size: TaskSize): number {
  const limit = 1_000_000
  return Math.max(
    0,
    ...candidates(hosts, size).map((group) => {
      const alone = Math.max(0, ...group.map((free) => largestShare(free, limit, size, false)?.tasks ?? 0))
      const together = group.map((free) => largestShare(free, limit, size, true)?.tasks ?? 0)
      const chip = group[0]?.host.chip ?? null
      if (size.devices === 0 || !mustBeEqual(chip))
        return Math.max(
          alone,
          together.reduce((a, b) => a + b, 0),
        )
      const equal = [...new Set(together)].map(
        (each) => each * group.filter((free) => shareOn(free, each, size, true)).length,
      )
      return Math.max(alone, ...equal)
    }),
  )
}
