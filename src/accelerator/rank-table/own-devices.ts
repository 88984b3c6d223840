// Which ranks this container starts: those of its own devices and of no other pod's, even on the same server.
import type { ConvertedTable } from './convert.ts'
import { show } from './finding.ts'
import { orderDevices } from './order.ts'
import type { TableServer } from './types.ts'

export type OwnDevice = {
  readonly rankId: number
  readonly physicalId: number
  /** Index inside the container: place among its own devices by physical id (ascend.md §1.8). */
  readonly logicalId: number
  readonly serverId: string
}

/** Who asks: pod name for v0.1 tables, the rest for v1.0 and v1.2 ones; undefined when the environment has none. */
export type OwnName = {
  readonly podName?: string | undefined
  readonly hostIp?: string | undefined
  /** Addresses of this machine, looked at when `hostIp` is not known. */
  readonly addresses?: readonly string[]
  /** `ASCEND_VISIBLE_DEVICES`: tells one container of a server from another. */
  readonly visibleDevices?: string | undefined
}

export type OwnDevices =
  | { readonly ok: true; readonly devices: readonly OwnDevice[]; readonly rankSize: number }
  | { readonly ok: false; readonly reason: string }

/** Own devices in logical order, or a reason that names what was looked for and what the table has. */
export function findOwnDevices(table: ConvertedTable, own: OwnName): OwnDevices {
  if (table.sourceVersion === '2.0')
    return refuse('a 2.0 table names ranks and no servers, so it does not tell which ranks run here')
  return table.sourceVersion === '0.1' ? byPod(table, own.podName) : byServer(table, own)
}

function byPod(table: ConvertedTable, podName: string | undefined): OwnDevices {
  const { pods } = table
  const only = pods.length === 1 ? pods[0] : undefined
  const pod = podName === undefined ? only : pods.find((candidate) => candidate.podName === podName)
  const names = list(pods.map((candidate) => candidate.podName))
  if (!pod && podName === undefined) {
    const where = 'BATCH_TASK_CURRENT_INSTANCE or MA_CURRENT_INSTANCE_NAME'
    return refuse(
      `own pod name: got nothing in ${where}; valid: one of the ${pods.length} pods of the rank table (${names})`,
    )
  }
  if (!pod) return refuse(`own pod name: got ${show(podName)}; valid: a pod of the rank table (${names})`)
  if (pod.physicalIds.length === 0) return refuse(`pod ${show(pod.podName)} has no device in the rank table`)
  const mine = new Set(pod.physicalIds)
  return accept(table, pod.serverId, (physicalId) => mine.has(physicalId))
}

function byServer(table: ConvertedTable, { hostIp, addresses = [], visibleDevices }: OwnName): OwnDevices {
  const { servers } = table
  const mine = hostIp === undefined ? addresses : [hostIp]
  const isHere = ({ serverId, hostIp: host, extra }: TableServer): boolean =>
    [serverId, host, extra['container_ip'], extra['pod_ip']].some((name) => mine.includes(String(name)))
  const matches = servers.filter(isHere)
  const server = servers.length === 1 ? servers[0] : matches[0]
  if (server && (servers.length === 1 || matches.length === 1)) {
    const visible = visibleIds(visibleDevices ?? '')
    const has = new Set(server.devices.map(({ physicalId }) => physicalId))
    // What the variable names beyond this server was meant for something else.
    const counts = visible.length > 0 && visible.every((id) => has.has(id))
    return accept(table, server.serverId, (physicalId) => !counts || visible.includes(physicalId))
  }
  const named = list((matches.length > 0 ? matches : servers).map((candidate) => candidate.serverId))
  const got =
    hostIp === undefined
      ? `nothing in MA_CURRENT_HOST_IP, and ${addresses.join(', ') || 'no address'} here`
      : show(hostIp)
  if (matches.length > 1)
    return refuse(
      `${matches.length} servers fit: own host address: got ${got}; valid: MA_CURRENT_HOST_IP naming one server of the rank table, by its server_id if need be (${named})`,
    )
  return refuse(
    `server is not found: own host address: got ${got}; valid: a server of the rank table (${named})`,
  )
}

/** `0,2`, `0-3`, `Ascend910-0`, `npu-0` and mixtures (ascend.md §4); empty for `void` and what is none of these. */
export function visibleIds(text: string): number[] {
  const ids = text.split(',').flatMap((part) => {
    const [, first, last = first] =
      /^\s*(?:[A-Za-z]+\d*[A-Za-z]*-)?(\d{1,3})(?:-(\d{1,3}))?\s*$/.exec(part) ?? []
    if (first === undefined) return []
    const from = Number(first)
    return Array.from({ length: Math.max(Number(last) - from + 1, 0) }, (_, index) => from + index)
  })
  return [...new Set(ids)].sort((a, b) => a - b)
}

function accept(
  table: ConvertedTable,
  serverId: string,
  isMine: (physicalId: number) => boolean,
): OwnDevices {
  const server = table.servers.find((candidate) => candidate.serverId === serverId)
  const mine = orderDevices(server?.devices ?? []).filter((device) => isMine(device.physicalId))
  const devices = mine.map(
    ({ rankId, physicalId }, logicalId): OwnDevice => ({ rankId, physicalId, logicalId, serverId }),
  )
  return { ok: true, devices, rankSize: table.rankSize }
}

const refuse = (reason: string): OwnDevices => ({ ok: false, reason })

/** At most eight names; a table can have thousands. */
function list(names: readonly string[]): string {
  const more = names.length > 8 ? `, and ${names.length - 8} more` : ''
  return names.slice(0, 8).join(', ') + more
}
