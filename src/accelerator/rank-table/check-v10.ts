// Reads and checks a v1.0 table (server_list, device), and of a v1.2 what they have in common.
// Such a table is handed on as it is; only JSON numbers are forgiven, and then it is written anew.
import { UNKNOWN_ADDRESS } from './check-addresses.ts'
import { checkOptional } from './check-optional.ts'
import { checkServers, rulesFor } from './check-servers.ts'
import { devicePath, extraKeys, type Findings, field, objectsIn, words } from './finding.ts'
import {
  newReading,
  type Reading,
  readDeviceIp,
  readDevices,
  readId,
  readName,
  readPhysicalId,
  tellNumbers,
} from './reading.ts'
import type { CheckOptions, JsonObject, ParsedTable, TableServer } from './types.ts'

const KNOWN = ['device_id', 'device_ip', 'rank_id']

type RankedDevice = TableServer['devices'][number]

export type ReadV10 = { readonly servers: readonly TableServer[]; readonly hasRepairs: boolean }

/** Returns the servers in table order; what is malformed is reported and left out. */
export function readV10(parsed: ParsedTable, options: CheckOptions, findings: Findings): ReadV10 {
  const { table } = parsed
  const reading = newReading(findings)
  const list = field(table, 'server_list')
  if (!Array.isArray(list) || list.length === 0) {
    findings.error(
      'server_list',
      list,
      'a list with at least one server',
      Array.isArray(list) ? 'EI0014' : 'EI0017',
    )
    return { servers: [], hasRepairs: false }
  }
  const servers = objectsIn(findings, list, 'server_list').flatMap(([server, path]) =>
    readServer(reading, server, path),
  )
  checkServerCount(reading, field(table, 'server_count'), list.length)
  checkOptional(servers, reading)
  tellNumbers(reading)
  checkServerIds(servers, findings)
  checkRanks(servers, findings)
  checkServers(servers, rulesFor(parsed, servers, options, options.chip === '910a'), findings)
  const isUnknown = servers.some(({ devices }) =>
    devices.some(({ deviceIp }) => deviceIp === UNKNOWN_ADDRESS),
  )
  return { servers, hasRepairs: isUnknown || reading.numbers > 0 }
}

function readServer(reading: Reading, server: JsonObject, path: string): TableServer[] {
  const { findings } = reading
  const serverId = readName(findings, field(server, 'server_id'), `${path}.server_id`, 64)
  const hostIp = field(server, 'host_ip')
  if (hostIp !== undefined && typeof hostIp !== 'string') {
    findings.error(`${path}.host_ip`, hostIp, 'a string with an IPv4 address', 'EI0017')
  }
  const list = field(server, 'device')
  if (!Array.isArray(list) || list.length === 0) {
    findings.error(
      `${path}.device`,
      list,
      'a list with at least one device',
      Array.isArray(list) ? 'EI0014' : 'EI0017',
    )
  }
  const devices = readDevices(reading, list, `${path}.device`, readDevice)
  if (serverId === undefined) return []
  const extra = extraKeys(server, ['server_id', 'host_ip', 'device'])
  return [
    { serverId, hostIp: typeof hostIp === 'string' && hostIp !== '' ? hostIp : null, devices, path, extra },
  ]
}

function readDevice(reading: Reading, device: JsonObject, list: string, at: number): RankedDevice | null {
  const physicalId = readPhysicalId(reading, field(device, 'device_id'), () => `${list}[${at}].device_id`)
  const rankId = readId(reading, field(device, 'rank_id'), () => `${list}[${at}].rank_id`)
  const deviceIp = readDeviceIp(
    reading.findings,
    field(device, 'device_ip'),
    () => `${list}[${at}].device_ip`,
  )
  if (physicalId === null || rankId === null) return null
  return { physicalId, rankId, deviceIp, list, at, extra: extraKeys(device, KNOWN) }
}

/** May be absent: HCCL then counts for itself. */
function checkServerCount(reading: Reading, value: unknown, length: number): void {
  if (value === undefined) return
  const count = readId(reading, value, 'server_count')
  if (count !== null && count !== length)
    reading.findings.error('server_count', value, `"${length}", the length of server_list`)
}

function checkServerIds(servers: readonly TableServer[], findings: Findings): void {
  const seen = new Map<string, string>()
  for (const server of servers) {
    const earlier = seen.get(server.serverId)
    if (earlier)
      findings.error(`${server.path}.server_id`, server.serverId, `an id of its own; ${earlier} has this one`)
    seen.set(server.serverId, server.path)
  }
}

/** Ranks are 0 to N-1, each once; HCCL does not check that a server's ranks are neighbours, its documents ask for it. */
export function checkRanks(servers: readonly TableServer[], findings: Findings): void {
  const total = servers.reduce((sum, server) => sum + server.devices.length, 0)
  const seen = new Map<number, RankedDevice>()
  for (const server of servers) {
    for (const device of server.devices) {
      const earlier = seen.get(device.rankId)
      const valid = earlier
        ? `a rank of its own; ${devicePath(earlier)} has this one`
        : `0 to ${total - 1}, without gaps`
      if (earlier || device.rankId >= total)
        findings.error(devicePath(device, 'rank_id'), String(device.rankId), valid)
      seen.set(device.rankId, device)
    }
    const ranks = server.devices.map((device) => device.rankId).sort((a, b) => a - b)
    const spread = (ranks.at(-1) ?? 0) - (ranks[0] ?? 0) + 1
    if (new Set(ranks).size === ranks.length && spread > ranks.length) {
      findings.warn(
        server.path,
        words(`ranks ${ranks.slice(0, 16).join(', ')}`),
        'neighbouring ranks on one server',
      )
    }
  }
}
