// An old "lab" table (`deploy_mode`), as hccl_tools.py and modelzoo wrote it: it names the rank of every device (ascend.md §1.7).

import { checkServers, rulesFor } from './check-servers.ts'
import { checkRanks } from './check-v10.ts'
import { extraKeys, type Findings, field, objectsIn, words } from './finding.ts'
import {
  newReading,
  type Reading,
  readCount,
  readDeviceIp,
  readId,
  readName,
  readPhysicalId,
  tellNumbers,
} from './reading.ts'
import type { CheckOptions, JsonObject, ParsedTable, TableServer } from './types.ts'

type RankedDevice = TableServer['devices'][number]
type Instance = {
  readonly serverId: string
  readonly devices: readonly RankedDevice[]
  readonly path: string
}

/** Per server; more or fewer cannot be divided among rings. */
const COUNTS = [1, 2, 4, 8, 16]

/** Servers by their first rank, devices by rank; what is malformed is reported and left out. */
export function readLab(parsed: ParsedTable, options: CheckOptions, findings: Findings): TableServer[] {
  const { table } = parsed
  const reading = newReading(findings)
  if (field(table, 'para_plane_nic_location') === 'host')
    findings.error(
      'para_plane_nic_location',
      'host',
      '"device": ranks that talk through the host are not supported',
    )
  const list = field(table, 'group_list')
  if (!Array.isArray(list)) findings.error('group_list', list, 'a list of groups', 'EI0017')
  const instances = objectsIn(findings, list, 'group_list').flatMap(([group, path]) =>
    readGroup(reading, group, path, options),
  )
  tellNumbers(reading)
  const servers = serversOf(instances)
  if (servers.length === 0)
    findings.error('group_list', words('no device'), 'at least one instance with a device')
  for (const server of servers)
    if (!COUNTS.includes(server.devices.length))
      findings.warn(
        server.path,
        words(`${server.devices.length} devices on server "${server.serverId}"`),
        `${COUNTS.join(', ')} devices on a server`,
        'EI0014',
      )
  checkRanks(servers, findings)
  const ringRule = options.chip === undefined || options.chip === '910a'
  checkServers(servers, rulesFor(parsed, servers, options, ringRule), findings)
  return servers
}

function readGroup(reading: Reading, group: JsonObject, path: string, { mode }: CheckOptions): Instance[] {
  const { findings } = reading
  const list = field(group, 'instance_list')
  if (!Array.isArray(list)) {
    findings.error(`${path}.instance_list`, list, 'a list of instances', 'EI0017')
    return []
  }
  const instances = objectsIn(findings, list, `${path}.instance_list`).flatMap(([instance, at]) =>
    readInstance(reading, instance, at),
  )
  const counted = {
    device_num: instances.reduce((sum, { devices }) => sum + devices.length, 0),
    instance_count: list.length,
    server_num: new Set(instances.map(({ serverId }) => serverId)).size,
  }
  for (const [key, count] of Object.entries(counted)) {
    const declared = readCount(reading, field(group, key), `${path}.${key}`)
    if (declared !== null && declared !== count)
      findings[mode === 'strict' ? 'error' : 'warn'](
        `${path}.${key}`,
        String(declared),
        `"${count}"`,
        'EI0014',
      )
  }
  return instances
}

function readInstance(reading: Reading, instance: JsonObject, path: string): Instance[] {
  const { findings } = reading
  const serverId = readName(findings, field(instance, 'server_id'), `${path}.server_id`, 64)
  const rankId = readId(reading, field(instance, 'rank_id'), `${path}.rank_id`)
  const list = field(instance, 'devices')
  if (!Array.isArray(list) || list.length !== 1) {
    findings.error(`${path}.devices`, list, 'a list of one device: rank_id counts one', 'EI0014')
    return []
  }
  const [only] = objectsIn(findings, list, `${path}.devices`)
  if (only === undefined) return []
  const [device, at] = only
  const physicalId = readPhysicalId(reading, field(device, 'device_id'), `${at}.device_id`)
  const deviceIp = readDeviceIp(findings, field(device, 'device_ip'), `${at}.device_ip`)
  if (serverId === undefined || rankId === null || physicalId === null) return []
  const extra = extraKeys(device, ['device_id', 'device_ip'])
  return [
    { serverId, devices: [{ physicalId, deviceIp, rankId, list: `${path}.devices`, at: 0, extra }], path },
  ]
}

function serversOf(instances: readonly Instance[]): TableServer[] {
  return [...Map.groupBy(instances, ({ serverId }) => serverId)]
    .map(([serverId, own]): TableServer => {
      const devices = own.flatMap((instance) => instance.devices).sort((a, b) => a.rankId - b.rankId)
      return { serverId, hostIp: null, devices, path: own[0]?.path ?? '', extra: {} }
    })
    .sort((a, b) => (a.devices[0]?.rankId ?? 0) - (b.devices[0]?.rankId ?? 0))
}
