// The rules that hold for servers and their devices in every form of table: ids, addresses, counts, rings.
import type { Chip } from '../device.ts'
import { MAX_DEVICES } from '../simulated.ts'
import { devicePath, type Findings, words } from './finding.ts'
import { type IpAddress, isIpv4, isLoopback, parseIp } from './ip.ts'
import type { TableDevice } from './types.ts'

/** One server with its devices, in table order. */
export type ServerView = {
  readonly serverId: string
  readonly hostIp: string | null
  readonly path: string
  readonly devices: readonly TableDevice[]
}

export type ServerRules = {
  readonly chip: Chip | undefined
  /** Check sets of devices as on a 910A: as warnings, and unequal counts as an error only if `chip` says so. */
  readonly ringRule: boolean
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

/** Checks all servers of a table together. */
export function checkServers(servers: readonly ServerView[], rules: ServerRules, findings: Findings): void {
  for (const server of servers) checkServer(server, rules, findings)
  checkAddresses(servers, findings)
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

/** Addresses: needed and of one family with several servers, valid and unique always, as many for each device. */
function checkAddresses(servers: readonly ServerView[], findings: Findings): void {
  const several = servers.length > 1
  const owner = new Map<string, TableDevice>()
  let firstFamily: { family: 4 | 6; device: TableDevice } | undefined
  let firstCount: { count: number; device: TableDevice } | undefined
  for (const server of servers) {
    for (const device of server.devices) {
      if (device.deviceIp === null) {
        if (several)
          findings.error(
            addressPath(device),
            words(`nothing, in server "${server.serverId}"`),
            'an address, because the table has several servers',
          )
        continue
      }
      const parts = device.deviceIp.split(',')
      firstCount ??= { count: parts.length, device }
      if (parts.length !== firstCount.count) {
        findings.error(
          addressPath(device),
          words(`${parts.length} addresses`),
          `${firstCount.count}, as in ${addressPath(firstCount.device)}`,
        )
      }
      for (const part of parts) {
        const address = checkAddress(part, device, several, findings)
        if (!address) continue
        const earlier = owner.get(address.key)
        if (earlier === undefined) owner.set(address.key, device)
        else
          findings.error(
            () => addressPath(device),
            part,
            `an address of its own; ${addressPath(earlier)} has this one`,
          )
        firstFamily ??= { family: address.family, device }
        if (address.family === firstFamily.family) continue
        const got = words(
          `an IPv${address.family} address beside IPv${firstFamily.family} in ${addressPath(firstFamily.device)}`,
        )
        const path = addressPath(device)
        if (several) findings.error(path, got, 'one family in the whole table')
        else findings.warn(path, got, 'one family in the whole table')
      }
    }
  }
}

/** Only where something is found: there are as many as devices. */
const addressPath = (device: TableDevice): string => devicePath(device, 'device_ip')

function checkAddress(
  text: string,
  device: TableDevice,
  several: boolean,
  findings: Findings,
): IpAddress | undefined {
  const address = parseIp(text)
  if (!address) {
    // The device plugin writes -1 when it could not ask the card (ascend.md §2.1).
    const valid =
      text === '-1'
        ? 'an IP address; -1 means that the card was not asked successfully'
        : 'an IPv4 or IPv6 address'
    findings.error(addressPath(device), text, valid)
    return undefined
  }
  if (several && isLoopback(address))
    findings.error(addressPath(device), text, 'an address that other servers reach, not loopback')
  return address
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
