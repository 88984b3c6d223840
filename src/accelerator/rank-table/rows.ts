// A table as rows for people: who is where.
import type { ConvertedTable } from './convert.ts'

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
  const rows = table.servers.flatMap((server) =>
    server.devices.map((device): TableRow => {
      const owner = table.pods.find(
        ({ serverId, physicalIds }) =>
          serverId === server.serverId && physicalIds.includes(device.physicalId),
      )
      const own =
        owner?.physicalIds ?? server.devices.map(({ physicalId }) => physicalId).toSorted((a, b) => a - b)
      return {
        rankId: device.rankId,
        task: owner?.podName ?? null,
        server: server.serverId,
        logicalId: own.indexOf(device.physicalId),
        physicalId: device.physicalId,
        deviceIp: device.deviceIp,
      }
    }),
  )
  return [...bare, ...rows]
    .filter(({ task }) => pod === undefined || task === pod)
    .sort((a, b) => a.rankId - b.rankId)
}
