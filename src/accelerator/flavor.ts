// Flavors, the sizes one can ask for, derived from what exists; and the ids of ModelArts' documents,
// which resolve to ours so that old requests keep working (decisions.md §4).
import type { Chip, DeviceKind, Host, Inventory, TaskSize } from './device.ts'
import { emptyHosts, taskCapacity } from './split.ts'
import { legalCounts } from './topology.ts'

export type Flavor = {
  /** `ropeway.ascend-910a.4`, `ropeway.gpu.1`, `ropeway.cpu.2` */
  readonly id: string
  readonly name: string
  readonly kind: DeviceKind
  readonly chip: Chip | null
  /** Devices of one task; 0 for CPU flavors. */
  readonly devices: number
  /** Cores of one task; may be a fraction. */
  readonly cpuCores: number
  readonly memoryBytes: number
  /** Tasks of it that the empty inventory can hold in one job; `max_num` on the wire. */
  readonly maxTasks: number
}

type Alias = { readonly kind: 'Ascend' | 'CPU'; readonly amount: number }

/** Flavor ids that documents and old clients name: cards of an Ascend flavor, or cores of a CPU one (modelarts.md §1.7). */
const ALIASES: Readonly<Record<string, Alias>> = {
  'modelarts.kat1.xlarge': { kind: 'Ascend', amount: 1 },
  'modelarts.kat1.2xlarge': { kind: 'Ascend', amount: 2 },
  'modelarts.kat1.4xlarge': { kind: 'Ascend', amount: 4 },
  'modelarts.kat1.8xlarge': { kind: 'Ascend', amount: 8 },
  'modelarts.pool.visual.xlarge': { kind: 'Ascend', amount: 1 },
  'modelarts.pool.visual.2xlarge': { kind: 'Ascend', amount: 2 },
  'modelarts.pool.visual.4xlarge': { kind: 'Ascend', amount: 4 },
  'modelarts.pool.visual.8xlarge': { kind: 'Ascend', amount: 8 },
  'modelarts.pool.visual.16xlarge': { kind: 'Ascend', amount: 16 },
  'modelarts.vm.cpu.2u': { kind: 'CPU', amount: 2 },
  'modelarts.vm.cpu.8u': { kind: 'CPU', amount: 8 },
}

/** Every flavor of the inventory: Ascend by chip, then GPU, then CPU, each from small to large. */
export function listFlavors(inventory: Inventory): Flavor[] {
  const withDevices = inventory.hosts.filter((host) => host.devices.length > 0)
  const families = [...Map.groupBy(withDevices, familyOf)].sort(
    ([a], [b]) => Number(a === 'gpu') - Number(b === 'gpu'),
  )
  return [
    ...families.flatMap(([family, hosts]) => deviceFlavors(inventory, family, hosts)),
    ...cpuFlavors(inventory),
  ]
}

/**
 * The flavor an id names: one of ours, or one of the documents' ids. A document's Ascend id needs that many devices;
 * its CPU id gives the largest CPU flavor not above it, so that an 8-core request still runs on a small machine.
 */
export function resolveFlavor(inventory: Inventory, id: string): Flavor | undefined {
  const flavors = listFlavors(inventory)
  const alias = Object.hasOwn(ALIASES, id) ? ALIASES[id] : undefined
  if (!alias) return flavors.find((flavor) => flavor.id === id)
  if (alias.kind === 'Ascend')
    return flavors.find((flavor) => flavor.kind === 'Ascend' && flavor.devices === alias.amount)
  const cpu = flavors.filter((flavor) => flavor.kind === 'CPU')
  return cpu.findLast((flavor) => flavor.cpuCores <= alias.amount) ?? cpu[0]
}

/** The flavor with exactly `devices` devices per task, Ascend before GPU; for 0 the smallest CPU flavor. */
export function flavorForDevices(inventory: Inventory, devices: number): Flavor | undefined {
  return listFlavors(inventory).find((flavor) => flavor.devices === devices)
}

/** What one task of a flavor books. */
export function taskSizeOf(flavor: Flavor): TaskSize {
  const { kind, devices, cpuCores, memoryBytes } = flavor
  return { kind, devices, cpuCores, memoryBytes }
}

function familyOf(host: Host): string {
  return host.chip ? `ascend-${host.chip}` : 'gpu'
}

function deviceFlavors(inventory: Inventory, family: string, hosts: readonly Host[]): Flavor[] {
  const counts = new Set(hosts.flatMap((host) => legalCounts(host.chip, host.devices.length)))
  return [...counts]
    .sort((a, b) => a - b)
    .flatMap((devices): Flavor[] => {
      // The smallest share of all hosts that have so many devices: then each of them can hold it.
      const able = hosts.filter((host) => host.devices.length >= devices)
      const first = able[0]
      if (!first) return []
      return [
        finish(inventory, {
          id: `ropeway.${family}.${devices}`,
          kind: first.kind,
          chip: first.chip,
          devices,
          cpuCores: Math.min(...able.map((host) => (host.cpuCores * devices) / host.devices.length)),
          memoryBytes: Math.floor(
            Math.min(...able.map((host) => (host.memoryBytes * devices) / host.devices.length)),
          ),
        }),
      ]
    })
}

/** 1, 2, 4, … cores and the whole of the largest machine, memory in proportion. */
function cpuFlavors(inventory: Inventory): Flavor[] {
  const { hosts } = inventory
  const largest = Math.max(0, ...hosts.map((host) => host.cpuCores))
  if (largest <= 0) return []
  const sizes = [largest]
  for (let cores = 1; cores < largest; cores *= 2) sizes.push(cores)
  return sizes
    .sort((a, b) => a - b)
    .map((cpuCores) => {
      const able = hosts.filter((host) => host.cpuCores >= cpuCores)
      const memoryBytes = Math.floor(
        Math.min(...able.map((host) => (host.memoryBytes * cpuCores) / host.cpuCores)),
      )
      // A machine with less than one core still has its `ropeway.cpu.1`.
      const id = `ropeway.cpu.${Math.max(1, cpuCores)}`
      return finish(inventory, { id, kind: 'CPU', chip: null, devices: 0, cpuCores, memoryBytes })
    })
}

function finish(inventory: Inventory, flavor: Omit<Flavor, 'name' | 'maxTasks'>): Flavor {
  const product = flavor.chip ? `Ascend ${flavor.chip.toUpperCase()}` : flavor.kind
  const devices = flavor.devices > 0 ? `${flavor.devices} × ${product}, ` : 'CPU, '
  const rounded = (value: number) => String(Math.round(value * 100) / 100)
  return {
    ...flavor,
    name: `${devices}${rounded(flavor.cpuCores)} ${flavor.cpuCores === 1 ? 'core' : 'cores'}, ${rounded(flavor.memoryBytes / 2 ** 30)} GiB`,
    maxTasks: taskCapacity(emptyHosts(inventory), flavor),
  }
}
