// A v0.1 table (group_list, instance_list, devices) from raw JSON into the shape we work on.
// Reports every field that is missing or malformed; what it returns leaves the malformed parts out.
import { extraKeys, type Findings, field, objectsIn } from './finding.ts'
import {
  newReading,
  type Reading,
  readCount,
  readDeviceIp,
  readDevices,
  readName,
  readPhysicalId,
  tellNumbers,
} from './reading.ts'
import type { JsonObject, TableGroup, TableInstance, TableV01, UnrankedDevice } from './types.ts'

/** Reads a v0.1 table, reporting to `findings`. Integers pass for strings, as old writers emit them (one warning). */
export function readV01(table: JsonObject, findings: Findings): TableV01 {
  const reading = newReading(findings)
  const groupCount = readCount(reading, field(table, 'group_count'), 'group_count')
  const list = field(table, 'group_list')
  if (!Array.isArray(list)) {
    findings.error('group_list', list, 'a list of groups', 'EI0017')
    return { groupCount, groups: [] }
  }
  const groups = objectsIn(findings, list, 'group_list').map(([group, path]) =>
    readGroup(reading, group, path),
  )
  tellNumbers(reading)
  return { groupCount, groups }
}

function readGroup(reading: Reading, group: JsonObject, path: string): TableGroup {
  const { findings } = reading
  const name = field(group, 'group_name')
  if (typeof name !== 'string') findings.warn(`${path}.group_name`, name, 'a string', 'EI0017')
  else if (name.length > 127) findings.warn(`${path}.group_name`, name, 'at most 127 characters', 'EI0014')
  const list = field(group, 'instance_list')
  // Go writes a group without instances as null.
  const entries = list === null ? [] : list
  if (Array.isArray(entries) && entries.length === 0)
    findings.warn(`${path}.instance_list`, list, 'at least one instance; the group is passed over', 'EI0014')
  if (!Array.isArray(entries)) findings.error(`${path}.instance_list`, list, 'a list of instances', 'EI0017')
  const instances = objectsIn(findings, entries, `${path}.instance_list`).flatMap(([instance, at]) =>
    readInstance(reading, instance, at),
  )
  return {
    path,
    name: typeof name === 'string' ? name : null,
    deviceCount: readCount(reading, field(group, 'device_count'), `${path}.device_count`),
    instanceCount: readCount(reading, field(group, 'instance_count'), `${path}.instance_count`),
    instances,
  }
}

function readInstance(reading: Reading, instance: JsonObject, path: string): TableInstance[] {
  const { findings } = reading
  const podName = readName(findings, field(instance, 'pod_name'), `${path}.pod_name`, 127)
  const serverId = readName(findings, field(instance, 'server_id'), `${path}.server_id`, 64)
  const hostIp = field(instance, 'host_ip')
  const list = field(instance, 'devices')
  if (!Array.isArray(list)) findings.error(`${path}.devices`, list, 'a list of devices', 'EI0017')
  const devices = readDevices(reading, list, `${path}.devices`, readDevice)
  if (podName === undefined || serverId === undefined) return []
  return [
    {
      podName,
      serverId,
      hostIp: typeof hostIp === 'string' && hostIp !== '' ? hostIp : null,
      devices,
      path,
      extra: extraKeys(instance, ['pod_name', 'server_id', 'host_ip', 'devices']),
    },
  ]
}

const KNOWN = ['device_id', 'device_ip']

function readDevice(reading: Reading, device: JsonObject, list: string, at: number): UnrankedDevice | null {
  const physicalId = readPhysicalId(reading, field(device, 'device_id'), () => `${list}[${at}].device_id`)
  const deviceIp = readDeviceIp(
    reading.findings,
    field(device, 'device_ip'),
    () => `${list}[${at}].device_ip`,
  )
  return physicalId === null
    ? null
    : { physicalId, deviceIp, rankId: -1, list, at, extra: extraKeys(device, KNOWN) }
}
