// What the container of a task gets beyond its image: the site's defaults for the flavor, then what the job asks for in
// annotations, within what the administrator allows. Pure.
import { AppError } from '../api/error.ts'
import { parseSize } from '../lib/size.ts'
import { ANNOTATION, listOf } from './annotations.ts'
import { checkVolumeKeys, checkVolumeTargets } from './check-container.ts'
import type { Job } from './job.ts'
import { PULL_POLICIES, type PullPolicy, type Site, type Ulimit } from './site.ts'
import { isWithin, mergeUlimits, parseUlimit } from './ulimits.ts'
import { type ContainerVolume, volumesOf } from './volumes.ts'

export type ContainerOptions = {
  readonly pullPolicy: PullPolicy
  /** null: half of the task's memory. */
  readonly shmBytes: number | null
  readonly cpuLimit: boolean
  readonly ulimits: readonly Ulimit[]
  readonly devices: readonly string[]
  readonly capabilities: readonly string[]
  readonly hostNetwork: boolean
  readonly volumes: readonly ContainerVolume[]
  /** Folder below which the task's /cache is made; null: in the data folder. */
  readonly cacheDir: string | null
}

/**
 * The options of every task of the job. `memoryBytes` is the memory of one task, null where nothing is placed yet.
 * Throws AppError InvalidParam for a wish that is wrong or not allowed.
 */
export function containerOptionsOf(
  job: Pick<Job, 'request'>,
  site: Site,
  memoryBytes: number | null = null,
): ContainerOptions {
  const wishes = job.request.metadata.annotations ?? {}
  const flavor = site.flavors[job.request.spec?.resource?.flavor_id ?? ''] ?? {}
  const defaults = { ...site.container, ...flavor }
  checkVolumeKeys(job.request.spec?.volumes ?? [])
  const volumes = volumesOf(job.request.spec?.volumes, site)
  checkVolumeTargets(volumes)
  const shmBytes = shmOf(wishes[ANNOTATION.shmSize], site, memoryBytes)
  const wished = devicesOf(wishes[ANNOTATION.devices], site)
  const devices = defaults.devices.flatMap((path) => matching(path, site.deviceFiles))
  return {
    pullPolicy: pullPolicyOf(wishes[ANNOTATION.pullPolicy], site),
    shmBytes: shmBytes ?? defaults.shmBytes ?? usualShm(site, memoryBytes),
    cpuLimit: defaults.cpuLimit,
    // A flavor that sets one limit keeps the others, `core` above all.
    ulimits: mergeUlimits(
      site.container.ulimits,
      flavor.ulimits ?? [],
      ulimitsOf(wishes[ANNOTATION.ulimits], site),
    ),
    devices: [...new Set([...devices, ...wished])],
    capabilities: [
      ...new Set([...defaults.capabilities, ...capabilitiesOf(wishes[ANNOTATION.capabilities], site)]),
    ],
    hostNetwork: hostNetworkOf(wishes[ANNOTATION.hostNetwork], site),
    volumes,
    cacheDir: site.cacheDir,
  }
}

function pullPolicyOf(wish: string | undefined, site: Site): PullPolicy {
  if (wish === undefined) return site.pullPolicy
  const found = PULL_POLICIES.find((policy) => policy === wish)
  if (found === undefined) return refuse(ANNOTATION.pullPolicy, wish, PULL_POLICIES.join(', '))
  // What the site does without being asked needs no leave.
  const may = [...new Set([site.pullPolicy, ...site.allow.pullPolicies])]
  if (may.includes(found)) return found
  return refuse(ANNOTATION.pullPolicy, wish, `${may.join(', ')}: the administrator allows nothing else`)
}

/** Half of the task's memory, at most what a job may ask for. */
const usualShm = ({ allow }: Site, memoryBytes: number | null): number | null =>
  memoryBytes === null
    ? null
    : Math.min(Math.floor(memoryBytes / 2), allow.shmBytes ?? Number.POSITIVE_INFINITY)

