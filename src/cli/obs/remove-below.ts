// Removes what is below a folder of objects.
import type { ObjectClient } from '../../storage/object-client.ts'
import { folderPrefix, type ObjectUrl } from '../../storage/object-url.ts'

const BATCH = 1000

/** Removes all whose name below the folder passes, or only says which; returns their keys. */
export async function removeBelow(
  client: ObjectClient,
  { bucket, key }: ObjectUrl,
  options: { signal: AbortSignal; passes?: (name: string) => boolean; dryRun?: boolean },
): Promise<string[]> {
  const { signal, passes = () => true, dryRun = false } = options
  // Without the slash `model` would also take `models/`.
  const prefix = folderPrefix(key)
  const removed: string[] = []
  let batch: string[] = []
  const flush = async () => {
    if (!dryRun && batch.length > 0) await client.deleteMany(bucket, batch, { signal })
    removed.push(...batch)
    batch = []
  }
  for await (const entry of client.list(bucket, { prefix, signal })) {
    if (entry.kind === 'object' && passes(entry.key.slice(prefix.length))) batch.push(entry.key)
    if (batch.length >= BATCH) await flush()
  }
  await flush()
  return removed
}
