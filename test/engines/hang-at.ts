// An engine that hangs in the middle of one thing: a socket before its own that lets dockerd stand still (SIGSTOP) at the moment
// a request of one kind is about to reach it.
import { once } from 'node:events'
import { createServer, connect as dial } from 'node:net'
import { join } from 'node:path'
import type { DockerEngine } from './dockerd.ts'

export type HangingEngine = AsyncDisposable & {
  /** `unix://…`, as DOCKER_HOST wants it. */
  readonly host: string
  /** Resolves when the engine hangs. It is thawed when this is disposed, at the latest. */
  readonly hung: Promise<void>
}

/** `request` is looked for in what clients send: `/POST .*\/start /`. */
export async function hangAt(engine: DockerEngine, request: RegExp): Promise<HangingEngine> {
  const path = join(engine.dir, `hang-${process.hrtime.bigint()}.sock`)
  const hung = Promise.withResolvers<void>()
  let isArmed = true
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const daemon = dial({ path: engine.socket, allowHalfOpen: true })
    client.on('data', (bytes) => {
      if (!isArmed || !request.test(bytes.toString('latin1'))) return
      isArmed = false
      engine.freeze()
      hung.resolve()
    })
    client.pipe(daemon)
    daemon.pipe(client)
    client.on('error', () => daemon.destroy())
    daemon.on('error', () => client.destroy())
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    host: `unix://${path}`,
    hung: hung.promise,
    [Symbol.asyncDispose]: async () => {
      engine.thaw()
      server.close()
    },
  }
}
