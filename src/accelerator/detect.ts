// What devices this machine really has, from the names in /dev and the text of /etc/hccn.conf.
// Files are read through a small interface, so that tests own them.
import type { Chip, Device, Host } from './device.ts'

/** The little of a file system that detection needs. Both answer emptily for what is not there. */
export type HostFiles = {
  /** Names inside a folder; empty when it cannot be read. */
  listNames(folder: string): Promise<readonly string[]>
  /** Text of a file; null when it cannot be read. */
  readText(path: string): Promise<string | null>
}

export type HostFacts = {
  readonly id: string
  readonly address: string
  readonly cpuCores: number
  readonly memoryBytes: number
}

/** Ids N of names `<prefix><N>`, ascending; `davinci_manager` and `nvidiactl` are not devices. */
export function deviceIdsOf(names: readonly string[], prefix: string): number[] {
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((rest) => /^(0|[1-9]\d{0,3})$/.test(rest))
    .map(Number)
    .sort((a, b) => a - b)
}

/** Physical id → address, from the `address_<n>=<ip>` lines of /etc/hccn.conf (ascend.md §1.11). Other lines are passed over. */
export function parseHccnConf(text: string): ReadonlyMap<number, string> {
  const addresses = new Map<number, string>()
  for (const line of text.split('\n')) {
    const match = /^\s*address_(\d{1,4})\s*=\s*([0-9A-Fa-f.:]+)\s*$/.exec(line)
    if (match?.[1] && match[2]) addresses.set(Number(match[1]), match[2])
  }
  return addresses
}

/**
 * This machine as a host: Ascend when /dev has davinci devices, else GPU when it has nvidia devices, else CPU.
 * The device files do not tell the chip, and guessing it from their number would be wrong on half-filled servers:
 * it is `chip` as configured, and 910b, the most common server, when nobody said.
 */
export async function detectHost(files: HostFiles, facts: HostFacts, chip: Chip = '910b'): Promise<Host> {
  const names = await files.listNames('/dev')
  const ascend = deviceIdsOf(names, 'davinci')
  const gpus = deviceIdsOf(names, 'nvidia')
  const common = { ...facts, simulated: false }
  if (ascend.length > 0) {
    const addresses = parseHccnConf((await files.readText('/etc/hccn.conf')) ?? '')
    const devices = ascend.map((id): Device => device(id, addresses.get(id) ?? ''))
    return { ...common, kind: 'Ascend', chip, devices }
  }
  if (gpus.length > 0)
    return { ...common, kind: 'GPU', chip: null, devices: gpus.map((id) => device(id, '')) }
  return { ...common, kind: 'CPU', chip: null, devices: [] }
}

function device(physicalId: number, deviceIp: string): Device {
  return { physicalId, deviceIp, healthy: true }
}
