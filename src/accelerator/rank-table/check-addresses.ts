// Addresses of devices: where they are needed, and what they must be. Whom a device reaches by its own network card is
// a matter of the whole table, so this looks at all servers together.
import type { ServerRules, ServerView } from './check-servers.ts'
import { devicePath, type Findings, words } from './finding.ts'
import { type IpAddress, isIpv4, isLoopback, parseIp } from './ip.ts'
import type { TableDevice } from './types.ts'

/** What the device plugin writes when it could not ask the card (ascend.md §2.1). Such an address is not handed on. */
export const UNKNOWN_ADDRESS = '-1'

/**
 * `device`: each device needs an address · `host`: none has one, and all servers name the host's, which HCCL then uses
 * ("host NIC", ascend.md §1.3) · `none`: they reach one another inside one server or one super pod.
 */
type Network = 'device' | 'host' | 'none'

/** Needed and of one family with several servers, valid and unique always, as many for each device. */
export function checkAddresses(servers: readonly ServerView[], rules: ServerRules, findings: Findings): void {
  const several = servers.length > 1
  const network = networkOf(servers, rules)
  if (network === 'host') checkHosts(servers, rules, findings)
  const owner = new Map<string, TableDevice>()
  let firstFamily: { family: 4 | 6; device: TableDevice } | undefined
  let firstCount: { count: number; device: TableDevice } | undefined
  for (const server of servers) {
    for (const device of server.devices) {
      if (device.deviceIp === UNKNOWN_ADDRESS && network !== 'device' && several) {
        findings.warn(
          addressPath(device),
          device.deviceIp,
          'no such key where none is needed; the converted table has none',
          'EI0014',
        )
        continue
      }
      if (device.deviceIp === null) {
        if (network === 'device')
          findings.error(
            addressPath(device),
            words(`nothing, in server "${server.serverId}"`),
            rules.couldBeOneSuperPod
              ? 'an address, because the table has several servers; in form 1.2 those of one super pod need none'
              : 'an address, because the table has several servers',
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

function networkOf(servers: readonly ServerView[], { isOneSuperPod }: ServerRules): Network {
  if (servers.length <= 1 || isOneSuperPod) return 'none'
  const hasNone = servers.every(({ devices }) =>
    devices.every(({ deviceIp }) => deviceIp === null || deviceIp === UNKNOWN_ADDRESS),
  )
  return hasNone && servers.some(({ hostIp }) => hostIp !== null && isIpv4(hostIp)) ? 'host' : 'device'
}

/** HCCL goes through the hosts only if all have an address, and on a 910B not at all. */
function checkHosts(servers: readonly ServerView[], { chip }: ServerRules, findings: Findings): void {
  for (const { path, serverId, hostIp } of servers)
    if (hostIp === null)
      findings.error(
        `${path}.host_ip`,
        words(`nothing, in server "${serverId}"`),
        'an address of every host, because no device has one',
      )
  const got = words('no address of any device')
  if (chip === '910b') findings.error('server_list', got, 'an address of each device on a 910b')
  else
    findings.warn(
      'server_list',
      got,
      'an address of each device; without, all goes through the network of the hosts, and not at all on a 910b',
    )
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
    const valid =
      text === UNKNOWN_ADDRESS
        ? 'an IP address; -1 means that the card was not asked successfully'
        : 'an IPv4 or IPv6 address'
    findings.error(addressPath(device), text, valid)
    return undefined
  }
  if (several && isLoopback(address))
    findings.error(addressPath(device), text, 'an address that other servers reach, not loopback')
  return address
}
