// v0.1 in, v1.0 out: a pure function of the table, because each container converts on its own and HCCL compares
// checksums of the results. A v1.0 or v1.2 table passes through unchanged after its check.
import { readAndCheck } from './check.ts'
import { dumpTable } from './dump.ts'
import { type Finding, isAcceptable } from './finding.ts'
import { orderDevices } from './order.ts'
import type {
  CheckOptions,
  JsonObject,
  ParsedTable,
  RankTableV10,
  TableInstance,
  TableServer,
  TableVersion,
} from './types.ts'

export type ConvertOptions = CheckOptions & {
  /** Copy keys we do not know from instances to servers and from devices to devices; `host_ip` always goes along. */
  readonly keepExtraKeys?: boolean
}

/** A pod of the table that was read; empty list for v1.0 and v1.2, which do not name pods. */
export type TablePod = {
  readonly podName: string
  readonly serverId: string
  readonly physicalIds: readonly number[]
}

export type ConvertedTable = {
  readonly sourceVersion: TableVersion
  /** The bytes to write: v1.0, or the v1.0 or v1.2 that came in. */
  readonly text: string
  readonly servers: readonly TableServer[]
  readonly pods: readonly TablePod[]
  /** Devices counted, not declared. */
  readonly rankSize: number
}

export type Conversion =
  | { readonly ok: true; readonly findings: readonly Finding[]; readonly converted: ConvertedTable }
  | { readonly ok: false; readonly findings: readonly Finding[] }

/**
 * Converts a table. Ranks run from 0 over servers in the order their first pod has, and over each server's devices
 * by physical id, so a server's ranks are always neighbours. That is the public converter's result (ascend.md §3.4)
 * whenever every server appears once with ascending devices. Refuses a table with errors; never throws.
 */
export function convertRankTable(parsed: ParsedTable, options: ConvertOptions = {}): Conversion {
  const { findings, instances, servers } = readAndCheck(parsed, options)
  if (!isAcceptable(findings)) return { ok: false, findings }
  if (parsed.version !== '0.1') {
    const rankSize = servers.reduce((sum, server) => sum + server.devices.length, 0)
    return {
      ok: true,
      findings,
      converted: { sourceVersion: parsed.version, text: parsed.text, servers, pods: [], rankSize },
    }
  }
  const filled = instances.filter((instance) => instance.devices.length > 0)
  const ranked = rankServers(filled)
  const converted: ConvertedTable = {
    sourceVersion: '0.1',
    text: dumpTable(wireTable(ranked, options.keepExtraKeys === true)),
    servers: ranked,
    pods: instances.map(({ podName, serverId, devices }) => ({
      podName,
      serverId,
      physicalIds: orderDevices(devices).map((device) => device.physicalId),
    })),
    rankSize: ranked.reduce((sum, server) => sum + server.devices.length, 0),
  }
  return { ok: true, findings, converted }
}

function rankServers(instances: readonly TableInstance[]): TableServer[] {
  let rank = 0
  return [...Map.groupBy(instances, (instance) => instance.serverId)].map(([serverId, pods]): TableServer => {
    const devices = orderDevices(pods.flatMap((pod) => pod.devices)).map((device) => {
      const rankId = rank
      rank += 1
      return { ...device, rankId }
    })
    const hostIp = pods.find((pod) => pod.hostIp !== null)?.hostIp ?? null
    const extra: JsonObject = Object.assign({}, ...pods.toReversed().map((pod) => pod.extra))
    return { serverId, hostIp, devices, path: pods[0]?.path ?? '', extra }
  })
}

/** The wire form, keys in the public converter's order. Unknown keys come last and never replace ours. */
function wireTable(servers: readonly TableServer[], keepExtraKeys: boolean): RankTableV10 {
  return {
    status: 'completed',
    version: '1.0',
    server_count: String(servers.length),
    server_list: servers.map((server) => ({
      server_id: server.serverId,
      ...(server.hostIp === null ? {} : { host_ip: server.hostIp }),
      device: server.devices.map((device) => ({
        device_id: String(device.physicalId),
        ...(device.deviceIp === null ? {} : { device_ip: device.deviceIp }),
        rank_id: String(device.rankId),
        ...(keepExtraKeys ? without(device.extra, 'rank_id') : {}),
      })),
      ...(keepExtraKeys ? without(server.extra, 'device') : {}),
    })),
  }
}

function without(extra: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(extra).filter(([name]) => name !== key))
}
