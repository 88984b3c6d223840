// A v0.1 table (group_list, instance_list, devices) from raw JSON into the shape we work on.
// Reports every field that is missing or malformed; what it returns leaves the malformed parts out.
import { DECIMAL, extraKeys, type Findings, field, isObject, readDecimal, words } from './finding.ts'
import type { JsonObject, TableDevice, TableGroup, TableInstance, TableV01 } from './types.ts'

/** The largest `device_id` of any chip (310P3, ascend.md §1.3). */
export const MAX_PHYSICAL_ID = 31

/** What the reader carries along; `numbers` counts JSON numbers where strings are due. */
type Reading = { readonly findings: Findings; numbers: number; firstNumber: string }

/** Reads a v0.1 table, reporting to `findings`. Integers pass for strings, as old writers emit them (one warning). */
export function readV01(table: JsonObject, findings: Findings): TableV01 {
  const reading: Reading = { findings, numbers: 0, firstNumber: '' }
  const groupCount = readInteger(reading, field(table, 'group_count'), 'group_count')
  const list = field(table, 'group_list')
  if (!Array.isArray(list)) {
    findings.error('group_list', list, 'a list of groups', 'EI0017')
    return { groupCount, groups: [] }
  }
  const groups = list.flatMap((value, index): TableGroup[] => {
    const path = `group_list[${index}]`
    if (isObject(value)) return [readGroup(reading, value, path)]
    findings.error(path, value, 'an object', 'EI0017')
    return []
  })
  if (reading.numbers > 0) {
    const got = `${reading.numbers} JSON ${reading.numbers === 1 ? 'number' : 'numbers'}, the first here`
    findings.warn(
      reading.firstNumber,
      words(got),
      'strings, which the converted table has; HCCL itself refuses numbers',
      'EI0017',
    )
  }
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
  if (!Array.isArray(entries)) findings.error(`${path}.instance_list`, list, 'a list of instances', 'EI0017')
  const instances = (Array.isArray(entries) ? entries : []).flatMap(
    (value: unknown, index): TableInstance[] => {
      const at = `${path}.instance_list[${index}]`
      if (isObject(value)) return readInstance(reading, value, at)
      findings.error(at, value, 'an object', 'EI0017')
      return []
    },
  )
  return {
    path,
    deviceCount: readInteger(reading, field(group, 'device_count'), `${path}.device_count`),
    instanceCount: readInteger(reading, field(group, 'instance_count'), `${path}.instance_count`),
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
  const devices = (Array.isArray(list) ? list : []).flatMap((value: unknown, index): TableDevice[] => {
    const at = `${path}.devices[${index}]`
    if (isObject(value)) return readDevice(reading, value, at)
    findings.error(at, value, 'an object', 'EI0017')
    return []
  })
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

function readDevice(reading: Reading, device: JsonObject, path: string): TableDevice[] {
  const physicalId = readInteger(reading, field(device, 'device_id'), `${path}.device_id`)
  const deviceIp = readDeviceIp(reading.findings, field(device, 'device_ip'), `${path}.device_ip`)
  if (physicalId === null) return []
  if (physicalId > MAX_PHYSICAL_ID) {
    reading.findings.error(`${path}.device_id`, String(physicalId), `0 to ${MAX_PHYSICAL_ID}`)
    return []
  }
  return [{ physicalId, deviceIp, path, extra: extraKeys(device, ['device_id', 'device_ip']) }]
}

/** An address or a comma list of them; absent, null and empty are the same. Its form is checked later. */
export function readDeviceIp(findings: Findings, value: unknown, path: string): string | null {
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'string') return value
  findings.error(path, value, 'a string with an IP address', 'EI0017')
  return null
}

/** A string of 1 to `limit` bytes; undefined, after an error, for anything else. */
export function readName(
  findings: Findings,
  value: unknown,
  path: string,
  limit: number,
): string | undefined {
  if (typeof value !== 'string') findings.error(path, value, `a string of 1 to ${limit} bytes`, 'EI0017')
  else if (value === '' || Buffer.byteLength(value) > limit) {
    const got = value === '' ? value : words(`${Buffer.byteLength(value)} bytes`)
    findings.error(path, got, `1 to ${limit} bytes`, 'EI0014')
  } else return value
  return undefined
}

function readInteger(reading: Reading, value: unknown, path: string): number | null {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
    if (reading.numbers === 0) reading.firstNumber = path
    reading.numbers += 1
    return value
  }
  const decimal = typeof value === 'string' ? readDecimal(value) : undefined
  if (decimal !== undefined) return decimal
  // Counts can be counted; a device without id is lost.
  const needed = path.endsWith('device_id')
  const report = needed || value !== undefined ? 'error' : 'warn'
  reading.findings[report](path, value, DECIMAL, typeof value === 'string' ? 'EI0014' : 'EI0017')
  return null
}
