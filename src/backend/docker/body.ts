// The bodies of create requests (Docker Engine API 1.41, POST /containers/create). Pure. AutoRemove is never set: a
// container that ended is how we know that its task ran (decisions.md 1.5).
import { type DeviceWiring, deviceFilesOf } from '../../accelerator/device-wiring.ts'
import { TASK_PATHS } from '../../api/task-constants.ts'
import type { PlanInput, TaskPlanInput } from '../../job/ports.ts'
import { extraGroups } from '../accounts.ts'
import { CPU_PERIOD_US, cpuQuotaUs, cpuShares, PIDS_MAX, withLockedMemory } from '../limits.ts'
import type { Bind } from './folders.ts'
import { attemptLabels, LABEL } from './labels.ts'
import type { DockerMachine, NetworkPlan } from './plan.ts'

export type MountBody = {
  readonly Type: 'bind' | 'volume'
  readonly Source: string
  readonly Target: string
  readonly ReadOnly: boolean
  readonly VolumeOptions?: {
    readonly Labels: Readonly<Record<string, string>>
    readonly DriverConfig: { readonly Name: 'local'; readonly Options: Readonly<Record<string, string>> }
  }
}

/** The part of a body that depends on addresses. */
export type NetworkBody = {
  readonly Hostname?: string
  readonly NetworkingConfig?: {
    readonly EndpointsConfig: Readonly<
      Record<string, { readonly IPAMConfig: { readonly IPv4Address: string } }>
    >
  }
  readonly HostConfig: { readonly NetworkMode: string; readonly ExtraHosts?: readonly string[] }
}

export type ContainerBody = {
  readonly Image: string
  readonly User: string
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly Env: readonly string[]
  readonly Labels: Readonly<Record<string, string>>
  readonly Hostname?: string
  readonly StopSignal: 'SIGTERM'
  readonly Healthcheck: { readonly Test: readonly ['NONE'] }
  readonly NetworkingConfig?: NetworkBody['NetworkingConfig']
  readonly HostConfig: NetworkBody['HostConfig'] & {
    readonly Init: false
    readonly Mounts: readonly MountBody[]
    readonly Memory: number
    readonly MemorySwap: number
    readonly CpuShares: number
    readonly CpuPeriod?: number
    readonly CpuQuota?: number
    readonly PidsLimit: number
    readonly ShmSize: number
    readonly Ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[]
    readonly Devices: readonly {
      readonly PathOnHost: string
      readonly PathInContainer: string
      readonly CgroupPermissions: string
    }[]
    readonly SecurityOpt: readonly string[]
    readonly CapDrop: readonly string[]
    readonly CapAdd: readonly string[]
    readonly GroupAdd: readonly string[]
    readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> }
    readonly RestartPolicy: { readonly Name: 'no' }
    /** Brings devices and driver in; the engine's usual one when left out. */
    readonly Runtime?: string
    readonly DeviceRequests?: readonly {
      readonly Driver: string
      readonly DeviceIDs: readonly string[]
      readonly Capabilities: readonly (readonly string[])[]
    }[]
  }
}

type BodyContext = {
  readonly machine: DockerMachine
  readonly input: PlanInput
  readonly task: TaskPlanInput
  readonly network: NetworkPlan
}

/** Docker itself asks for at least 6 MiB. */
const LEAST_MEMORY = 6 << 20
const HOLDER_MEMORY = 256 << 20
/** Logs travel by spool; what a container prints itself matters when our runtime cannot start in it. */
const LOG_CONFIG = { Type: 'json-file', Config: { 'max-size': '64k', 'max-file': '1' } }

/** Without arguments as `--dry-run` shows it. `addressOf` maps a task to the address it is reached at. */
export function networkBody(
  { kind, addressOf: task, hostNames, hostname }: NetworkPlan,
  networkName = '{network}',
  addressOf = (named: string) => `{${named}}`,
): NetworkBody {
  const ExtraHosts = hostNames.map(
    ({ name, address, task: named }) => `${name}:${named === undefined ? address : addressOf(named)}`,
  )
  if (kind === 'host') return { Hostname: hostname, HostConfig: { NetworkMode: 'host', ExtraHosts } }
  return {
    Hostname: hostname,
    NetworkingConfig: {
      EndpointsConfig: { [networkName]: { IPAMConfig: { IPv4Address: addressOf(task) } } },
    },
    HostConfig: { NetworkMode: networkName, ExtraHosts },
  }
}

/** Whoever joins a namespace takes its names along. */
const joinBody = (holder: string): NetworkBody => ({ HostConfig: { NetworkMode: `container:${holder}` } })

/** The network part of a task's own container. */
export const taskNetworkBody = (
  network: NetworkPlan,
  ...rest: [string?, ((task: string) => string)?]
): NetworkBody => (network.holder === null ? networkBody(network, ...rest) : joinBody(network.holder))

function commonBody(
  { machine, input, task }: BodyContext,
  role: 'task' | 'network',
  net: NetworkBody,
): Omit<ContainerBody, 'HostConfig' | 'Entrypoint'> & { readonly labels?: never } {
  const { HostConfig: _, ...rest } = net
  return {
    Image: '{image}',
    User: `${input.runUser.uid}:${input.runUser.gid}`,
    Cmd: [],
    Env: [],
    Labels: {
      ...attemptLabels(machine.instanceId, input),
      [LABEL.task]: task.task,
      [LABEL.role]: role,
      [LABEL.image]: input.image,
      [LABEL.boot]: machine.bootId,
    },
    StopSignal: 'SIGTERM',
    Healthcheck: { Test: ['NONE'] },
    ...rest,
  }
}

