// From a placed job to what a backend needs to know of it. Pure.
import type { Inventory, Placement } from '../accelerator/device.ts'
import { ANNOTATION } from './annotations.ts'
import { codeStaging, inputChannels, outputChannels } from './channels.ts'
import { foldersOutsideVolumes } from './check-container.ts'
import { containerOptionsOf } from './container-options.ts'
import { hostTable, rankTableDir } from './environment.ts'
import type { AttemptRef, Job } from './job.ts'
import { podName, taskObjectName } from './names.ts'
import { PLACES, WRITABLE_DIRS } from './places.ts'
import type { PlanInput } from './ports.ts'
import type { Site } from './site.ts'

/** Where a job runs, given apart because a dry run has nothing booked. */
export type PlanContext = {
  readonly attempt: number
  readonly placements: readonly Placement[]
  readonly inventory: Inventory
  readonly site: Site
}

/** What a backend plans from. */
export function planInputOf(job: Job, { attempt, placements, inventory, site }: PlanContext): PlanInput {
  const addresses = placements.map(({ hostId }) => hostAddressOf(inventory, hostId))
  const places = PLACES[job.generation]
  const annotations = job.request.metadata.annotations ?? {}
  const container = containerOptionsOf(job, site, placements[0]?.memoryBytes ?? null)
  const folders = writableDirsOf(job, placements[0]?.physicalIds.length ?? 0)
  return {
    jobId: job.id,
    projectId: job.projectId,
    attempt,
    generation: job.generation,
    image: job.request.algorithm?.engine?.image_url ?? '',
    runUser: runUserOf(job, site) ?? { uid: places.uid, gid: places.gid },
    writableDirs: foldersOutsideVolumes(folders, container.volumes),
    hostNames: hostTable(job, addresses),
    mountRunTrain: annotations[ANNOTATION.keepRunTrain] !== 'true',
    annotations,
    container,
    tasks: placements.map((placement, index) => ({
      task: placement.task,
      name: taskObjectName(job.id, attempt, placement.task),
      podName: podName(job.generation, job.id, placement.taskIndex),
      placement,
      hostAddress: addresses[index] ?? '127.0.0.1',
    })),
  }
}

/** The fixed folders, and those the job itself names: for its table, code and channels. */
function writableDirsOf(job: Job, deviceCount: number): string[] {
  const channels = [...inputChannels(job), ...outputChannels(job)].map(({ local_dir }) => local_dir)
  const named = [rankTableDir(job, deviceCount), codeStaging(job)?.local_dir, ...channels]
  return [...new Set([...WRITABLE_DIRS, ...named.filter((dir) => typeof dir === 'string')])]
}

/** `run_user` of the request, else of the site: the group is 100 where ModelArts uses it for that uid, else equal to the uid. */
function runUserOf(job: Job, site: Site): { uid: number; gid: number } | null {
  const asked = job.request.algorithm?.engine?.run_user || site.runUser
  if (asked === null) return null
  const uid = Number(asked)
  return { uid, gid: uid === PLACES[2].uid ? PLACES[2].gid : uid }
}

/** Address of a host; a host that left the inventory has none. */
export const hostAddressOf = (inventory: Inventory, hostId: string): string =>
  inventory.hosts.find((host) => host.id === hostId)?.address ?? '127.0.0.1'

/** The present attempt of a job, as backends name it. */
export const attemptRef = (job: Job, attempt = job.status.attempt): AttemptRef => ({
  jobId: job.id,
  attempt,
  tasks: job.status.tasks.map(({ task }) => task),
})
