// Object storage over the task's socket, loaded when the first object moves: most starts must not wait for it.
import type { ObjectPort } from './ports.ts'

/** Like openObjects, which it loads. */
export function lazyObjects(socketPath: string): ObjectPort {
  const load = async () => (await import('./object-transfer.ts')).openObjects(socketPath)
  return {
    download: async (...args) => (await load()).download(...args),
    upload: async (...args) => (await load()).upload(...args),
    list: async (...args) => (await load()).list(...args),
  }
}
