// What a task's container gets of its host so that programs in it can use the devices of a placement (ascend.md §4).
import { join } from 'node:path'
import { ASCEND_SHARED, driverFolder } from './ascend.ts'
import type { DeviceKind } from './device.ts'
import type { HostFiles } from './host-files.ts'

export type WiredPath = { readonly source: string; readonly target: string }

export type DeviceWiring = {
  /** Character devices, to be read and written. */
  readonly devices: readonly WiredPath[]
  /** Driver files and folders, read-only. */
  readonly mounts: readonly WiredPath[]
  readonly environment: Readonly<Record<string, string>>
  /** Groups that own the device files, also where a runtime brings them; drivers let nobody else open them (often 0660). */
  readonly groups: readonly number[]
  /** Folders for the front of LD_LIBRARY_PATH. */
  readonly libraryPath: readonly string[]
  /** Do its programs pin memory for the devices? */
  readonly locksMemory: boolean
  /** The engine's runtime that brings devices and driver in by itself. */
  readonly runtime: 'ascend' | 'nvidia' | null
}

export const NO_WIRING: DeviceWiring = {
  ...{
    devices: [],
    mounts: [],
    environment: {},
    groups: [],
    libraryPath: [],
    locksMemory: false,
    runtime: null,
  },
}

/** The files of a host that wiring chooses from, looked at once. */
export type HostWiring = {
  readonly root: string
  readonly kind: DeviceKind
  /** Device files of the whole host beside the devices' own; driver files that are there. */
  readonly shared: readonly string[]
  readonly driverFiles: readonly string[]
  readonly driver: string
  /** Owning group of each device file. */
  readonly groups: ReadonlyMap<string, number>
}

/** What ascend-docker-runtime mounts itself (its base.list), and what it leaves out though tools need it. */
const inBaseList = (driver: string): string[] => [
  ...[`${driver}/lib64`, `${driver}/include`, '/usr/local/dcmi', '/usr/local/bin/npu-smi'],
  ...['/usr/local/sbin/npu-smi', '/var/queue_schedule'],
]
const beside = (driver: string): string[] => [
  ...[`${driver}/version.info`, `${driver}/tools/hccn_tool`, `${driver}/topo`],
  ...['/etc/hccn.conf', '/etc/ascend_install.info'],
]

/** Reads which driver files a host has. */
export async function examineWiring(files: HostFiles, kind: DeviceKind): Promise<HostWiring> {
  const driver = await driverFolder(files)
  const existing = async (paths: readonly string[]): Promise<string[]> =>
    (await Promise.all(paths.map(async (path) => ((await files.exists(path)) ? [path] : [])))).flat()
  const names = kind === 'CPU' ? [] : await files.listNames('/dev')
  const groups = await groupsOf(files, names)
  const common = { root: files.root, kind, driver, groups }
  if (kind === 'Ascend') {
    const shared = await existing([...ASCEND_SHARED.any, ...ASCEND_SHARED.always])
    return { ...common, shared, driverFiles: await existing([...inBaseList(driver), ...beside(driver)]) }
  }
  const shared = names.filter((name) => name.startsWith('nvidia') && !/^nvidia\d+$/.test(name))
  return { ...common, shared: shared.map((name) => `/dev/${name}`), driverFiles: [] }
}

async function groupsOf(files: HostFiles, names: readonly string[]): Promise<Map<string, number>> {
  const paths = names.map((name) => `/dev/${name}`)
  const owners = await Promise.all(paths.map(async (path) => [path, await files.groupOf(path)] as const))
  return new Map(owners.flatMap(([path, gid]) => (gid === null ? [] : [[path, gid] as const])))
}

/** Pure. `runtimes` are those the engine knows by name; none without an engine. */
export function wireDevices(
  host: HostWiring,
  physicalIds: readonly number[],
  runtimes: readonly string[],
): DeviceWiring {
  if (physicalIds.length === 0 || host.kind === 'CPU') return NO_WIRING
  const wired = (path: string): WiredPath => ({ source: join(host.root, path), target: path })
  const list = physicalIds.join(',')
  // Group 0 would open more than devices.
  const groups = (paths: readonly string[]): number[] =>
    [...new Set(paths.flatMap((path) => host.groups.get(path) ?? []))].filter((gid) => gid !== 0)
  if (host.kind === 'GPU') {
    const runtime = runtimes.includes('nvidia') ? 'nvidia' : null
    const files = [...physicalIds.map((id) => `/dev/nvidia${id}`), ...host.shared]
    const environment = { NVIDIA_VISIBLE_DEVICES: list, NVIDIA_DRIVER_CAPABILITIES: 'compute,utility' }
    return {
      ...{ ...NO_WIRING, groups: groups(files), environment, runtime },
      devices: runtime === null ? files.map(wired) : [],
    }
  }
  const runtime = runtimes.includes('ascend') ? 'ascend' : null
  const files = [...physicalIds.map((id) => `/dev/davinci${id}`), ...host.shared]
  const brought = new Set(runtime === null ? [] : inBaseList(host.driver))
  const lib = `${host.driver}/lib64`
  return {
    devices: runtime === null ? files.map(wired) : [],
    mounts: host.driverFiles.filter((path) => !brought.has(path)).map(wired),
    environment: { ASCEND_VISIBLE_DEVICES: list },
    groups: groups(files),
    locksMemory: true,
    libraryPath: host.driverFiles.includes(lib) ? [`${lib}/common`, `${lib}/driver`, lib] : [],
    runtime,
  }
}

/** Device files of the placement, then those a job asked for by path; each target once. */
export function deviceFilesOf({ devices }: DeviceWiring, asked: readonly string[]): WiredPath[] {
  const taken = new Set(devices.map(({ target }) => target))
  const others = [...new Set(asked)].filter((path) => !taken.has(path))
  return [...devices, ...others.map((path) => ({ source: path, target: path }))]
}
