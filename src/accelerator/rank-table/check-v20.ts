// A v2.0 table (Ascend 950): ranks with their networks, integers as JSON numbers (ascend.md §1.6). Checked and handed on
// as it is: it has no servers that another form could name.
import { type Findings, field, objectsIn, words } from './finding.ts'
import type { JsonObject } from './types.ts'

/** One rank as a v2.0 table names it. */
export type RankV20 = { readonly rankId: number; readonly localId: number; readonly deviceId: number }

const LIMITS = {
  ranks: 65_536,
  localId: 64,
  deviceId: 64,
  levels: 8,
  layer: 7,
  instanceId: 1024,
  addresses: 24,
  ports: 16,
}
const NET_TYPES = ['TOPO_FILE_DESC', 'CLOS']
const ADDRESS_TYPES = ['EID', 'IPV4', 'IPV6']

/** Returns the ranks in table order; what is malformed is reported and left out. */
export function checkV20(table: JsonObject, findings: Findings): RankV20[] {
  const list = field(table, 'rank_list')
  if (!Array.isArray(list)) {
    findings.error('rank_list', list, 'a list of ranks', 'EI0017')
    return []
  }
  const ranks = objectsIn(findings, list, 'rank_list').flatMap(([rank, path]) =>
    readRank(rank, path, findings),
  )
  const count = integer(table, 'rank_count', 'rank_count', 1, LIMITS.ranks, findings)
  if (count !== null && count !== list.length)
    findings.error('rank_count', count, `${list.length}, the length of rank_list`)
  const seen = new Set<number>()
  for (const { rankId } of ranks) {
    if (rankId >= list.length || seen.has(rankId))
      findings.error('rank_list', words(`rank_id ${rankId}`), `0 to ${list.length - 1}, each once`)
    seen.add(rankId)
  }
  return ranks
}

function readRank(rank: JsonObject, path: string, findings: Findings): RankV20[] {
  const rankId = integer(rank, 'rank_id', `${path}.rank_id`, 0, LIMITS.ranks - 1, findings)
  const localId = integer(rank, 'local_id', `${path}.local_id`, 0, LIMITS.localId, findings)
  const deviceId = integer(rank, 'device_id', `${path}.device_id`, 0, LIMITS.deviceId, findings)
  for (const key of ['device_port', 'host_port'])
    if (field(rank, key) !== undefined) integer(rank, key, `${path}.${key}`, 1, 65_535, findings)
  let before = -1
  for (const [level, at] of listOf(rank, 'level_list', path, LIMITS.levels, findings)) {
    const layer = integer(level, 'net_layer', `${at}.net_layer`, 0, LIMITS.layer, findings)
    if (layer !== null && layer <= before)
      findings.error(`${at}.net_layer`, layer, `more than ${before}: layers ascend from 0`)
    before = layer ?? before
    text(level, 'net_instance_id', at, LIMITS.instanceId, findings)
    oneOf(level, 'net_type', at, NET_TYPES, findings)
    for (const [address, where] of listOf(level, 'rank_addr_list', at, LIMITS.addresses, findings)) {
      oneOf(address, 'addr_type', where, ADDRESS_TYPES, findings)
      text(address, 'addr', where, 256, findings)
      checkPorts(address, where, findings)
    }
  }
  return rankId === null || localId === null || deviceId === null ? [] : [{ rankId, localId, deviceId }]
}

function checkPorts(address: JsonObject, path: string, findings: Findings): void {
  const ports = field(address, 'ports')
  const fits =
    Array.isArray(ports) &&
    ports.length <= LIMITS.ports &&
    ports.every((port) => typeof port === 'string' && /^\d+\/\d+$/.test(port))
  if (!fits) findings.error(`${path}.ports`, ports, `a list of at most ${LIMITS.ports} strings such as "0/1"`)
}

/** The objects of a list with their paths. */
function listOf(
  object: JsonObject,
  key: string,
  path: string,
  most: number,
  findings: Findings,
): ReturnType<typeof objectsIn> {
  const list = field(object, key)
  if (!Array.isArray(list) || list.length > most) {
    const got = Array.isArray(list) ? words(`${list.length} entries`) : list
    findings.error(
      `${path}.${key}`,
      got,
      `a list of at most ${most} objects`,
      Array.isArray(list) ? 'EI0014' : 'EI0017',
    )
    return []
  }
  return objectsIn(findings, list, `${path}.${key}`)
}

function integer(
  object: JsonObject,
  key: string,
  path: string,
  least: number,
  most: number,
  findings: Findings,
): number | null {
  const value = field(object, key)
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  findings.error(
    path,
    value,
    `a JSON integer from ${least} to ${most}`,
    value === undefined ? 'EI0017' : 'EI0014',
  )
  return null
}

function text(object: JsonObject, key: string, path: string, most: number, findings: Findings): void {
  const value = field(object, key)
  if (typeof value !== 'string' || value === '' || value.length > most)
    findings.error(`${path}.${key}`, value, `a string of 1 to ${most} characters`)
}

function oneOf(
  object: JsonObject,
  key: string,
  path: string,
  valid: readonly string[],
  findings: Findings,
): void {
  const value = field(object, key)
  if (!valid.includes(value as string)) findings.error(`${path}.${key}`, value, valid.join(' or '))
}
