// The text of a v1.0 or v1.2 table, keys in the public converter's order (ascend.md §3.4). Put together piece by piece and not
// as objects: a large job has 80,000 devices, and an object for each would double what the launcher takes.
import { UNKNOWN_ADDRESS } from './check-addresses.ts'
import { dumpTable } from './dump.ts'
import { field } from './finding.ts'
import { parseIp } from './ip.ts'
import type { SuperPod } from './super-pods.ts'
import type { JsonObject, TableServer } from './types.ts'

export type WireForm = {
  readonly version: '1.0' | '1.2'
  /** Unknown keys come last and never replace ours. */
  readonly keepExtraKeys: boolean
  /** Adds `pod_ip` and `container_ip` to servers. */
  readonly withAddresses: boolean
  readonly superPods: readonly SuperPod[] | undefined
}

const OWN_DEVICE_KEYS = ['rank_id', 'super_device_id']
const OWN_SERVER_KEYS = { '1.0': ['device'], '1.2': ['device', 'super_pod_id'] }

/** One line, as json.dumps of Python writes it. */
export function serverTableText(servers: readonly TableServer[], form: WireForm): string {
  const { version, superPods } = form
  const parts = [
    `{"status": "completed", "version": "${version}", "server_count": "${servers.length}", "server_list": [`,
  ]
  for (const [index, server] of servers.entries())
    parts.push(index === 0 ? '' : ', ', serverText(server, form))
  parts.push(
    ']',
    superPods === undefined ? '' : `, "super_pod_list": ${dumpTable(superPods.map(wireSuperPod))}`,
    '}',
  )
  // One join: every other way to put the pieces together makes a second copy of all of them.
  return parts.join('')
}

function serverText(server: TableServer, form: WireForm): string {
  const { serverId, hostIp, devices, extra } = server
  const host = hostIp === null ? '' : `, "host_ip": ${dumpTable(hostIp)}`
  const list = devices.map((device) => deviceText(device, form)).join(', ')
  const more = form.keepExtraKeys ? without(extra, OWN_SERVER_KEYS[form.version]) : {}
  const added = form.withAddresses ? { ...more, ...addressesOf(server) } : more
  return `{"server_id": ${dumpTable(serverId)}${host}, "device": [${list}]${fieldsText(added)}}`
}

function deviceText(
  { physicalId, deviceIp, rankId, extra }: TableServer['devices'][number],
  { version, keepExtraKeys }: WireForm,
): string {
  const ip = deviceIp === null || deviceIp === UNKNOWN_ADDRESS ? '' : `, "device_ip": ${dumpTable(deviceIp)}`
  const die = version === '1.2' ? field(extra, 'super_device_id') : undefined
  const place = die === undefined ? '' : `, "super_device_id": ${dumpTable(String(die))}`
  const more = keepExtraKeys ? fieldsText(without(extra, OWN_DEVICE_KEYS)) : ''
  return `{"device_id": "${physicalId}"${ip}${place}, "rank_id": "${rankId}"${more}}`
}

/** Further fields of an object that has some already. */
function fieldsText(fields: JsonObject): string {
  const text = dumpTable(fields).slice(1, -1)
  return text === '' ? '' : `, ${text}`
}

const wireSuperPod = ({ id, serverIds }: SuperPod) => ({
  super_pod_id: id,
  server_list: serverIds.map((serverId) => ({ server_id: serverId })),
})

/** Nothing for a server that is known by a name only. */
function addressesOf({ hostIp, serverId }: TableServer): JsonObject {
  const address = [hostIp, serverId].find((text) => text !== null && parseIp(text) !== undefined)
  return address ? { pod_ip: address, container_ip: address } : {}
}

function without(extra: JsonObject, keys: readonly string[]): JsonObject {
  const kept = Object.entries(extra).filter(([name]) => !keys.includes(name))
  // Ports are strings as well.
  return Object.fromEntries(
    kept.map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]),
  )
}
