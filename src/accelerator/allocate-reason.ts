// Why a job cannot start now, or never can: one sentence with the numbers a person needs to act.
import type { Chip, DeviceKind, TaskSize } from './device.ts'
import { candidates, EPSILON, type FreeHost, mustBeEqual, taskCapacity } from './split.ts'
import { legalCounts, ringSize } from './topology.ts'

/** More hosts than this are only counted. */
const HOSTS_NAMED = 5

/** The inventory could hold the job, but others have booked too much of it. */
export function describeBusy(hosts: readonly FreeHost[], taskCount: number, size: TaskSize): string {
  const all = candidates(hosts, size).flat()
  const short = (free: FreeHost) =>
    free.cpuCores + EPSILON < size.cpuCores || free.memoryBytes < size.memoryBytes
  const fullestLast = all.toSorted(
    (a, b) => b.freeIds.length - a.freeIds.length || b.cpuCores - a.cpuCores || a.order - b.order,
  )
  const named = fullestLast.slice(0, HOSTS_NAMED).map((free) => describeFree(free, size, short(free)))
  const more = all.length - named.length
  const rest = more > 0 ? [`${more} more ${plural(more, 'host')} with no more than that`] : []
  return `needs ${describeNeed(all, taskCount, size)}; free now: ${[...named, ...rest].join(', ')}`
}

/** Not even an empty inventory could hold the job. `hosts` are free hosts with nothing booked. */
export function describeImpossible(hosts: readonly FreeHost[], taskCount: number, size: TaskSize): string {
  const groups = candidates(hosts, size)
  const fitting = groups.flat()
  const need = `needs ${describeNeed(fitting, taskCount, size)}`
  if (fitting.length === 0)
    return `${need}; no host with ${kindName(size.kind)} devices exists (${describeExisting(hosts)})`
  const exists = `there ${fitting.length === 1 ? 'is' : 'are'} ${describeExisting(fitting)}`
  return `${need}; ${exists}; ${whyNever(groups, fitting, taskCount, size)}`
}

function whyNever(
  groups: readonly FreeHost[][],
  hosts: readonly FreeHost[],
  taskCount: number,
  size: TaskSize,
): string {
  const legal = [...new Set(hosts.flatMap(({ host }) => legalCounts(host.chip, host.devices.length)))].sort(
    (a, b) => a - b,
  )
  if (size.devices > 0 && !legal.includes(size.devices)) {
    return `devices per task can be ${legal.join(', ')} here, not ${size.devices}`
  }
  const cores = Math.max(...hosts.map((free) => free.cpuCores))
  if (size.cpuCores > cores)
    return `a task needs ${number(size.cpuCores)} cores and the largest host has ${number(cores)}`
  const memory = Math.max(...hosts.map((free) => free.memoryBytes))
  if (size.memoryBytes > memory)
    return `a task needs ${gib(size.memoryBytes)} and the largest host has ${gib(memory)}`
  const most = taskCapacity(hosts, size)
  if (most < taskCount) return `room for at most ${most} ${plural(most, 'task')} of this size at once`
  const strict = groups.some((group) => mustBeEqual(group[0]?.host.chip ?? null))
  const total = taskCount * size.devices
  return strict
    ? `every 910A server of a job gives the same number of devices (1, 2, 4 or 8), and ${total} cannot be split so`
    : `${taskCount} tasks cannot be split over these hosts by the rules of their chip`
}

function describeNeed(hosts: readonly FreeHost[], taskCount: number, size: TaskSize): string {
  if (size.devices === 0)
    return `${taskCount} × ${number(size.cpuCores)} CPU cores and ${gib(size.memoryBytes)}`
  const ringed = hosts.some(({ host }) => ringSize(host.chip, host.devices.length) < host.devices.length)
  const first = hosts[0]
  const ring = first ? ringSize(first.host.chip, first.host.devices.length) : 0
  const inRing = ringed && size.devices > 1 && size.devices <= ring ? ' in one ring' : ''
  return `${taskCount} × ${size.devices} ${kindName(size.kind)} ${plural(size.devices, 'device')}${inRing}`
}

function describeFree(free: FreeHost, size: TaskSize, sayCpu: boolean): string {
  const { host } = free
  const cpu = `${number(Math.max(0, free.cpuCores))} of ${number(host.cpuCores)} cores and ${gib(Math.max(0, free.memoryBytes))} of ${gib(host.memoryBytes)}`
  if (size.devices === 0) return `${host.id} has ${cpu}`
  const ids = free.freeIds.length > 0 ? ` (${ranges(free.freeIds)})` : ''
  const ill = host.devices.filter((device) => !device.healthy).length
  const unhealthy = ill > 0 ? `, ${ill} unhealthy` : ''
  return `${host.id} has ${free.freeIds.length} of ${host.devices.length}${ids}${unhealthy}${sayCpu ? `, ${cpu}` : ''}`
}

/** `2 hosts with 4 910A devices each (8 in all)`, one phrase for each kind of host. */
function describeExisting(hosts: readonly FreeHost[]): string {
  if (hosts.length === 0) return 'no host at all'
  const alike = Map.groupBy(hosts, ({ host }) => `${host.kind}/${host.chip ?? ''}/${host.devices.length}`)
  const phrases = [...alike.values()].map((group) => {
    const host = group[0]?.host
    const count = host?.devices.length ?? 0
    const name = host ? deviceName(host.kind, host.chip) : ''
    const what = count === 0 ? 'no devices' : `${count} ${name} ${plural(count, 'device')}`
    if (group.length === 1) return `1 host with ${what}`
    return `${group.length} hosts with ${what} each${count > 0 ? ` (${count * group.length} in all)` : ''}`
  })
  const rest = phrases.length > HOSTS_NAMED ? [`${phrases.length - HOSTS_NAMED} further kinds of host`] : []
  return [...phrases.slice(0, HOSTS_NAMED), ...rest].join(', ')
}

function deviceName(kind: DeviceKind, chip: Chip | null): string {
  return chip ? `Ascend ${chip.toUpperCase()}` : kindName(kind)
}

const kindName = (kind: DeviceKind): string => kind
const plural = (count: number, word: string): string => (count === 1 ? word : `${word}s`)
const number = (value: number): string => String(Math.round(value * 100) / 100)
const gib = (bytes: number): string => `${number(bytes / 2 ** 30)} GiB`

/** `0-2, 5` for 0, 1, 2, 5. */
function ranges(ids: readonly number[]): string {
  const runs: [number, number][] = []
  for (const id of ids) {
    const last = runs.at(-1)
    if (last && last[1] === id - 1) last[1] = id
    else runs.push([id, id])
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ')
}
