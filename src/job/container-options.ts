// What the container of a task gets beyond its image: the site's defaults for the flavor, then what the job asked for.
// Pure; a wish beyond the administrator's limits was refused when the job was created (check-container.ts).
import type { Job } from './job.ts'
import type { PullPolicy, Site, Ulimit, VolumeSource } from './site.ts'

export type ContainerVolume = {
  readonly source: VolumeSource
  /** Absolute path in the task. */
  readonly target: string
  readonly readOnly: boolean
}

export type ContainerOptions = {
  readonly pullPolicy: PullPolicy
  /** null: half of the task's memory. */
  readonly shmBytes: number | null
  readonly ulimits: readonly Ulimit[]
  readonly devices: readonly string[]
  readonly capabilities: readonly string[]
  readonly hostNetwork: boolean
  readonly volumes: readonly ContainerVolume[]
  /** Folder below which the task's /cache is made; null: in the data folder. */
  readonly cacheDir: string | null
}

/** The options of every task of the job. */
export function containerOptionsOf(job: Pick<Job, 'request'>, site: Site): ContainerOptions {
  const flavor = site.flavors[job.request.spec?.resource?.flavor_id ?? ''] ?? {}
  const defaults = { ...site.container, ...flavor }
  return {
    pullPolicy: site.pullPolicy,
    shmBytes: defaults.shmBytes,
    ulimits: defaults.ulimits,
    devices: defaults.devices,
    capabilities: defaults.capabilities,
    hostNetwork: false,
    volumes: [],
    cacheDir: site.cacheDir,
  }
}
