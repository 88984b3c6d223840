// The domain's questions about objects, answered by the embedded store.
import type { ObjectCatalog } from '../job/ports.ts'
import { bucketNameProblem } from '../storage/object-url.ts'
import type { ObjectStore } from '../storage/server/object-store.ts'
import { StorageError } from '../storage/server/storage-error.ts'

/** Names that could not be a bucket or key are simply not there. */
export function catalogOf(store: ObjectStore): ObjectCatalog {
  const hasBucket = async (bucket: string) =>
    bucketNameProblem(bucket) === undefined && (await store.bucketExists(bucket))
  return {
    bucketExists: hasBucket,
    async listKeys(bucket, prefix, limit) {
      if (!(await hasBucket(bucket))) return []
      const { objects } = await store.list({ bucket, prefix, limit: limit + 1 })
      // The marker of the folder itself is no content.
      return objects
        .map(({ key }) => key.slice(prefix.length))
        .filter((key) => key !== '')
        .slice(0, limit)
    },
    async objectExists(bucket, key) {
      try {
        await store.head(bucket, key)
        return true
      } catch (error) {
        if (error instanceof StorageError) return false
        throw error
      }
    },
  }
}
