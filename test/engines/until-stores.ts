// Object stores of others answer before they can store.
import { ObjectClient } from '../../src/storage/object-client.ts'
import type { EndpointTarget } from '../../src/storage/object-target.ts'
import { answers, until } from '../e2e/harness.ts'

const START_MS = 180_000

/** Waits until the store has made the bucket and an object in it. `check` may throw, as when its process has ended. */
export async function untilStores(
  name: string,
  target: EndpointTarget,
  { bucket = 'ready', check = () => {} }: { readonly bucket?: string; readonly check?: () => void } = {},
): Promise<void> {
  await using client = new ObjectClient({ target, attempts: 1 })
  const store = async () => {
    await client.createBucket(bucket)
    await client.put(bucket, 'ready', Buffer.from('x'))
  }
  const stores = () => {
    check()
    return answers(store())
  }
  await until(`${name} stores`, stores, START_MS)
}
