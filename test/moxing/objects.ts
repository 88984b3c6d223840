// The real object server behind a Unix socket that trusts whoever reaches it, as a task's socket does.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { authorizeAlways } from '../../src/storage/server/authorize.ts'
import { createObjectHandler } from '../../src/storage/server/object-handler.ts'
import { type ObjectStore, openObjectStore } from '../../src/storage/server/object-store.ts'

/** An object server over one store, which can go away and come back as in a restart. */
export class ObjectService {
  readonly socket: string
  #store: ObjectStore
  #server: Server | undefined

  constructor(store: ObjectStore, socket: string) {
    this.#store = store
    this.socket = socket
  }

  async resume(): Promise<void> {
    const authorize = authorizeAlways('')
    this.#server = createServer(createObjectHandler({ store: this.#store, authorize }))
    await once(this.#server.listen(this.socket), 'listening')
  }

  /** Closes the socket and every connection. */
  async pause(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  async stop(): Promise<void> {
    await this.pause()
    await this.#store[Symbol.asyncDispose]()
  }
}

/** Starts a server with a new store in `dir` that holds `buckets`. */
export async function startObjects(dir: string, buckets: string[]): Promise<ObjectService> {
  const store = await openObjectStore({ dir: join(dir, 'objects'), clock: systemClock })
  for (const bucket of buckets) await store.createBucket(bucket)
  const service = new ObjectService(store, join(dir, 'o.sock'))
  await service.resume()
  return service
}
