// Where the dies of an A3 server stand in its super pod, which only the cards themselves know (ascend.md §1.4).
import type { Host } from './device.ts'
import type { HostFiles } from './host-files.ts'
import { type NpuChip, parseSuperPod } from './npu-smi.ts'

export type SuperPodPlace = {
  /** Null where not all dies name one and the same. */
  readonly superPodId: string | null
  /** Physical id → SDID. */
  readonly dies: ReadonlyMap<number, string>
}

export const NO_SUPER_POD: SuperPodPlace = { superPodId: null, dies: new Map() }

/** Asks each die, unless an earlier look has the answers: it stands where it is screwed. */
export async function superPodOf(
  files: HostFiles,
  tool: string,
  chips: readonly NpuChip[],
  known: Pick<Host, 'devices' | 'superPodId'> | null,
): Promise<SuperPodPlace> {
  if (known?.superPodId !== undefined) {
    const dies = known.devices.flatMap(({ physicalId, superDeviceId: id }) =>
      id === undefined ? [] : [[physicalId, id] as const],
    )
    return { superPodId: known.superPodId, dies: new Map(dies) }
  }
  const answers = await Promise.all(
    chips.map(async ({ npuId, chipId, physicalId }) => {
      const words = ['info', '-t', 'spod-info', '-i', String(npuId), '-c', String(chipId)]
      const place = parseSuperPod((await files.run(tool, words)) ?? '')
      return place === null ? [] : [{ physicalId, ...place }]
    }),
  )
  const places = answers.flat()
  const [superPodId = null, ...others] = new Set(places.map((place) => place.superPodId))
  if (others.length > 0 || places.length < chips.length) return NO_SUPER_POD
  return { superPodId, dies: new Map(places.map((place) => [place.physicalId, place.superDeviceId])) }
}
