// The administrator's file against this machine: folders that are there, and flavors that exist. What would be unsafe
// or can never work is refused; what may only be missing for now (a disk not mounted yet) is said and gone on without.
import { globSync, realpathSync, statSync } from 'node:fs'
import type { Inventory } from '../accelerator/device.ts'
import { listFlavors, resolveFlavor } from '../accelerator/flavor.ts'
import { ConfigError } from '../config.ts'
import type { ContainerDefaults, Site } from '../job/site.ts'
import { formatSource, writableAbove } from '../job/volumes.ts'
import { nearestName } from '../lib/nearest-name.ts'

/** `warnings` are sentences. */
export type CheckedSite = { readonly site: Site; readonly warnings: readonly string[] }

const isUnder = (path: string, parent: string): boolean =>
  parent === '/' || path === parent || path.startsWith(`${parent}/`)

/** The path without links; null when nothing is there. */
function realPath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/**
 * `file` is for messages, `inventory` null where flavors are not looked at. Throws ConfigError for folders that would
 * open the data folder to jobs, and for those that jobs could never mount.
 */
export function checkSite(
  site: Site,
  file: string,
  dataDir: string,
  inventory: Inventory | null,
): CheckedSite {
  const warnings: string[] = []
  for (const [index, { source }] of site.volumes.entries()) {
    const holder = writableAbove(source, site.volumes)
    if (holder !== null)
      throw new ConfigError(
        `--site: ${file}: volumes.${index}: got ${JSON.stringify(formatSource(source))}, which lies in ${formatSource(holder)}; valid: read_only: true for ${formatSource(holder)}, or folders beside one another, because jobs that may write a folder could put a link in place of what lies in it`,
      )
    if (source.kind === 'host_path')
      warnings.push(...checkFolder(`${file}: volumes.${index}.host_path`, source.path, dataDir))
  }
  for (const [index, path] of site.logExportPaths.entries())
    warnings.push(...checkFolder(`${file}: log_export_paths.${index}`, path, dataDir))
  checkCacheDir(site, file)
  if (site.cacheDir !== null && !isFolder(site.cacheDir))
    warnings.push(
      `${file}: cache_dir: ${site.cacheDir} is not there; jobs cannot start before its disk is mounted`,
    )
  const flavors = inventory === null ? site.flavors : resolveFlavors(site, file, inventory, warnings)
  return { site: { ...site, flavors, deviceFiles: deviceFilesFor(site) }, warnings }
}

/** The server makes folders there and gives them away, as root: never where a job could have put a link. */
function checkCacheDir({ cacheDir, volumes }: Site, file: string): void {
  const holder = volumes.find(
    ({ source, readOnly }) =>
      !readOnly && source.kind === 'host_path' && cacheDir !== null && isUnder(cacheDir, source.path),
  )
  if (holder !== undefined)
    throw new ConfigError(
      `--site: ${file}: cache_dir: got ${JSON.stringify(cacheDir)}, which is or lies in ${formatSource(holder.source)}, a folder of volumes that jobs may write; valid: a folder beside it`,
    )
}

/** A folder that jobs may see or write. */
function checkFolder(key: string, path: string, dataDir: string): string[] {
  const real = realPath(path)
  const data = realPath(dataDir) ?? dataDir
  const shown = real ?? path
  if (isUnder(shown, data) || isUnder(data, shown))
    throw new ConfigError(
      `--site: ${key}: got ${JSON.stringify(path)}, which holds or lies in the data folder ${data}; valid: a folder beside it, because secrets of all projects are there`,
    )
  if (real !== null && real !== path)
    throw new ConfigError(
      `--site: ${key}: got ${JSON.stringify(path)}, which leads through a symbolic link; valid: ${JSON.stringify(real)}`,
    )
  return real === null ? [`${key}: ${path} is not there; jobs that ask for it cannot start`] : []
}

/** Ids of the documents (modelarts.kat1.*) stand for ours here as they do in requests. */
function resolveFlavors(
  site: Site,
  file: string,
  inventory: Inventory,
  warnings: string[],
): Record<string, Partial<ContainerDefaults>> {
  const known = listFlavors(inventory).map(({ id }) => id)
  const resolved: Record<string, Partial<ContainerDefaults>> = {}
  for (const [id, entry] of Object.entries(site.flavors)) {
    const flavor = resolveFlavor(inventory, id)
    if (flavor !== undefined) resolved[flavor.id] = { ...resolved[flavor.id], ...entry }
    // No reason not to serve: a card that is out of order takes its flavors along.
    else
      warnings.push(
        `${file}: flavors: this machine has no flavor ${JSON.stringify(id)}; the nearest is ${JSON.stringify(nearestName(id, known))}`,
      )
  }
  return resolved
}

/** The device files that patterns of the file can stand for, as they are now. */
function deviceFilesFor({ container, flavors, allow }: Site): string[] {
  const named = [container, ...Object.values(flavors)].flatMap(({ devices }) => devices ?? [])
  const patterns = [...named, ...allow.devices]
  return [...new Set(patterns.flatMap((pattern) => globSync(pattern)))]
    .filter((path) => !isFolder(path))
    .sort()
}

const sizeText = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${Number((bytes / 2 ** 30).toFixed(1))}Gi` : `${Number((bytes / 2 ** 20).toFixed(1))}Mi`
const limitText = (value: number): string => (value === -1 ? 'unlimited' : String(value))
const listText = (names: readonly string[]): string => (names.length > 0 ? names.join(' ') : 'none')

const cacheBudget = ({ cacheBytes, cacheOver }: Site['disk']): string =>
  cacheBytes === null
    ? 'no budget'
    : `${sizeText(cacheBytes)} a task${cacheOver === 'stop' ? ', stopped past it' : ''}`

/** What holds, in one line for people: defaults, then what jobs may ask for. */
export function describeSite({ container, allow, volumes, cacheDir, pullPolicy, disk }: Site): string {
  const limits = container.ulimits.map(({ name, soft, hard }) =>
    soft === hard ? `${name}=${limitText(soft)}` : `${name}=${limitText(soft)}:${limitText(hard)}`,
  )
  const allowedLimits = Object.entries(allow.ulimits).map(([name, hard]) => `${name}<=${limitText(hard)}`)
  return [
    `shm ${container.shmBytes === null ? 'half of the memory' : sizeText(container.shmBytes)}`,
    `at most ${allow.shmBytes === null ? 'the memory' : sizeText(allow.shmBytes)}`,
    `CPU ${container.cpuLimit ? 'at most' : 'at least'} the flavor's cores`,
    `ulimits ${listText(limits)}`,
    `allowed ${listText(allowedLimits)}`,
    `devices ${listText(container.devices)}, allowed ${listText(allow.devices)}`,
    `capabilities ${listText(container.capabilities)}, allowed ${listText(allow.capabilities)}`,
    `root ${allow.root ? 'yes' : 'no'}`,
    `host network ${allow.hostNetwork ? 'yes' : 'no'}`,
    `pull ${pullPolicy}, allowed ${listText(allow.pullPolicies)}`,
    `volumes ${volumes.length}`,
    `/cache in ${cacheDir ?? 'the data folder'}, ${cacheBudget(disk)}`,
    `free disk kept ${sizeText(disk.minFreeBytes)}`,
  ].join('; ')
}
