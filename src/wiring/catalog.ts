// The domain's questions about objects, answered by the embedded store.
import type { ListedObject, ObjectCatalog } from '../job/ports.ts'
import { bucketNameProblem } from '../storage/object-url.ts'
import type { ListPage } from '../storage/server/list-objects.ts'
import type { ProjectObjects } from '../storage/server/object-store.ts'
import { StorageError } from '../storage/server/storage-error.ts'

/** Names that could not be a bucket or key are simply not there. */
export function catalogOf(store: ProjectObjects): ObjectCatalog {
  const hasBucket = async (bucket: string) =>
    bucketNameProblem(bucket) === undefined && (await store.bucketExists(bucket))
  return {
    bucketExists: hasBucket,
    async list(bucket, prefix, limit) {
      const found: ListedObject[] = []
      if (!(await hasBucket(bucket))) return found
      let token: string | undefined
      do {
        const page: ListPage = await store.list({ bucket, prefix, ...(token ? { token } : {}) })
        for (const { key, size } of page.objects) {
          // The marker of the folder itself is no content.
          if (key.length > prefix.length) found.push({ key: key.slice(prefix.length), bytes: size })
        }
        token = page.next
      } while (token !== undefined && found.length < limit)
      return found.slice(0, limit)
    },
    async listNames(bucket, prefix, limit) {
      if (!(await hasBucket(bucket))) return []
      const { objects, prefixes } = await store.list({ bucket, prefix, delimiter: '/', limit: limit + 1 })
      return [...prefixes, ...objects.map(({ key }) => key)]
        .map((name) => name.slice(prefix.length))
        .filter((name) => name !== '')
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
