// What this machine offers: Ascend devices, else GPUs, else its CPU.
import { type AscendExamination, examineAscend } from './ascend.ts'
import type { Host } from './device.ts'
import type { DeviceFinding } from './examination.ts'
import type { HostFiles } from './host-files.ts'
import { examineNvidia, type NvidiaExamination } from './nvidia.ts'

export type HostFacts = {
  readonly id: string
  readonly address: string
  readonly cpuCores: number
  readonly memoryBytes: number
}

export type Examination = {
  readonly host: Host
  /** One line for people: `8 Ascend 910B (0-7), driver 23.0.rc3`; empty without devices. */
  readonly found: string
  readonly findings: readonly DeviceFinding[]
}

/** Looks at a machine; `known` is what an earlier look found. Never throws for what the machine lacks. */
export async function examineHost(
  files: HostFiles,
  facts: HostFacts,
  known: Host | null = null,
): Promise<Examination> {
  const common = { ...facts, simulated: false }
  const ascend = await examineAscend(files, known)
  if (ascend !== null) {
    const { chip, devices, superPodId, findings } = ascend
    const place = superPodId === null ? {} : { superPodId }
    const host: Host = { ...common, ...place, kind: 'Ascend', chip, devices }
    return { host, found: describe(ascend), findings }
  }
  const nvidia = await examineNvidia(files)
  if (nvidia !== null) {
    const { devices, findings } = nvidia
    return { host: { ...common, kind: 'GPU', chip: null, devices }, found: describe(nvidia), findings }
  }
  return { host: { ...common, kind: 'CPU', chip: null, devices: [] }, found: '', findings: [] }
}

function describe(found: AscendExamination | NvidiaExamination): string {
  const name = 'chip' in found ? `Ascend ${found.chip.toUpperCase()}` : (found.name ?? 'NVIDIA')
  const ids = found.devices.map(({ physicalId }) => physicalId)
  const addressed = found.devices.filter(({ deviceIp }) => deviceIp !== '').length
  return [
    `${ids.length} ${name} (${ids.join(', ')})`,
    ...('chip' in found ? [`${addressed} with an address`] : []),
    ...('superPodId' in found && found.superPodId !== null ? [`super pod ${found.superPodId}`] : []),
    ...(found.driverVersion === null ? [] : [`driver ${found.driverVersion}`]),
  ].join(', ')
}
