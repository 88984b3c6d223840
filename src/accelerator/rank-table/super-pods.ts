// Super pods of Atlas 900 A3 (ascend.md §1.4): which servers belong together, and the id each die has in its super pod.
import { devicePath, type Findings, field, isObject, readDecimal, words } from './finding.ts'
import { readName } from './reading.ts'
import type { JsonObject, TableServer, TableVersion } from './types.ts'

/** A super pod and its servers, both in the order of the table. */
export type SuperPod = { readonly id: string; readonly serverIds: readonly string[] }

type Dies = { readonly devices: readonly { readonly extra: JsonObject }[]; readonly extra: JsonObject }

/**
 * Are all servers in one super pod, and are the ids of all dies known? HCCL then goes through the super pod's own network.
 * A v1.2 table says so by its list alone; without one its servers are plain ones.
 */
export function isOneSuperPod(table: JsonObject, version: TableVersion, servers: readonly Dies[]): boolean {
  const hasIds = servers.every(({ devices }) =>
    devices.every(({ extra }) => field(extra, 'super_device_id') !== undefined),
  )
  if (!hasIds) return false
  const list = field(table, 'super_pod_list')
  if (list !== undefined) return Array.isArray(list) && list.length === 1
  const ids = new Set(servers.map(({ extra }) => field(extra, 'super_pod_id')))
  return version !== '1.2' && ids.size === 1 && !ids.has(undefined)
}

/** Checks the super pods of a v1.2 table: known servers, each in one pod, pods contiguous, ids of dies unique in each. */
export function checkSuperPods(table: JsonObject, servers: readonly TableServer[], findings: Findings): void {
  const list = field(table, 'super_pod_list')
  checkDies(servers, findings)
  if (list === undefined) return
  const pods = readSuperPods(list, servers, findings)
  const podOf = new Map(pods.flatMap(({ id, serverIds }) => serverIds.map((serverId) => [serverId, id])))
  for (const server of servers)
    if (!podOf.has(server.serverId))
      findings.error(
        `${server.path}.server_id`,
        server.serverId,
        'a server of one of the super pods in super_pod_list',
      )
  checkNeighbours(servers, podOf, findings)
  checkUnique(servers, podOf, findings)
}

function readSuperPods(list: unknown, servers: readonly TableServer[], findings: Findings): SuperPod[] {
  if (!Array.isArray(list)) {
    findings.error('super_pod_list', list, 'a list of super pods', 'EI0017')
    return []
  }
  const known = new Set(servers.map((server) => server.serverId))
  const taken = new Map<string, string>()
  const pods = list.flatMap((pod: unknown, index): SuperPod[] => {
    const path = `super_pod_list[${index}]`
    const members = isObject(pod) ? field(pod, 'server_list') : undefined
    if (!isObject(pod) || !Array.isArray(members)) {
      findings.error(path, pod, 'an object with super_pod_id and server_list', 'EI0017')
      return []
    }
    const id = readName(findings, field(pod, 'super_pod_id'), `${path}.super_pod_id`, 127)
    const serverIds = members.flatMap((member: unknown, at): string[] => {
      const serverId = isObject(member) ? field(member, 'server_id') : undefined
      const where = `${path}.server_list[${at}].server_id`
      if (typeof serverId !== 'string' || !known.has(serverId))
        findings.error(where, serverId, 'a server_id of the top-level server_list')
      else if (taken.has(serverId))
        findings.error(where, serverId, `a server of one super pod only; ${taken.get(serverId)} has it`)
      else {
        taken.set(serverId, where)
        return [serverId]
      }
      return []
    })
    return id === undefined ? [] : [{ id, serverIds }]
  })
  const ids = new Map<string, number>()
  for (const { id } of pods) ids.set(id, (ids.get(id) ?? 0) + 1)
  for (const [id, times] of ids)
    if (times > 1)
      findings.error('super_pod_list', words(`super_pod_id "${id}" ${times} times`), 'each super pod once')
  return pods
}

/** Absent means a plain server; what is there must be a number that HCCL can read. */
function checkDies(servers: readonly TableServer[], findings: Findings): void {
  for (const { devices } of servers)
    for (const device of devices) {
      const id = field(device.extra, 'super_device_id')
      if (id === undefined || (typeof id === 'string' && readDecimal(id) !== undefined)) continue
      findings.error(
        devicePath(device, 'super_device_id'),
        id,
        'a string of decimal digits, or no such key',
        typeof id === 'string' ? 'EI0014' : 'EI0017',
      )
    }
}

/** Servers of one super pod stand next to one another in server_list. */
function checkNeighbours(
  servers: readonly TableServer[],
  podOf: ReadonlyMap<string, string>,
  findings: Findings,
): void {
  const ended = new Set<string>()
  let current: string | undefined
  for (const server of servers) {
    const pod = podOf.get(server.serverId)
    if (pod === current) continue
    if (current !== undefined) ended.add(current)
    if (pod !== undefined && ended.has(pod))
      findings.error(
        `${server.path}.server_id`,
        words(`"${server.serverId}" of super pod "${pod}" after servers of another`),
        'servers of one super pod next to one another',
      )
    current = pod
  }
}

function checkUnique(
  servers: readonly TableServer[],
  podOf: ReadonlyMap<string, string>,
  findings: Findings,
): void {
  const seen = new Map<string, string>()
  for (const { serverId, devices } of servers)
    for (const device of devices) {
      const id = field(device.extra, 'super_device_id')
      if (typeof id !== 'string') continue
      const key = JSON.stringify([podOf.get(serverId), id])
      const earlier = seen.get(key)
      if (earlier !== undefined)
        findings.error(
          devicePath(device, 'super_device_id'),
          id,
          `an id of its own in its super pod; ${earlier} has this one`,
        )
      else seen.set(key, devicePath(device))
    }
}

/**
 * The super pods of servers that are to become a v1.2 table: from the table's own list, else from a `super_pod_id` beside
 * each server. What is missing is reported, and null returned.
 */
export function superPodsFor(
  table: JsonObject,
  servers: readonly TableServer[],
  findings: Findings,
): readonly SuperPod[] | null {
  const before = findings.errors
  const list = field(table, 'super_pod_list')
  for (const { devices } of servers)
    for (const device of devices)
      if (field(device.extra, 'super_device_id') === undefined)
        findings.error(
          devicePath(device, 'super_device_id'),
          undefined,
          'the id that npu-smi info -t spod-info shows; without it a table has no v1.2 form',
          null,
        )
  const pods = list === undefined ? groupServers(servers, findings) : readSuperPods(list, servers, findings)
  return findings.errors > before ? null : pods
}

function groupServers(servers: readonly TableServer[], findings: Findings): SuperPod[] {
  const pods = new Map<string, string[]>()
  for (const server of servers) {
    const id = field(server.extra, 'super_pod_id')
    if (typeof id !== 'string' || id === '')
      findings.error(
        `${server.path}.super_pod_id`,
        id,
        'the super pod of the server, or a super_pod_list',
        null,
      )
    else pods.set(id, [...(pods.get(id) ?? []), server.serverId])
  }
  return [...pods].map(([id, serverIds]) => ({ id, serverIds }))
}
