// Writes the v0.1 table a job gets: jobstart_hccl.json in the form of the document's example.
import { AcceleratorError } from '../accelerator-error.ts'
import type { Inventory, Placement } from '../device.ts'
import { dumpTable } from './dump.ts'
import type { RankTableV01 } from './types.ts'

export type V01Instance = {
  readonly podName: string
  /** Address that other tasks of the job reach. */
  readonly serverId: string
  readonly devices: readonly { readonly physicalId: number; readonly deviceIp: string }[]
}

export type V01Input =
  | { readonly status: 'initializing' }
  | { readonly status: 'completed'; readonly groupName: string; readonly instances: readonly V01Instance[] }

/**
 * Text of a v0.1 table. `initializing` is the form that readers must wait on and holds nothing else, as the open
 * Ascend controller writes it (ascend.md §2.2); `completed` has one group, keys in the document's order,
 * devices by physical id.
 */
export function buildV01(input: V01Input): string {
  if (input.status === 'initializing') return dumpTable({ status: 'initializing' })
  const deviceCount = input.instances.reduce((sum, instance) => sum + instance.devices.length, 0)
  const table: RankTableV01 = {
    group_count: '1',
    group_list: [
      {
        device_count: String(deviceCount),
        group_name: input.groupName,
        instance_count: String(input.instances.length),
        instance_list: input.instances.map((instance) => ({
          devices: instance.devices
            .toSorted((a, b) => a.physicalId - b.physicalId)
            .map((device) => ({ device_id: String(device.physicalId), device_ip: device.deviceIp })),
          pod_name: instance.podName,
          server_id: instance.serverId,
        })),
      },
    ],
    status: 'completed',
  }
  return dumpTable(table)
}

/**
 * One task's row: the devices of its placement with their addresses, under the pod name and the address that was
 * observed (decisions.md 1.12). Throws AcceleratorError when the inventory no longer has the host or a device.
 */
export function instanceOf(
  inventory: Inventory,
  placement: Placement,
  podName: string,
  address: string,
): V01Instance {
  const host = inventory.hosts.find((candidate) => candidate.id === placement.hostId)
  if (!host) {
    const valid = inventory.hosts
      .map((candidate) => candidate.id)
      .slice(0, 8)
      .join(', ')
    throw new AcceleratorError(
      `host of ${placement.task}`,
      JSON.stringify(placement.hostId),
      valid || 'no host exists',
    )
  }
  const devices = placement.physicalIds.map((physicalId) => {
    const device = host.devices.find((candidate) => candidate.physicalId === physicalId)
    if (device) return { physicalId, deviceIp: device.deviceIp }
    const valid = host.devices.map((candidate) => candidate.physicalId).join(', ')
    throw new AcceleratorError(
      `device of ${placement.task} on ${host.id}`,
      String(physicalId),
      valid || 'no device exists',
    )
  })
  return { podName, serverId: address, devices }
}
