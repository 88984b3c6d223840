// Which ranks this container starts: those of its own devices and of no other pod's, even on the same server.
import type { ConvertedTable } from './convert.ts'
import { show } from './finding.ts'
import { orderDevices } from './order.ts'

export type OwnDevice = {
  readonly rankId: number
  readonly physicalId: number
  /** Index inside the container: place among its own devices by physical id (ascend.md §1.8). */
  readonly logicalId: number
  readonly serverId: string
}

/** Who asks: pod name for v0.1 tables, host address for v1.0 and v1.2 ones; undefined when the environment has none. */
export type OwnName = { readonly podName?: string | undefined; readonly hostIp?: string | undefined }

export type OwnDevices =
  | { readonly ok: true; readonly devices: readonly OwnDevice[]; readonly rankSize: number }
  | { readonly ok: false; readonly reason: string }

/** Own devices in logical order, or a reason that names what was looked for and what the table has. */
export function findOwnDevices(table: ConvertedTable, own: OwnName): OwnDevices {
  if (table.sourceVersion === '2.0')
    return refuse('a 2.0 table names ranks and no servers, so it does not tell which ranks run here')
  return table.sourceVersion === '0.1' ? byPod(table, own.podName) : byServer(table, own.hostIp)
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

function byServer(table: ConvertedTable, hostIp: string | undefined): OwnDevices {
  const { servers } = table
  const matches = servers.filter((server) => {
    const addresses = [server.serverId, server.hostIp, server.extra['container_ip']]
    return hostIp !== undefined && addresses.includes(hostIp)
  })
  const server = servers.length === 1 ? servers[0] : matches[0]
  if (server) return accept(table, server.serverId, () => true)
  const names = list(servers.map((candidate) => candidate.serverId))
  const got = hostIp === undefined ? 'nothing in MA_CURRENT_HOST_IP' : show(hostIp)
  return refuse(
    `server is not found: own host address: got ${got}; valid: a server of the rank table (${names})`,
  )
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
