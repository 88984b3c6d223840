// Which devices of one server may work together, by chip (ascend.md §1.10), and which set to take first (§4).
// Everything here looks at one server; split.ts looks at several.
import type { Chip } from './device.ts'

/** Free cards a ring should have when 1, 2 or 4 are wanted on a 910A, best first (ascend.md §4). */
const RING_PREFERENCE: Readonly<Record<number, readonly number[]>> = { 1: [1, 3, 2, 4], 2: [2, 4, 3], 4: [4] }

/** Ids to take, ascending; a lower `preference` breaks less of what is left. */
export type DeviceChoice = { readonly physicalIds: readonly number[]; readonly preference: number }

/** Cards i and i + ring are in different rings; a server with one ring has `ring` = its device count. */
export function ringSize(chip: Chip | null, deviceCount: number): number {
  if (chip === '910a') return 4
  if (chip === '910b' && deviceCount > 8) return 8
  return deviceCount
}

/**
 * How many devices of one server a job may use, ascending. `several` is true when the job uses other servers too:
 * an A3 then gives at least a pair, and a 310P cannot take part at all.
 */
export function legalCounts(chip: Chip | null, deviceCount: number, several = false): number[] {
  const upTo = (count: number) => Array.from({ length: Math.max(0, count) }, (_, index) => index + 1)
  const legal = (): number[] => {
    switch (chip) {
      case '910a':
        return [1, 2, 4, 8]
      case '910b':
        return [...upTo(Math.min(8, deviceCount)), 10, 12, 14, 16]
      case 'a3':
        return upTo(deviceCount).filter((count) => count % 2 === 0 || (count === 1 && !several))
      case '310p':
        return several ? [] : upTo(deviceCount)
      case null:
        return upTo(deviceCount)
    }
  }
  return legal().filter((count) => count <= deviceCount)
}

/** Chooses `want` of the free devices of a server, or nothing when no legal set is free. Deterministic. */
export function chooseDevices(
  chip: Chip | null,
  deviceCount: number,
  free: readonly number[],
  want: number,
): DeviceChoice | undefined {
  if (want > free.length) return undefined
  const ids = [...free].sort((a, b) => a - b)
  if (chip === 'a3') return chooseDies(ids, want)
  const ring = ringSize(chip, deviceCount)
  if (ring >= deviceCount && chip !== '910a') return { physicalIds: ids.slice(0, want), preference: 0 }
  if (want > ring) return chooseMirrored(ids, ring, want)
  return chooseInRing(chip, ids, ring, want)
}

function chooseInRing(
  chip: Chip | null,
  ids: readonly number[],
  ring: number,
  want: number,
): DeviceChoice | undefined {
  const preferred = chip === '910a' ? RING_PREFERENCE[want] : undefined
  const choices = [...Map.groupBy(ids, (id) => Math.floor(id / ring)).values()]
    .filter((members) => members.length >= want)
    .map((members) => ({
      physicalIds: members.slice(0, want),
      preference: preferred ? preferred.indexOf(members.length) : members.length - want,
    }))
    .filter((choice) => choice.preference >= 0)
  return choices.sort((a, b) => a.preference - b.preference)[0]
}

/** More than one ring: as many in each, at the same places. A 910A asks only for the whole server this way. */
function chooseMirrored(ids: readonly number[], ring: number, want: number): DeviceChoice | undefined {
  const free = new Set(ids)
  const lower = ids.filter((id) => id < ring && free.has(id + ring)).slice(0, want / 2)
  if (want % 2 !== 0 || lower.length * 2 < want) return undefined
  return { physicalIds: [...lower, ...lower.map((id) => id + ring)], preference: 0 }
}

/** A3: dies 2i and 2i+1 are one module. Even counts take whole modules; a single die rather one whose partner is busy. */
function chooseDies(ids: readonly number[], want: number): DeviceChoice | undefined {
  const modules = [...Map.groupBy(ids, (id) => Math.floor(id / 2)).values()]
  if (want === 1) {
    const half = modules.find((dies) => dies.length === 1)
    const taken = half ?? modules[0]
    return taken?.[0] === undefined ? undefined : { physicalIds: [taken[0]], preference: half ? 0 : 1 }
  }
  const whole = modules.filter((dies) => dies.length === 2).slice(0, want / 2)
  if (want % 2 !== 0 || whole.length * 2 < want) return undefined
  return { physicalIds: whole.flat(), preference: 0 }
}
