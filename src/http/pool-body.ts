// The pool, its hosts and its jobs as ModelArts shows them (modelarts.md §1.7). Pure.
import type { Booking, Host, Inventory } from '../accelerator/device.ts'
import { listFlavors } from '../accelerator/flavor.ts'
import { type FreeHost, freeHosts } from '../accelerator/split.ts'
import type { Pool, PoolNode, WORKLOAD_STATES, Workload } from '../api/pool.ts'
import type { Admission } from '../job/admission.ts'
import type { Job } from '../job/job.ts'
import { shownPhase } from '../job/phase.ts'
import { hostAddressOf } from '../job/plan-input.ts'

export const POOL = 'default'
const GIB = 1 << 30
/** Hosts have no date of their own. */
const EPOCH = new Date(0).toISOString()

/** What a host is called as a flavor of the pool's nodes. */
const nodeFlavor = ({ chip, kind, devices, cpuCores }: Host): string =>
  devices.length > 0
    ? `ropeway.${chip ? `ascend-${chip}` : kind.toLowerCase()}.${devices.length}`
    : `ropeway.cpu.${cpuCores}`

const isHealthy = ({ devices }: Host): boolean => devices.every(({ healthy }) => healthy)

export function poolBody(inventory: Inventory): Pool {
  const count = (hosts: readonly Host[]) =>
    [...Map.groupBy(hosts, nodeFlavor)].map(([flavor, of]) => ({ flavor, count: of.length }))
  return {
    kind: 'Pool',
    apiVersion: 'v2',
    metadata: {
      name: POOL,
      creationTimestamp: EPOCH,
      labels: {
        'os.modelarts/name': POOL,
        'os.modelarts/workspace.id': '0',
        'os.modelarts.pool/biz': 'private',
      },
      annotations: { 'os.modelarts/description': 'All hosts of this installation' },
    },
    spec: {
      type: 'Dedicate',
      scope: ['Train'],
      resources: count(inventory.hosts).map(({ flavor, count: n }) => ({ flavor, count: n, maxCount: n })),
      jobFlavors: listFlavors(inventory).map(({ id }) => id),
    },
    status: {
      phase: 'Running',
      message: '',
      resources: {
        available: count(inventory.hosts.filter(isHealthy)),
        abnormal: count(inventory.hosts.filter((host) => !isHealthy(host))),
      },
      scope: [{ scopeType: 'Train', state: 'Enabled' }],
    },
  }
}

const deviceKey = ({ chip, kind }: Host): string | null =>
  chip ? `huawei.com/ascend-${chip}` : kind === 'GPU' ? 'nvidia.com/gpu' : null

const amounts = (host: Host, cpuCores: number, memoryBytes: number, devices: number) => {
  const key = deviceKey(host)
  return {
    cpu: `${Math.round(cpuCores * 1000)}m`,
    memory: `${Math.floor(memoryBytes / (1 << 20))}Mi`,
    ...(key === null ? {} : { [key]: String(devices) }),
  }
}

export const nodeBodies = (inventory: Inventory, bookings: readonly Booking[]): PoolNode[] =>
  freeHosts(inventory, bookings).map(({ host, cpuCores, memoryBytes, freeIds }) => ({
    kind: 'Node',
    apiVersion: 'v2',
    metadata: { name: host.id, creationTimestamp: EPOCH, labels: {}, annotations: {} },
    spec: { flavor: nodeFlavor(host) },
    status: {
      phase: isHealthy(host) ? 'Available' : 'Abnormal',
      privateIp: host.address,
      resources: amounts(host, host.cpuCores, host.memoryBytes, host.devices.length),
      availableResources: amounts(host, cpuCores, memoryBytes, freeIds.length),
    },
  }))

/** A job in the pool; `admission` is given where it waits. */
export function workloadBody(
  job: Job,
  inventory: Inventory,
  admission: Admission | null,
  nowMs: number,
): Workload {
  const { status, request } = job
  const hosts = status.placements.map(({ hostId }) => hostAddressOf(inventory, hostId))
  const waits = admission !== null && !admission.admitted
  const startMs = status.startTimeMs
  const endMs = status.endTimeMs ?? nowMs
  return {
    apiVersion: 'v1',
    kind: 'Workload',
    type: 'train',
    namespace: POOL,
    name: `modelarts-job-${job.id}`,
    jobName: request.metadata.name,
    uid: job.id,
    jobUUID: job.id,
    flavor: request.spec?.resource?.flavor_id ?? '',
    status: workloadState(job),
    resourceRequirement: sum(status.placements),
    priority: String(request.spec?.schedule_policy?.priority ?? 1),
    runningDuration: startMs === null ? 0 : endMs - startMs,
    pendingDuration: (startMs ?? endMs) - job.createTimeMs,
    pendingPosition: waits ? admission.position : 0,
    createTime: job.createTimeMs,
    gvk: 'ropeway/v1, Kind=TrainingJob',
    hostIps: [...new Set(hosts)].join(','),
    nodes: status.placements.map((placement, index) => ({
      hostIp: hosts[index] ?? '',
      npuTopologyPlacement: bits(placement.physicalIds),
      resourceRequirement: sum([placement]),
    })),
  }
}

function workloadState(job: Job): (typeof WORKLOAD_STATES)[number] {
  const { phase } = shownPhase(job)
  return phase === 'Pending' && job.status.startIntentAtMs === null ? 'Queue' : phase
}

const bits = (ids: readonly number[]): string => {
  const width = Math.max(8, ...ids.map((id) => id + 1))
  return Array.from({ length: width }, (_, index) => (ids.includes(width - 1 - index) ? '1' : '0')).join('')
}

const sum = (
  placements: readonly { cpuCores: number; memoryBytes: number; physicalIds: readonly number[] }[],
) => {
  const total = (of: (one: (typeof placements)[number]) => number) =>
    placements.reduce((all, one) => all + of(one), 0)
  return {
    cpu: `${Math.round(total((one) => one.cpuCores) * 100) / 100} Cores`,
    memory: `${(total((one) => one.memoryBytes) / GIB).toFixed(2)} GiB`,
    devices: String(total((one) => one.physicalIds.length)),
  }
}

/** Per cent of a resource that is booked. */
export function bookedShare(free: readonly FreeHost[], what: 'cpu' | 'memory' | 'Ascend' | 'GPU'): number {
  const of = ({ host, cpuCores, memoryBytes, freeIds }: FreeHost): [number, number] => {
    if (what === 'cpu') return [host.cpuCores, cpuCores]
    if (what === 'memory') return [host.memoryBytes, memoryBytes]
    return host.kind === what ? [host.devices.length, freeIds.length] : [0, 0]
  }
  const pairs = free.map(of)
  const all = pairs.reduce((total, [there]) => total + there, 0)
  const left = pairs.reduce((total, [, unbooked]) => total + unbooked, 0)
  return all === 0 ? 0 : Math.round(((all - left) / all) * 10_000) / 100
}
