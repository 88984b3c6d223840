// Stores elsewhere between rows and the object server: which connection a bucket is in, and one client for each, made
// when it is first asked for and made anew when the connection was changed.
import { join } from 'node:path'
import type { Site } from '../job/site.ts'
import type {
  OpenConnection,
  StorageConnectionStore,
  StorageTest,
  TestStorage,
} from '../job/storage-connections.ts'
import type { Clock } from '../lib/clock.ts'
import { type BlockCache, openBlockCache } from '../storage/block-cache.ts'
import { ObjectClient } from '../storage/object-client.ts'
import { ObjectStoreError } from '../storage/object-store-error.ts'
import type { EndpointTarget } from '../storage/object-target.ts'
import { remoteObjects } from '../storage/remote/remote-objects.ts'
import { routedObjects } from '../storage/remote/routed-objects.ts'
import type { ObjectsOfProjects, ProjectObjects } from '../storage/server/project-objects.ts'

/** A change of a connection is seen after so long at the latest, by other servers on the database too. */
const REMEMBERED_MS = 2_000
/** For the questions of `ropeway storage test`. */
const TEST_ATTEMPTS = 2
const TEST_SILENT_MS = 15_000

const targetOf = (connection: OpenConnection): EndpointTarget => ({
  name: `the storage connection ${connection.name}`,
  endpoint: connection.endpoint,
  region: connection.region ?? undefined,
  dialect: connection.dialect,
  addressing: connection.addressing,
  ca: connection.ca ?? undefined,
  accessKey: connection.accessKey,
  secretKey: connection.secretKey,
  sessionToken: connection.sessionToken ?? undefined,
})

type Remembered = { readonly store: ProjectObjects | undefined; readonly untilMs: number }
type Client = { readonly updatedAtMs: number; readonly client: ObjectClient; readonly store: ProjectObjects }

/** The embedded buckets and those elsewhere as one; dispose it to close the connections. */
export class StoresElsewhere implements ObjectsOfProjects, AsyncDisposable {
  readonly #embedded: ObjectsOfProjects
  readonly #rows: StorageConnectionStore
  readonly #clock: Clock
  readonly #blocks: BlockCache | null
  /** project and bucket → where it is */
  readonly #places = new Map<string, Remembered>()
  /** project and connection → its client */
  readonly #clients = new Map<string, Client>()

  constructor(
    embedded: ObjectsOfProjects,
    rows: StorageConnectionStore,
    clock: Clock,
    blocks: BlockCache | null = null,
  ) {
    this.#embedded = embedded
    this.#blocks = blocks
    this.#rows = rows
    this.#clock = clock
  }

  within(projectId: string): ProjectObjects {
    return routedObjects(this.#embedded.within(projectId), {
      find: (bucket) => this.#find(projectId, bucket),
      buckets: async () => (await this.#rows.list(projectId)).flatMap(({ buckets }) => buckets),
    })
  }

  async #find(projectId: string, bucket: string): Promise<ProjectObjects | undefined> {
    const name = JSON.stringify([projectId, bucket])
    const nowMs = this.#clock.now().getTime()
    const known = this.#places.get(name)
    if (known && known.untilMs > nowMs) return known.store
    const connection = await this.#rows.findByBucket(projectId, bucket)
    const store = connection === null ? undefined : this.#storeOf(projectId, connection)
    if (this.#places.size > MAX_REMEMBERED) this.#places.clear()
    this.#places.set(name, { store, untilMs: nowMs + REMEMBERED_MS })
    return store
  }

  #storeOf(projectId: string, connection: OpenConnection): ProjectObjects {
    const name = JSON.stringify([projectId, connection.name])
    const known = this.#clients.get(name)
    if (known?.updatedAtMs === connection.updatedAtMs) return known.store
    // Requests under way on the old one come to their end; its idle connections close by themselves.
    const client = new ObjectClient({ target: targetOf(connection) })
    // Another endpoint, or the same one for another project, is another store.
    const cache = this.#blocks && { blocks: this.#blocks, store: `${projectId} ${connection.endpoint}` }
    const store = remoteObjects(client, connection.buckets, cache)
    this.#clients.set(name, { updatedAtMs: connection.updatedAtMs, client, store })
    return store
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#clients.values()) await client[Symbol.asyncDispose]()
  }
}

const MAX_REMEMBERED = 10_000

/** What tasks read from stores elsewhere, kept for the next one; null when the site gives it no room. */
export async function openInputBlocks(
  dataDir: string,
  { inputBytes, minFreeBytes }: Site['disk'],
): Promise<BlockCache | null> {
  if (inputBytes === 0) return null
  return await openBlockCache({ dir: join(dataDir, 'inputs'), budgetBytes: inputBytes, minFreeBytes })
}

/** Asks for each bucket as the server would. */
export const testStorage: TestStorage = async (connection, signal) => {
  await using client = new ObjectClient({
    target: targetOf(connection),
    attempts: TEST_ATTEMPTS,
    silentMs: TEST_SILENT_MS,
  })
  const buckets: Array<StorageTest['buckets'][number]> = []
  for (const bucket of connection.buckets) {
    try {
      await client.listPage(bucket, { pageSize: 1, signal })
      buckets.push({ bucket, ok: true, message: 'can be listed' })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ObjectStoreError)) throw error
      buckets.push({ bucket, ok: false, message: error.message })
    }
  }
  const dialect = await client.dialect(signal).catch(() => null)
  return { ok: buckets.every(({ ok }) => ok), dialect, buckets }
}