/** What every container of ours is denied and allowed. */
const GUARDED = {
  Init: false,
  SecurityOpt: ['no-new-privileges'],
  CapDrop: ['ALL'],
  RestartPolicy: { Name: 'no' },
} as const

/** The container of a task. `command` replaces the image's ENTRYPOINT and CMD. */
export function taskBody(
  context: BodyContext,
  binds: readonly (Bind & { readonly readOnly: boolean })[],
  wiring: DeviceWiring,
  command: readonly string[],
): ContainerBody {
  const { input, task, network, machine } = context
  const { container } = input
  const net = taskNetworkBody(network)
  const memory = Math.max(LEAST_MEMORY, Math.floor(task.placement.memoryBytes))
  return {
    ...commonBody(context, 'task', net),
    Entrypoint: command,
    Env: Object.entries(wiring.environment).map(([name, value]) => `${name}=${value}`),
    HostConfig: {
      ...GUARDED,
      ...net.HostConfig,
      ...runtimeOf(wiring, task.placement.physicalIds),
      Mounts: [
        ...binds.map(({ source, target, readOnly }) => bind(source, target, readOnly)),
        ...wiring.mounts.map(({ source, target }) => bind(source, target, true)),
        ...container.volumes.map((volume, index) =>
          volumeMount(volume, `${task.name}-nfs-${index}`, attemptLabels(machine.instanceId, input)),
        ),
      ],
      Memory: memory,
      MemorySwap: memory,
      CpuShares: cpuShares(task.placement.cpuCores),
      ...(container.cpuLimit
        ? { CpuPeriod: CPU_PERIOD_US, CpuQuota: cpuQuotaUs(task.placement.cpuCores) }
        : {}),
      PidsLimit: PIDS_MAX,
      ShmSize: container.shmBytes ?? Math.floor(memory / 2),
      Ulimits: withLockedMemory(container.ulimits, wiring, machine.mayRaiseLimits).map(
        ({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard }),
      ),
      Devices: deviceFilesOf(wiring, container.devices).map(({ source, target }) => ({
        PathOnHost: source,
        PathInContainer: target,
        CgroupPermissions: 'rw',
      })),
      CapAdd: [...container.capabilities],
      GroupAdd: extraGroups(input.runUser, wiring.groups).map(String),
      LogConfig: LOG_CONFIG,
    },
  }
}

/** Docker starts NVIDIA's hook for a device request; Ascend's runtime reads ASCEND_VISIBLE_DEVICES. */
function runtimeOf(
  { runtime }: DeviceWiring,
  physicalIds: readonly number[],
): Pick<ContainerBody['HostConfig'], 'Runtime' | 'DeviceRequests'> {
  if (runtime === 'ascend') return { Runtime: runtime }
  if (runtime === null) return {}
  const DeviceIDs = physicalIds.map(String)
  return { DeviceRequests: [{ Driver: runtime, DeviceIDs, Capabilities: [['gpu', 'compute', 'utility']] }] }
}

/**
 * The container that holds the network namespace several tasks share. It lives as long as the attempt: with one of the
 * tasks as the holder, the others would lose their network when that one ended.
 */
export function holderBody(context: BodyContext, command: readonly string[]): ContainerBody {
  const net = networkBody(context.network)
  return {
    ...commonBody(context, 'network', net),
    Entrypoint: command,
    HostConfig: {
      ...GUARDED,
      ...net.HostConfig,
      Mounts: [bind(context.machine.runtimeDir, TASK_PATHS.runtime, true)],
      Memory: HOLDER_MEMORY,
      MemorySwap: HOLDER_MEMORY,
      CpuShares: 2,
      PidsLimit: 64,
      ShmSize: 1 << 20,
      Ulimits: [],
      Devices: [],
      CapAdd: [],
      GroupAdd: [],
      LogConfig: LOG_CONFIG,
    },
  }
}

/** A body with what only the image tells is to be mounted too. */
export const withBinds = (
  body: ContainerBody,
  binds: readonly (Bind & { readonly readOnly: boolean })[],
): ContainerBody => ({
  ...body,
  HostConfig: {
    ...body.HostConfig,
    Mounts: [
      ...body.HostConfig.Mounts,
      ...binds.map(({ source, target, readOnly }) => bind(source, target, readOnly)),
    ],
  },
})

const bind = (source: string, target: string, readOnly: boolean): MountBody => ({
  Type: 'bind',
  Source: source,
  Target: target,
  ReadOnly: readOnly,
})

/** NFS goes through the engine's own volume driver, as `docker volume create --opt type=nfs` does; removed at the end. */
function volumeMount(
  { source, target, readOnly }: PlanInput['container']['volumes'][number],
  name: string,
  labels: Readonly<Record<string, string>>,
): MountBody {
  if (source.kind === 'host_path') return bind(source.path, target, readOnly)
  const options = {
    type: 'nfs',
    o: `addr=${source.server},${readOnly ? 'ro' : 'rw'}`,
    device: `:${source.path}`,
  }
  return {
    Type: 'volume',
    Source: name,
    Target: target,
    ReadOnly: readOnly,
    VolumeOptions: { Labels: labels, DriverConfig: { Name: 'local', Options: options } },
  }
}
