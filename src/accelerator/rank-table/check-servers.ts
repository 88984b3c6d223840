// The rules that hold for servers and their devices in every form of table: ids, counts, rings.
import type { Chip } from '../device.ts'
import { MAX_DEVICES } from '../simulated.ts'
import { checkAddresses } from './check-addresses.ts'
import { devicePath, type Findings, words } from './finding.ts'
import { isIpv4 } from './ip.ts'
import { isOneSuperPod } from './super-pods.ts'
import type { CheckOptions, JsonObject, ParsedTable, TableDevice } from './types.ts'

/** One server with its devices, in table order. */
export type ServerView = {
  readonly serverId: string
  readonly hostIp: string | null
  readonly path: string
  readonly devices: readonly TableDevice[]
  readonly extra: JsonObject
}

export type ServerRules = {
  readonly chip: Chip | undefined
  /** Check sets of devices as on a 910A: as warnings, and unequal counts as an error only if `chip` says so. */
  readonly ringRule: boolean
  /** The dies talk through the network of their super pod, and need no address of their own for it (ascend.md §1.4). */
  readonly isOneSuperPod: boolean
  /** The same, would the table become a v1.2 one. */
  readonly couldBeOneSuperPod: boolean
}

/**
 * Sets of four that HCCL accepts on a 910A besides the two rings (ascend.md §1.10), one bit for each device.
 * Two cards must be in one ring per the documents; one or eight always are right.
 */
const SETS_OF_FOUR: ReadonlySet<number> = new Set(
  ['0123', '4567', '0145', '0246', '0347', '1256', '1357', '2367'].map((set) =>
    [...set].reduce((bits, id) => bits | (1 << Number(id)), 0),
  ),
)

/** What servers of a table are held to. `ringRule` where no chip is named. */
export function rulesFor(
  { table, version }: ParsedTable,
  servers: readonly ServerView[],
  { chip, to, isHccsDisabled = false }: CheckOptions,
  ringRule: boolean,
): ServerRules {
  const isFor12 = (to ?? version) === '1.2'
  const couldBe = !isHccsDisabled && isOneSuperPod(table, version, servers)
  return {
    chip,
    ringRule,
    isOneSuperPod: isFor12 && couldBe,
    couldBeOneSuperPod: couldBe,
  }
}

/** Checks all servers of a table together. */
export function checkServers(servers: readonly ServerView[], rules: ServerRules, findings: Findings): void {
  for (const server of servers) checkServer(server, rules, findings)
  checkAddresses(servers, rules, findings)
  checkCounts(servers, rules, findings)
}

function checkServer(server: ServerView, rules: ServerRules, findings: Findings): void {
  const seen: TableDevice[] = []
  const largest = rules.chip ? MAX_DEVICES[rules.chip] - 1 : undefined
  for (const device of server.devices) {
    const earlier = seen[device.physicalId]
    if (earlier) {
      const got = words(
        `"${device.physicalId}", as in ${devicePath(earlier)}, also of server "${server.serverId}"`,
      )
      findings.error(devicePath(device, 'device_id'), got, 'each device once per server')
    }
    seen[device.physicalId] = device
    if (largest !== undefined && device.physicalId > largest) {
      findings.error(
        devicePath(device, 'device_id'),
        String(device.physicalId),
        `0 to ${largest} on ${rules.chip}`,
      )
    }
  }
  if (server.hostIp !== null && !isIpv4(server.hostIp))
    findings.error(`${server.path}.host_ip`, server.hostIp, 'an IPv4 address')
  if (rules.ringRule) checkRing(server, rules.chip, findings)
  if (rules.chip === 'a3') checkPairs(server, findings)
}

/** An A3 NPU is two dies, which work as a pair (0,1), (2,3) … unless a single one is used (ascend.md §1.10). */
function checkPairs(server: ServerView, findings: Findings): void {
  const ids = new Set(server.devices.map((device) => device.physicalId))
  const lone = [...ids].find((id) => !ids.has(id ^ 1))
  if (ids.size > 1 && lone !== undefined)
    findings.warn(
      server.path,
      words(`die ${lone} without die ${lone ^ 1} on server "${server.serverId}"`),
      'on an A3: one die, or whole pairs (0,1), (2,3) …',
    )
}

function checkRing(server: ServerView, chip: Chip | undefined, findings: Findings): void {
  let bits = 0
  for (const { physicalId } of server.devices) {
    // Ids above 7 are of another chip.
    if (physicalId > 7) return
    bits |= 1 << physicalId
  }
  const isOneRing = (bits & 0x0f) === 0 || (bits & 0xf0) === 0
  const ids = [0, 1, 2, 3, 4, 5, 6, 7].filter((id) => bits & (1 << id))
  if (ids.length === 1 || ids.length === 8 || (ids.length === 2 && isOneRing) || SETS_OF_FOUR.has(bits))
    return
  const valid = 'on a 910A: 1, 2 or 4 devices of one ring (0-3 or 4-7), or all 8'
  findings.warn(
    server.path,
    words(`devices ${ids.join(', ')} of server "${server.serverId}"`),
    valid,
    // Two cards in two rings are only advised against; and whether it is a 910A at all, its user must say.
    chip === '910a' && ids.length !== 2 ? 'EI0014' : null,
  )
}

/** A 910A refuses servers that give different numbers of devices; elsewhere it is only advised against. */
function checkCounts(servers: readonly ServerView[], rules: ServerRules, findings: Findings): void {
  if (rules.chip === '310p' && servers.length > 1)
    findings.warn('(table)', words(`${servers.length} servers`), 'one server: a 300I Duo trains on one only')
  const first = servers[0]
  const other = servers.find((server) => server.devices.length !== first?.devices.length)
  if (!first || !other) return
  const got = words(
    `${other.devices.length} devices in server "${other.serverId}" and ${first.devices.length} in "${first.serverId}"`,
  )
  const valid = 'the same number of devices on every server'
  if (rules.chip === '910a') findings.error(other.path, got, valid)
  else findings.warn(other.path, got, `${valid} (a 910A refuses anything else)`)
}
