// Hosts that do not exist: the machine's CPU and memory under several names, each with invented devices,
// so that a job of many tasks and devices runs on one machine (decisions.md 1.12, 1.13).
import { AcceleratorError } from './accelerator-error.ts'
import { CHIPS, type Chip, type Device, type Host, type Inventory } from './device.ts'

export type SimulateSpec = { readonly hosts: number; readonly devicesPerHost: number; readonly chip: Chip }

/** What a simulated host has besides devices. */
export type Machine = { readonly cpuCores: number; readonly memoryBytes: number }

const MAX_HOSTS = 1024
/** Devices a server of each chip can hold: the largest `device_id` of ascend.md §1.3, plus one. */
export const MAX_DEVICES = { '910a': 8, '910b': 16, a3: 16, '310p': 32 } satisfies Record<Chip, number>

/**
 * Reads `HOSTSxDEVICES[:CHIP]`, such as `2x4:910a`; the chip is 910a when none is named.
 * Throws AcceleratorError for another form, an unknown chip, or more than such servers hold.
 */
export function parseSimulate(text: string): SimulateSpec {
  const match = /^(\d{1,6})x(\d{1,6})(?::([0-9A-Za-z]+))?$/.exec(text.trim())
  if (!match)
    throw new AcceleratorError('simulate', JSON.stringify(text), 'HOSTSxDEVICES[:CHIP], for example 2x4:910a')
  const hosts = Number(match[1])
  const devicesPerHost = Number(match[2])
  const name = (match[3] ?? '910a').toLowerCase()
  const chip = CHIPS.find((known) => known === name)
  if (!chip) throw new AcceleratorError('simulate chip', JSON.stringify(match[3]), CHIPS.join(', '))
  if (hosts < 1 || hosts > MAX_HOSTS) {
    throw new AcceleratorError('simulate hosts', String(hosts), `1 to ${MAX_HOSTS}`)
  }
  const most = MAX_DEVICES[chip]
  if (devicesPerHost < 1 || devicesPerHost > most) {
    throw new AcceleratorError(
      'simulate devices per host',
      String(devicesPerHost),
      `1 to ${most} for chip ${chip}`,
    )
  }
  return { hosts, devicesPerHost, chip }
}

/** Builds the hosts `sim-0`, `sim-1`, … of a spec, each with the whole machine's CPU and memory. */
export function simulatedInventory(spec: SimulateSpec, machine: Machine): Inventory {
  const hosts = Array.from(
    { length: spec.hosts },
    (_, index): Host => ({
      id: `sim-${index}`,
      address: hostAddress(index),
      kind: 'Ascend',
      chip: spec.chip,
      // All in one super pod, as the servers of one machine room would be.
      ...(spec.chip === 'a3' ? { superPodId: '0' } : {}),
      simulated: true,
      cpuCores: machine.cpuCores,
      memoryBytes: machine.memoryBytes,
      devices: Array.from(
        { length: spec.devicesPerHost },
        (_, physicalId): Device => ({
          physicalId,
          deviceIp: deviceIp(index, physicalId, spec.devicesPerHost),
          healthy: true,
          ...(spec.chip === 'a3' ? { superDeviceId: String(index * spec.devicesPerHost + physicalId) } : {}),
        }),
      ),
    }),
  )
  return { hosts }
}

/** 127.64.x.y with y from 1 to 254: Linux answers on all of 127/8, so each host has an address of its own. */
function hostAddress(index: number): string {
  return `127.64.${Math.floor(index / 254)}.${(index % 254) + 1}`
}

/**
 * The classic plan of ascend.md §1.11: device i lives in subnet 192.168.(100 + i % 4). Each subnet holds 254 cards,
 * which is 127 hosts of 8; further hosts go on in the next four subnets (104 to 107, …). The largest plan,
 * 1024 hosts of 32, ends at 192.168.231. Nobody ever dials these.
 */
function deviceIp(hostIndex: number, physicalId: number, devicesPerHost: number): string {
  const perSubnet = Math.ceil(devicesPerHost / 4)
  const slot = hostIndex * perSubnet + Math.floor(physicalId / 4)
  const subnet = 100 + (physicalId % 4) + 4 * Math.floor(slot / 254)
  return `192.168.${subnet}.${(slot % 254) + 1}`
}