function shmOf(wish: string | undefined, { allow }: Site, memoryBytes: number | null): number | null {
  if (wish === undefined) return null
  const bytes = parseSize(wish)
  if (bytes === null || bytes < 1) return refuse(ANNOTATION.shmSize, wish, 'a size such as 8Gi')
  if (allow.shmBytes !== null && bytes > allow.shmBytes)
    return refuse(ANNOTATION.shmSize, wish, `at most ${allow.shmBytes} bytes, as the administrator says`)
  // What lies there counts as memory of the task.
  if (memoryBytes !== null && bytes > memoryBytes)
    return refuse(
      ANNOTATION.shmSize,
      wish,
      `at most ${memoryBytes} bytes, the memory of a task of this flavor`,
    )
  return bytes
}

function ulimitsOf(wish: string | undefined, { allow }: Site): Ulimit[] {
  return listOf(wish).map((entry) => {
    const [name = '', ...rest] = entry.split('=')
    const limit = parseUlimit(name.trim(), rest.join('='))
    if (typeof limit === 'string') throw new AppError('InvalidParam', `${at(ANNOTATION.ulimits)}: ${limit}`)
    const highest = Object.hasOwn(allow.ulimits, limit.name) ? allow.ulimits[limit.name] : undefined
    if (highest === undefined) return refuse(ANNOTATION.ulimits, entry, allowed(Object.keys(allow.ulimits)))
    if (!isWithin(limit.hard, highest))
      return refuse(ANNOTATION.ulimits, entry, `${limit.name} up to ${highest}, as the administrator says`)
    return limit
  })
}

/** Both the administrator's entries and wishes may end in `*`, which stands for the rest of one name: /dev/infiniband/* */
function devicesOf(wish: string | undefined, { allow, deviceFiles }: Site): string[] {
  return listOf(wish).flatMap((path) => {
    const plain = /^\/dev\/[A-Za-z0-9_./-]+\*?$/.test(path) && !path.split('/').includes('..')
    if (!plain || !allow.devices.some((rule) => fits(path, rule)))
      return refuse(ANNOTATION.devices, path, allowed(allow.devices))
    const found = matching(path, deviceFiles)
    return found.length > 0
      ? found
      : refuse(ANNOTATION.devices, path, 'a pattern that device files of this machine match')
  })
}

/** Every path that `path` can stand for is one that `rule` can stand for. */
function fits(path: string, rule: string): boolean {
  if (!rule.endsWith('*')) return path === rule
  const start = rule.slice(0, -1)
  return path.startsWith(start) && !path.slice(start.length).includes('/')
}

const matching = (path: string, files: readonly string[]): string[] =>
  path.endsWith('*') ? files.filter((file) => fits(file, path)) : [path]

function capabilitiesOf(wish: string | undefined, { allow }: Site): string[] {
  return listOf(wish).map((text) => {
    const name = text.toUpperCase().replace(/^CAP_/, '')
    return allow.capabilities.includes(name)
      ? name
      : refuse(ANNOTATION.capabilities, text, allowed(allow.capabilities))
  })
}

function hostNetworkOf(wish: string | undefined, { allow }: Site): boolean {
  if (wish === undefined || wish === 'false') return false
  if (wish !== 'true') return refuse(ANNOTATION.hostNetwork, wish, 'true, false')
  return (
    allow.hostNetwork || refuse(ANNOTATION.hostNetwork, wish, 'false: the administrator does not allow it')
  )
}

const allowed = (names: readonly string[]): string =>
  names.length > 0 ? names.join(', ') : 'none: the administrator allows no job to ask for that'

const at = (annotation: string): string => `metadata.annotations.${annotation}`

function refuse(annotation: string, got: string, valid: string): never {
  throw new AppError(
    'InvalidParam',
    `${at(annotation)}: got ${JSON.stringify(got.slice(0, 200))}; valid: ${valid}`,
  )
}
