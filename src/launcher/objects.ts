// Object storage over the task's socket, loaded when the first object moves: most starts must not wait for it.
import type { ObjectPort } from './ports.ts'
import type { StoreKeys } from './store-keys.ts'

/** Like openObjects, which it loads. */
export function lazyObjects(socketPath: string, keys: StoreKeys | null = null): ObjectPort {
  let loaded: Promise<ObjectPort> | undefined
  const load = () => {
    loaded ??= import('./object-transfer.ts').then(({ openObjects }) => openObjects(socketPath, keys))
    return loaded
  }
  return {
    download: async (...args) => (await load()).download(...args),
    send: async (...args) => (await load()).send(...args),
    write: async (...args) => (await load()).write(...args),
    remove: async (...args) => (await load()).remove(...args),
    list: async (...args) => (await load()).list(...args),
    move: async (...args) => (await load()).move(...args),
  }
}
