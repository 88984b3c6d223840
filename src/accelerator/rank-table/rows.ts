// A table as rows for people: who is where.
import type { ConvertedTable } from './convert.ts'
import { orderDevices } from './order.ts'

/** One rank. `task` is the pod's name, null where the form names none; `server` is empty in a v2.0 table. */
export type TableRow = {
  readonly rankId: number
  readonly task: string | null
  readonly server: string
  /** Index inside the container, as programs see it (ascend.md §1.8). */
  readonly logicalId: number
  readonly physicalId: number
  readonly deviceIp: string | null
}

/** All ranks in order; with `pod`, only those of that pod. */
export function tableRows(table: ConvertedTable, pod?: string): TableRow[] {
  const bare = table.ranks.map(
    ({ rankId, localId, deviceId }): TableRow => ({
      ...{ rankId, task: null, server: '', logicalId: localId, physicalId: deviceId, deviceIp: null },
    }),
  )
  const podsOf = Map.groupBy(table.pods, ({ serverId }) => serverId)
  const rows = table.servers.flatMap((server) => {
    const pods = podsOf.get(server.serverId) ?? []
    const all = orderDevices(server.devices).map(({ physicalId }) => physicalId)
    return server.devices.map(({ rankId, physicalId, deviceIp }): TableRow => {
      const owner = pods.find(({ physicalIds }) => physicalIds.includes(physicalId))
      const logicalId = (owner?.physicalIds ?? all).indexOf(physicalId)
      return {
        rankId,
        task: owner?.podName ?? null,
        server: server.serverId,
        logicalId,
        physicalId,
        deviceIp,
      }
    })
  })
  return [...bare, ...rows]
    .filter(({ task }) => pod === undefined || task === pod)
    .sort((a, b) => a.rankId - b.rankId)
}
