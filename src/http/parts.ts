// What the routes need, and the helpers all of them use.
import type { Context } from 'hono'
import type { Inventory } from '../accelerator/device.ts'
import { AppError } from '../api/error.ts'
import type { LiveIdentity } from '../auth/live-identity.ts'
import type { Principal } from '../auth/principal.ts'
import type { AlgorithmStore } from '../job/algorithms.ts'
import type { DiskGuard } from '../job/disk-guard.ts'
import type { ExperimentStore } from '../job/experiments.ts'
import type { Job } from '../job/job.ts'
import type { Backend, ImageInspector, ObjectCatalog } from '../job/ports.ts'
import type { QuotaStore } from '../job/quotas.ts'
import type { RegistryStore, RegistryTester } from '../job/registries.ts'
import type { Site } from '../job/site.ts'
import type { StorageConnectionStore, TestStorage } from '../job/storage-connections.ts'
import type { JobStore } from '../job/store.ts'
import type { TagStore } from '../job/tags.ts'
import type { Clock } from '../lib/clock.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import type { LogStore } from '../log/log-store.ts'
import type { ExecSessions } from './exec-sessions.ts'
import type { Addresses } from './identity/catalog.ts'
import type { WaitingView } from './waiting.ts'

export type ApiParts = {
  readonly store: JobStore
  readonly logs: LogStore
  /** The objects that a project sees. */
  readonly catalog: (projectId: string) => ObjectCatalog
  readonly backend: Backend
  readonly inventory: () => Inventory
  readonly site: Site
  readonly disk: DiskGuard
  readonly algorithms: AlgorithmStore
  readonly experiments: ExperimentStore
  readonly tags: TagStore
  readonly quotas: QuotaStore
  readonly registries: RegistryStore
  readonly storageConnections: StorageConnectionStore
  readonly testStorage: TestStorage
  /** null where there is no container engine. */
  readonly registryTester: RegistryTester | null
  /** null where there are no images. */
  readonly imageInspector: ImageInspector | null
  readonly identity: LiveIdentity
  /** The project that a server begins with. */
  readonly firstProjectId: string
  readonly hasBuckets: (projectId: string) => Promise<boolean>
  /** Names of the project's buckets in the embedded store. */
  readonly embeddedBuckets: (projectId: string) => Promise<readonly string[]>
  /** Where clients find this installation. */
  readonly addresses: Addresses
  /** Writes down who did what to whom; never holds a secret. */
  readonly audit: (
    action: string,
    by: string,
    details: Readonly<Record<string, string | boolean | null>>,
  ) => void
  readonly clock: Clock
  /** Wakes the controller. */
  readonly wake: ChangeSignal
  /** Tells that a job's row or events changed. */
  readonly changed: ChangeSignal
  readonly execSessions: ExecSessions
  /** Links to logs are signed with it. */
  readonly linkKey: Uint8Array
  readonly waiting: WaitingView
  /** Aborts when the server stops: ends long polls. */
  readonly stopping: AbortSignal
}

export type ApiEnv = { Variables: { principal: Principal; body: Uint8Array; requestId: string } }
export type ApiContext = Context<ApiEnv>

/** The job a path names, in the caller's project. Throws AppError JobNotFound. */
export async function jobOf(parts: ApiParts, context: ApiContext): Promise<Job> {
  const { projectId } = context.get('principal')
  return findJob(parts, projectId, context.req.param('job') ?? '', 'training_job_id')
}

/** Throws AppError JobNotFound; `field` is where the id came from. */
export async function findJob(
  { store }: Pick<ApiParts, 'store'>,
  projectId: string,
  id: string,
  field: string,
): Promise<Job> {
  const job = await store.get(projectId, id)
  if (job) return job
  throw new AppError(
    'JobNotFound',
    `${field}: got ${JSON.stringify(id.slice(0, 80))}; valid: the id of a job in this project`,
  )
}

/** The task a path names. Throws AppError TaskNotFound. */
export function taskOf(job: Job, context: ApiContext): string {
  const name = context.req.param('task') ?? ''
  const names = job.status.tasks.map(({ task }) => task)
  if (names.includes(name)) return name
  throw new AppError(
    'TaskNotFound',
    `task_id: got ${JSON.stringify(name.slice(0, 80))}; valid: ${names.join(', ')}`,
  )
}
