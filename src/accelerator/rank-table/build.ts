// Writes the table a job gets, jobstart_hccl.json: in the form of the document's example (v0.1), or in the one it asks for.
import { AcceleratorError } from '../accelerator-error.ts'
import type { Inventory, Placement } from '../device.ts'
import { convertRankTable } from './convert.ts'
import { dumpTable } from './dump.ts'
import { parseRankTable } from './parse.ts'

export const TABLE_FORMS = ['0.1', '1.0', '1.2'] as const
export type TableForm = (typeof TABLE_FORMS)[number]

export type TableTask = {
  readonly podName: string
  /** Address that other tasks of the job reach; null while it is not known. */
  readonly serverId: string | null
  readonly superPodId?: string | undefined
  readonly devices: readonly {
    readonly physicalId: number
    readonly deviceIp: string
    readonly superDeviceId?: string | undefined
  }[]
}

export type TableInput = { readonly groupName: string; readonly tasks: readonly TableTask[] }

/**
 * A table that readers must wait on: what is known so far, with an empty `server_id` for each task that has no address yet,
 * so that whoever waits can say for whom.
 */
export const buildInitializing = (input: TableInput): string => dumpTable(v01(input, 'initializing'))

/**
 * A complete table: v0.1 with one group, keys in the document's order, devices by physical id; any other form is that one
 * converted. Where that cannot be (an address that is missing, say) it stays v0.1: the launcher's check then tells the user.
 */
export function buildTable(form: TableForm, input: TableInput): string {
  const text = dumpTable(v01(input, 'completed'))
  if (form === '0.1') return text
  const conversion = convertRankTable(parseRankTable(text), { to: form })
  return conversion.ok ? conversion.converted.text : text
}

function v01({ groupName, tasks }: TableInput, status: 'initializing' | 'completed'): object {
  const deviceCount = tasks.reduce((sum, { devices }) => sum + devices.length, 0)
  return {
    group_count: '1',
    group_list: [
      {
        device_count: String(deviceCount),
        group_name: groupName,
        instance_count: String(tasks.length),
        instance_list: tasks.map(({ podName, serverId, superPodId, devices }) => ({
          devices: devices
            .toSorted((a, b) => a.physicalId - b.physicalId)
            .map(({ physicalId, deviceIp, superDeviceId }) => ({
              device_id: String(physicalId),
              device_ip: deviceIp,
              ...(superDeviceId === undefined ? {} : { super_device_id: superDeviceId }),
            })),
          pod_name: podName,
          server_id: serverId ?? '',
          ...(superPodId === undefined ? {} : { super_pod_id: superPodId }),
        })),
      },
    ],
    status,
  }
}

/**
 * One task's row: the devices of its placement with their addresses, under the pod name and the address that was
 * observed (decisions.md 1.12). Throws AcceleratorError when the inventory no longer has the host or a device.
 */
export function tableTaskOf(
  inventory: Inventory,
  placement: Placement,
  podName: string,
  address: string | null,
): TableTask {
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
    if (device) return { physicalId, deviceIp: device.deviceIp, superDeviceId: device.superDeviceId }
    const valid = host.devices.map((candidate) => candidate.physicalId).join(', ')
    throw new AcceleratorError(
      `device of ${placement.task} on ${host.id}`,
      String(physicalId),
      valid || 'no device exists',
    )
  })
  return { podName, serverId: address, superPodId: host.superPodId, devices }
}
