// The real object server behind a Unix socket that trusts whoever reaches it, as a task's socket does.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { authorizeAlways, authorizeS3V4 } from '../../src/storage/server/authorize.ts'
import { createObjectHandler } from '../../src/storage/server/object-handler.ts'
import { type ObjectStore, openObjectStore } from '../../src/storage/server/object-store.ts'
import { onlyKey } from '../../src/storage/server/store-fixture.ts'

/** An object server over one store, which can go away and come back as in a restart. */
export class ObjectService {
  readonly socket: string
  #store: ObjectStore
  #server: Server | undefined
  readonly #addresses: Server[] = []

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

  /** Also answers on an address, to those who sign as AK with SK; over TLS with a certificate. */
  async listen(tls?: ServerOptions): Promise<string> {
    const authorize = authorizeS3V4({ lookup: onlyKey('AK', 'SK'), clock: systemClock })
    const handler = createObjectHandler({ store: this.#store, authorize })
    const server = tls ? createTlsServer(tls, handler) : createServer(handler)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    this.#addresses.push(server)
    return `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    for (const server of this.#addresses) {
      server.closeAllConnections()
      server.close()
    }
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
