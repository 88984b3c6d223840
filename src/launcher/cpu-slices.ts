// ROPEWAY_CPU_AFFINITY: which CPUs each rank may use. `even` cuts those of the container into equal runs, as the launch scripts of
// modelzoo do (ascend.md §3.14); `npu` gives each rank the CPUs next to its card. Pure.
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { LauncherError } from './launcher-error.ts'

export type AffinityMode = 'even' | 'npu'

/** Null when CPUs are left alone. Throws LauncherError 2. */
export function affinityMode(text: string | undefined): AffinityMode | null {
  if (!text || text === 'off') return null
  if (text === 'even' || text === 'npu') return text
  throw new LauncherError(
    LAUNCHER_EXIT.usage,
    'Usage',
    `ROPEWAY_CPU_AFFINITY: got ${JSON.stringify(text)}; valid: even, npu, off`,
  )
}

/** `0-3,8` as numbers; what is no range is passed over. */
export function cpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, first, last = first] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part) ?? []
    if (first === undefined) return []
    return Array.from(
      { length: Math.max(Number(last) - Number(first) + 1, 0) },
      (_, index) => Number(first) + index,
    )
  })
}

/** Equal runs for so many ranks; null when there are fewer CPUs than ranks. */
export function evenSlices(cpus: readonly number[], ranks: number): number[][] | null {
  const size = Math.floor(cpus.length / ranks)
  if (size === 0) return null
  return Array.from({ length: ranks }, (_, index) => cpus.slice(index * size, (index + 1) * size))
}

/**
 * `npu-smi info -t topo`: rows `NPU0 …` (or `Phy-ID0 …`) that end in the CPUs next to the card. Cards beside the same CPUs share
 * them evenly. Null when a card of `physicalIds` is not there, or has none of `allowed`.
 */
export function npuSlices(
  topology: string,
  physicalIds: readonly number[],
  allowed: readonly number[],
): number[][] | null {
  const near = new Map(
    topology.split('\n').flatMap((line) => {
      const [, id, cpus] = /^\s*(?:NPU|Phy-ID)\s*(\d{1,4})\s.*\s([\d,-]*\d[\d,-]*)\s*$/.exec(line) ?? []
      return id && cpus ? [[Number(id), cpus] as const] : []
    }),
  )
  const slices: number[][] = []
  for (const id of physicalIds) {
    const cpus = near.get(id)
    if (cpus === undefined) return null
    const sharing = physicalIds.filter((other) => near.get(other) === cpus)
    const usable = cpuList(cpus).filter((cpu) => allowed.includes(cpu))
    const slice = evenSlices(usable, sharing.length)?.[sharing.indexOf(id)]
    if (slice === undefined) return null
    slices.push(slice)
  }
  return slices
}
