// The NVIDIA devices of a machine.
import type { Device } from './device.ts'
import { deviceIdsOf } from './device-ids.ts'
import type { DeviceFinding } from './examination.ts'
import type { HostFiles } from './host-files.ts'

export type NvidiaExamination = {
  readonly devices: readonly Device[]
  /** `NVIDIA A100-SXM4-80GB`; null when nvidia-smi does not say. */
  readonly name: string | null
  readonly driverVersion: string | null
  readonly findings: readonly DeviceFinding[]
}

const NVIDIA_SMI = '/usr/bin/nvidia-smi'
const QUERY = ['--query-gpu=index,name,driver_version', '--format=csv,noheader']

/** Index, name and driver of each GPU that answers. */
export function parseNvidiaSmi(text: string): { index: number; name: string; driver: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, index, name, driver] = /^(\d{1,4}), (.+), ([^,]+?)\s*$/.exec(line) ?? []
    return index && name && driver ? [{ index: Number(index), name, driver }] : []
  })
}

/** Null when /dev has no GPU. A GPU that fell off its bus stays in /dev and is missing in nvidia-smi's list. */
export async function examineNvidia(files: HostFiles): Promise<NvidiaExamination | null> {
  const ids = deviceIdsOf(await files.listNames('/dev'), 'nvidia')
  if (ids.length === 0) return null
  const answered = parseNvidiaSmi((await files.run(NVIDIA_SMI, QUERY)) ?? '')
  const listed = new Set(answered.map(({ index }) => index))
  const isListed = listed.size > 0
  const findings: DeviceFinding[] = isListed
    ? ids
        .filter((id) => !listed.has(id))
        .map((id) => ({
          severity: 'fix',
          text: `GPU ${id} is in /dev, but nvidia-smi does not list it: no task gets it`,
        }))
    : [
        {
          severity: 'note',
          text: `${NVIDIA_SMI} does not answer: nobody knows whether the GPUs are well`,
        },
      ]
  return {
    devices: ids.map((id) => ({ physicalId: id, deviceIp: '', healthy: !isListed || listed.has(id) })),
    name: answered[0]?.name ?? null,
    driverVersion: answered[0]?.driver ?? null,
    findings,
  }
}
