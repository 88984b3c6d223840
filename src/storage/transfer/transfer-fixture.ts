// What the tests of transfers share: a store on loopback with one bucket, and fresh folders for every test.
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import { ObjectClient } from '../object-client.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import { authorizeAlways } from '../server/authorize.ts'
import { createObjectHandler } from '../server/object-handler.ts'
import { listenObjectServer, type ObjectServer } from '../server/object-server-fixture.ts'
import { type ObjectStore, openObjectStore } from '../server/object-store.ts'
import { TransferError } from './transfer-error.ts'

export const MIB = 1024 * 1024
export const bucket = 'bkt'

/** A client of an endpoint that lets everybody in; further tries follow at once. */
export const clientOf = (endpoint: string): ObjectClient =>
  new ObjectClient({
    target: { endpoint, accessKey: 'AK', secretKey: 'SK', dialect: 'v4' },
    backoffMs: 1,
    silentMs: 5_000,
  })

/** A store with an empty bucket and folders `src` and `dest`, the latter not made yet. */
export class TransferSpace implements AsyncDisposable {
  readonly dir: string
  readonly store: ObjectStore
  readonly server: ObjectServer
  readonly client: ObjectClient
  #rounds = 0

  constructor(dir: string, store: ObjectStore, server: ObjectServer) {
    this.dir = dir
    this.store = store
    this.server = server
    this.client = clientOf(server.endpoint)
  }

  static async open(): Promise<TransferSpace> {
    const dir = await mkdtemp(join(tmpdir(), 'ropeway-transfer-'))
    await chmod(dir, 0o755)
    const store = await openObjectStore({ dir: join(dir, 'store'), clock: systemClock })
    const handler = createObjectHandler({ store, authorize: authorizeAlways('') })
    const server = await listenObjectServer(handler, { host: '127.0.0.1', port: 0 })
    const space = new TransferSpace(dir, store, server)
    await space.client.createBucket(bucket)
    return space
  }

  get src(): string {
    return join(this.dir, `src${this.#rounds}`)
  }

  get dest(): string {
    return join(this.dir, `dest${this.#rounds}`)
  }

  /** Empties the bucket and goes on with new folders. */
  async nextRound(): Promise<void> {
    this.#rounds += 1
    await mkdir(this.src)
    await this.store.delete(bucket, await this.keys())
  }

  async makeFiles(files: Record<string, string | Buffer>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.src, name)), { recursive: true })
      await writeFile(join(this.src, name), content)
    }
  }

  async keys(): Promise<string[]> {
    return (await this.store.list({ bucket })).objects.map((object) => object.key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** What differs between two folders; empty when nothing does. */
export const differences = (one: string, other: string): string =>
  spawnSync('diff', ['-r', one, other]).stdout.toString()

/** Whether an error of transfer or store has this code. */
export const failed = (code: string) => (error: unknown) =>
  (error instanceof TransferError || error instanceof ObjectStoreError) && error.code === code
