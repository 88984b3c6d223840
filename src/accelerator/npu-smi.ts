// Reads what npu-smi prints (ascend.md §4). Pure. `info -m` is a plain table made for programs and comes first; the
// boxes of `info` are drawn in three ways and are needed for the health of a chip.
import type { Chip } from './device.ts'

/** One die that computes; microcontrollers of a card, which have no logic id, are left out. */
export type NpuChip = {
  /** Slot of the card, and die on it: how npu-smi's own options name a chip. */
  readonly npuId: number
  readonly chipId: number
  /** N of /dev/davinciN. */
  readonly physicalId: number
  /** `Ascend 910B3`, `910B3`, `Ascend910`, `310P3` */
  readonly name: string
}

export type NpuHealth = NpuChip & {
  /** `OK`, `Warning`, `Alarm`, `Critical`, `UNKNOWN`, as printed. */
  readonly health: string
}

const NUMBER = /^\d{1,4}$/

/** `npu-smi info -m`: NPU ID, Chip ID, Chip Logic ID, on newer drivers Chip Phy-ID, Chip Name. Other lines are passed over. */
export function parseNpuMap(text: string): NpuChip[] {
  const lines = text.split('\n').map((line) => line.trim())
  const header = lines.findIndex((line) => /^NPU ID\s+Chip ID\s+Chip Logic ID\b/.test(line))
  if (header < 0) return []
  const hasPhysical = /\bPhy-?ID\b/i.test(lines[header] ?? '')
  return lines.slice(header + 1).flatMap((line): NpuChip[] => {
    const [npu = '', chip = '', logic = '', ...rest] = line.split(/\s+/)
    const physical = hasPhysical ? (rest.shift() ?? '') : logic
    if (![npu, chip, logic, physical].every((word) => NUMBER.test(word)) || rest.length === 0) return []
    return [{ npuId: Number(npu), chipId: Number(chip), physicalId: Number(physical), name: rest.join(' ') }]
  })
}

/**
 * `npu-smi info`: two lines per chip. The second one begins with `Chip` alone (910B: the card's number is the device's),
 * `Chip Phy-ID` (A3) or `Chip Device` (310P and older). The table of processes behind it has rows of the same form.
 */
export function parseNpuInfo(text: string): NpuHealth[] {
  const found: NpuHealth[] = []
  let upper: { npuId: number; name: string; health: string } | null = null
  for (const line of text.split('\n')) {
    if (/Process id/i.test(line)) break
    const [first = '', second = ''] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    const above = /^(\d{1,4})\s+(\D.*|\d+\D.*)$/.exec(first)
    const below = /^(\d{1,4})(?:\s+(\d{1,4}))?$/.exec(first)
    if (below && upper !== null) {
      const physicalId = below[2] === undefined ? upper.npuId : Number(below[2])
      found.push({ ...upper, chipId: Number(below[1]), physicalId })
      upper = null
    } else if (above?.[1] && above[2] && /^[A-Za-z]+$/.test(second)) {
      upper = { npuId: Number(above[1]), name: above[2], health: second }
    }
  }
  return found
}

/**
 * The family a chip's name belongs to; null for one whose placement rules are not known. The first generation sold as
 * 910A, 910B (no digit), 910ProA, 910ProB and 910PremiumA, the second as 910B1 to 910B4, the third as 910_93xx; A3
 * servers also print `Ascend910` alone, which only the two dies of a card tell from the first (CANN's list of SoC versions).
 */
export function chipOfName(name: string, diesPerCard: number): Chip | null {
  const model = name
    .replace(/^Ascend\s*/i, '')
    .trim()
    .toUpperCase()
  if (model.startsWith('310P')) return '310p'
  if (model.startsWith('910_93') || model === '910C') return 'a3'
  if (/^910B\d/.test(model)) return '910b'
  if (/^910(?:A|B|PROA|PROB|PREMIUMA)$/.test(model)) return '910a'
  if (model === '910') return diesPerCard > 1 ? 'a3' : '910a'
  return null
}

/** May a task be put on a chip of this health? A minor warning does not stop work; anything worse, or unknown, does. */
export const isHealthy = (health: string): boolean => /^(ok|warning)$/i.test(health)

/** What `npu-smi info -t spod-info -i N -c M` says of a die of an A3: its SDID and its super pod; null for anything else. */
export function parseSuperPod(text: string): { superDeviceId: string; superPodId: string } | null {
  const numberOf = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}\\s*:\\s*(\\d{1,10})\\s*$`, 'im').exec(text)?.[1]
  const [superDeviceId, superPodId] = [numberOf('SDID'), numberOf('Super Pod ID')]
  return superDeviceId === undefined || superPodId === undefined ? null : { superDeviceId, superPodId }
}
