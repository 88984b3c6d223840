// Fields of a device that a v1.0 or v1.2 table may have: ports of its network card and of its host, and the address that
// takes over when its own card fails (ascend.md §1.3).
import { devicePath, type Findings, field } from './finding.ts'
import { parseIp } from './ip.ts'
import { type Reading, readId } from './reading.ts'
import type { TableDevice, TableServer } from './types.ts'

/** HCCL reads these always. */
const PORTS = ['device_port', 'host_port', 'device_vnic_port']
const BACKUP_ADDRESS = 'backup_device_ip'
const BACKUP_PORT = 'backup_device_port'

/** Checks them in all devices, counting JSON numbers in `reading`. */
export function checkOptional(servers: readonly TableServer[], reading: Reading): void {
  const owners = new Map<string, Owner>()
  const hasBackups = servers.some(({ devices }) =>
    devices.some(({ extra }) => field(extra, BACKUP_ADDRESS) !== undefined),
  )
  for (const server of hasBackups ? servers : [])
    for (const device of server.devices)
      for (const key of keysOf(device.deviceIp)) owners.set(key, { server, device })
  const taken = new Map<string, TableDevice>()
  for (const server of servers)
    for (const device of server.devices) {
      for (const key of PORTS) checkPort(reading, device, key, 'error')
      // Read on an A3 that tries operators again, and nowhere else: only a strict reader refuses it.
      checkPort(reading, device, BACKUP_PORT, 'warn')
      checkBackup(reading.findings, { server, device }, owners, taken)
    }
}

type Owner = { readonly server: TableServer; readonly device: TableDevice }

function checkPort(reading: Reading, device: TableDevice, key: string, report: 'error' | 'warn'): void {
  const value = field(device.extra, key)
  if (value === undefined) return
  const path = () => devicePath(device, key)
  const port = readId(reading, value, path)
  if (port === null || (port >= 1 && port <= 65_535)) return
  reading.findings[report](path, value, 'a port from "1" to "65535"', 'EI0014')
}

function checkBackup(
  findings: Findings,
  { server, device }: Owner,
  owners: ReadonlyMap<string, Owner>,
  taken: Map<string, TableDevice>,
): void {
  const value = field(device.extra, BACKUP_ADDRESS)
  if (value === undefined || value === '') return
  const path = () => devicePath(device, BACKUP_ADDRESS)
  if (typeof value !== 'string') {
    findings.warn(path, value, 'a string with an IP address', 'EI0017')
    return
  }
  for (const part of value.split(',')) {
    const key = parseIp(part)?.key
    if (key === undefined) {
      findings.warn(path, part, 'an IPv4 or IPv6 address', 'EI0014')
      continue
    }
    const other = taken.get(key)
    if (other !== undefined)
      findings.warn(
        path,
        part,
        `an address of its own; ${devicePath(other, BACKUP_ADDRESS)} has it`,
        'EI0014',
      )
    taken.set(key, device)
    const owner = owners.get(key)
    const isSister = owner?.server === server && owner.device.physicalId === (device.physicalId ^ 1)
    if (owner !== undefined && !isSister)
      findings.warn(
        path,
        part,
        `an address of the sister die (device ${device.physicalId ^ 1} of the same server); ${devicePath(owner.device)} has this one`,
        'EI0014',
      )
  }
}

function keysOf(deviceIp: string | null): string[] {
  if (deviceIp === null) return []
  return deviceIp.split(',').flatMap((part) => parseIp(part)?.key ?? [])
}
