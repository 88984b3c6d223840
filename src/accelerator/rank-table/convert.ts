// From any form to v1.0 or v1.2: a pure function of the table, because each container converts on its own and HCCL compares
// checksums of the results. A table that has the wanted form already passes through unchanged after its check.
import { type CheckedTable, readAndCheck, wantedForm } from './check.ts'
import type { RankV20 } from './check-v20.ts'
import { type Finding, field } from './finding.ts'
import { orderDevices } from './order.ts'
import { superPodsFor } from './super-pods.ts'
import type {
  CheckOptions,
  JsonObject,
  ParsedTable,
  TableInstance,
  TableServer,
  TableVersion,
} from './types.ts'
import { serverTableText } from './wire.ts'

export type ConvertOptions = CheckOptions & {
  /** Adds `pod_ip` and `container_ip` to servers, for readers that want them (MindSpore's msrun, MindIE). */
  readonly withAddresses?: boolean
  /** Copy keys we do not know of a v0.1 table, too; `host_ip` always goes along. */
  readonly keepExtraKeys?: boolean
}

/** A pod of the table that was read; empty list for all but v0.1, which do not name pods. */
export type TablePod = {
  readonly podName: string
  readonly serverId: string
  readonly physicalIds: readonly number[]
}

export type ConvertedTable = {
  readonly sourceVersion: TableVersion
  /** The bytes to write: the form that was asked for. */
  readonly text: string
  /** Empty for a v2.0 table, which has `ranks` instead. */
  readonly servers: readonly TableServer[]
  readonly pods: readonly TablePod[]
  readonly ranks: readonly RankV20[]
  /** Devices counted, not declared. */
  readonly rankSize: number
}

export type Conversion =
  | { readonly ok: true; readonly findings: readonly Finding[]; readonly converted: ConvertedTable }
  | { readonly ok: false; readonly findings: readonly Finding[] }

/**
 * Converts a table. Ranks of a v0.1 table run from 0 over servers in the order their first pod has, and over each server's
 * devices by physical id, so a server's ranks are always neighbours. That is the public converter's result (ascend.md §3.4)
 * whenever every server appears once with ascending devices. All other forms name their ranks, which stay. Refuses a
 * table with errors, and one that lacks what the wanted form needs; never throws.
 */
export function convertRankTable(parsed: ParsedTable, options: ConvertOptions = {}): Conversion {
  const checked = readAndCheck(parsed, options)
  const { findings, instances, ranks } = checked
  const servers =
    parsed.version === '0.1'
      ? rankServers(instances.filter(({ devices }) => devices.length > 0))
      : checked.servers
  const text = findings.errors === 0 ? textIn(parsed, { ...checked, servers }, options) : null
  if (text === null) return { ok: false, findings: findings.list() }
  return {
    ok: true,
    findings: findings.list(),
    converted: {
      sourceVersion: parsed.version,
      text,
      servers,
      pods: instances.map(({ podName, serverId, devices }) => ({
        podName,
        serverId,
        physicalIds: orderDevices(devices).map((device) => device.physicalId),
      })),
      ranks,
      rankSize: ranks.length + servers.reduce((sum, server) => sum + server.devices.length, 0),
    },
  }
}

/** The text in the wanted form; null, with a finding, where the table cannot have it. */
function textIn(
  parsed: ParsedTable,
  { servers, hasRepairs, findings }: CheckedTable,
  { to, withAddresses = false, keepExtraKeys = false }: ConvertOptions,
): string | null {
  const { version, table, text } = parsed
  if (version === '2.0') {
    if (to === undefined && !withAddresses) return text
    findings.error('version', version, 'v0.1, lab, 1.0 or 1.2: ranks of a 2.0 table have no servers', null)
    return null
  }
  const hasOwnForm = version === '1.0' || version === '1.2'
  const wanted = wantedForm(version, to)
  if (version === wanted && !withAddresses && !hasRepairs) return text
  // A v1.2 table without super pods is one of plain servers; it stays that.
  const isPlain = wanted === '1.0' || (version === '1.2' && field(table, 'super_pod_list') === undefined)
  const superPods = isPlain ? undefined : superPodsFor(table, servers, findings)
  if (superPods === null) return null
  const form = { version: wanted, keepExtraKeys: keepExtraKeys || hasOwnForm, withAddresses, superPods }
  return serverTableText(servers, form)
}

function rankServers(instances: readonly TableInstance[]): TableServer[] {
  let rank = 0
  return [...Map.groupBy(instances, (instance) => instance.serverId)].map(([serverId, pods]): TableServer => {
    const devices = orderDevices(
      pods.length === 1 ? (pods[0]?.devices ?? []) : pods.flatMap((pod) => pod.devices),
    )
    for (const device of devices) {
      device.rankId = rank
      rank += 1
    }
    const hostIp = pods.find((pod) => pod.hostIp !== null)?.hostIp ?? null
    const [only] = pods
    const extra: JsonObject =
      pods.length === 1 && only ? only.extra : Object.assign({}, ...pods.toReversed().map((pod) => pod.extra))
    return { serverId, hostIp, devices, path: only?.path ?? '', extra }
  })
}
