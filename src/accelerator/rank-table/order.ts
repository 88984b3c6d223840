// Which pod comes first. Every container converts on its own, so all must find the same order (ascend.md §0, §1.9).
import { type Findings, words } from './finding.ts'
import type { TableDevice, TableInstance, TableV01 } from './types.ts'

/** The number at the end of a pod name: after the last `-`, or the whole name. Undefined when that is no number. */
export function podIndex(podName: string): number | undefined {
  const tail = podName.slice(podName.lastIndexOf('-') + 1)
  return /^[0-9]{1,15}$/.test(tail) ? Number(tail) : undefined
}

/**
 * The pods in rank order: those of the first group by their number, those of further groups as listed, as the public
 * converter does (ascend.md §1.9). Without distinct numbers the first group stays as listed too, with a warning.
 */
export function orderInstances(table: TableV01, findings: Findings): TableInstance[] {
  const [first, ...others] = table.groups
  if (!first) return []
  return [
    ...orderGroup(first.instances, `${first.path}.instance_list`, findings),
    ...others.flatMap((group) => group.instances),
  ]
}

function orderGroup(
  instances: readonly TableInstance[],
  path: string,
  findings: Findings,
): readonly TableInstance[] {
  const numbered = instances.map((instance) => ({ instance, index: podIndex(instance.podName) }))
  const nameless = numbered.find((entry) => entry.index === undefined)
  const distinct = new Set(numbered.map((entry) => entry.index)).size === numbered.length
  if (!nameless && distinct) {
    return numbered.sort((a, b) => (a.index ?? 0) - (b.index ?? 0)).map((entry) => entry.instance)
  }
  if (instances.length > 1 || nameless) {
    const got = nameless ? nameless.instance.podName : words('pod names that end in the same number')
    findings.warn(path, got, 'pod names that end in distinct numbers; ranks follow the order of the list')
  }
  return instances
}

/** Devices by physical id, which is also the order of logical ids inside a container (ascend.md §1.8). */
export function orderDevices<D extends Pick<TableDevice, 'physicalId'>>(devices: readonly D[]): D[] {
  return devices.toSorted((a, b) => a.physicalId - b.physicalId)
}
