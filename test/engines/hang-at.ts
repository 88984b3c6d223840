// An engine that hangs in the middle of one thing: dockerd stands still (SIGSTOP) at the moment a request of one kind is
// about to reach it.
import type { DockerEngine } from './dockerd.ts'
import { type EngineProxy, startEngineProxy } from './engine-proxy.ts'

export type HangingEngine = EngineProxy & {
  /** Resolves when the engine hangs. It is thawed when this is disposed, at the latest. */
  readonly hung: Promise<void>
}

/** `request` is looked for in method and path: `/POST .*\/start$/`. */
export async function hangAt(engine: DockerEngine, request: RegExp): Promise<HangingEngine> {
  const hung = Promise.withResolvers<void>()
  let isArmed = true
  const proxy = await startEngineProxy(engine.socket, async (method, path) => {
    if (!isArmed || !request.test(`${method} ${path}`)) return
    isArmed = false
    engine.freeze()
    hung.resolve()
  })
  return {
    host: proxy.host,
    hung: hung.promise,
    [Symbol.asyncDispose]: async () => {
      engine.thaw()
      await proxy[Symbol.asyncDispose]()
    },
  }
}
