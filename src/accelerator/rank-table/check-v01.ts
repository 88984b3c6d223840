// The rules of a v0.1 table beyond the form of its fields: counts, names, servers.
import { checkServers, rulesFor, type ServerView } from './check-servers.ts'
import { type Findings, words } from './finding.ts'
import type { CheckOptions, ParsedTable, TableGroup, TableInstance, TableV01 } from './types.ts'

/** Checks a v0.1 table that was read, reporting to `findings`. */
export function checkV01(
  parsed: ParsedTable,
  table: TableV01,
  options: CheckOptions,
  findings: Findings,
): void {
  const differs = (declared: number | null, counted: number) => declared !== null && declared !== counted
  if (differs(table.groupCount, table.groups.length)) {
    findings.warn(
      'group_count',
      String(table.groupCount),
      `"${table.groups.length}", the length of group_list`,
      'EI0014',
    )
  }
  for (const group of table.groups) {
    if (isEmptyGroup(group)) continue
    const devices = group.instances.reduce((sum, instance) => sum + instance.devices.length, 0)
    if (differs(group.instanceCount, group.instances.length)) {
      const valid = `"${group.instances.length}", the length of instance_list`
      findings.warn(`${group.path}.instance_count`, String(group.instanceCount), valid, 'EI0014')
    }
    if (differs(group.deviceCount, devices)) {
      findings.warn(
        `${group.path}.device_count`,
        String(group.deviceCount),
        `"${devices}", the devices of the group`,
        'EI0014',
      )
    }
  }
  const instances = instancesOf(table)
  checkPods(instances, findings)
  if (instances.every((instance) => instance.devices.length === 0)) {
    findings.error('group_list', words('no device'), 'at least one instance with a device')
  }
  checkGroupNames(table, findings)
  const servers = serversOf(instances.filter((instance) => instance.devices.length > 0))
  const ringRule = options.chip === undefined || options.chip === '910a'
  checkServers(servers, rulesFor(parsed, servers, options, ringRule), findings)
}

/** All pods of all groups, in table order. */
export function instancesOf(table: TableV01): TableInstance[] {
  return table.groups.flatMap((group) => group.instances)
}

/** Go writers keep groups that never got an instance; they say so with 0 and are passed over. */
function isEmptyGroup(group: TableGroup): boolean {
  return group.instances.length === 0 && (group.deviceCount === 0 || group.deviceCount === null)
}

/** HCCL refuses a name that comes twice; we merge all groups anyway. */
function checkGroupNames({ groups }: TableV01, findings: Findings): void {
  const seen = new Map<string, string>()
  for (const { name, path } of groups) {
    if (name === null) continue
    const earlier = seen.get(name)
    if (earlier)
      findings.warn(`${path}.group_name`, name, `a name of its own; ${earlier} has this one`, 'EI0014')
    seen.set(name, path)
  }
}

function checkPods(instances: readonly TableInstance[], findings: Findings): void {
  const seen = new Map<string, string>()
  for (const instance of instances) {
    const earlier = seen.get(instance.podName)
    if (earlier)
      findings.error(
        `${instance.path}.pod_name`,
        instance.podName,
        `a name of its own; ${earlier} has this one`,
      )
    seen.set(instance.podName, instance.path)
    if (instance.devices.length === 0) {
      findings.warn(`${instance.path}.devices`, words('an empty list'), 'at least one device', 'EI0014')
    }
  }
}

function serversOf(instances: readonly TableInstance[]): ServerView[] {
  return [...Map.groupBy(instances, (instance) => instance.serverId)].map(([serverId, pods]) => ({
    serverId,
    hostIp: pods.find((pod) => pod.hostIp !== null)?.hostIp ?? null,
    path: pods[0]?.path ?? 'group_list',
    devices: pods.flatMap((pod) => pod.devices),
    extra: pods[0]?.extra ?? {},
  }))
}
