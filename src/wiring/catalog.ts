// The domain's questions about objects, answered by the embedded store.
import { AppError } from '../api/error.ts'
import type { ListedObject, ObjectCatalog } from '../job/ports.ts'
import { bucketNameProblem } from '../storage/object-url.ts'
import type { ListPage } from '../storage/server/list-objects.ts'
import type { ProjectObjects } from '../storage/server/project-objects.ts'
import { StorageError } from '../storage/server/storage-error.ts'

/** What a store elsewhere refuses or does not answer is told as such. */
async function telling<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StorageError && error.foreign && error.status !== 404)
      throw new AppError('StorageUnavailable', error.message, { cause: error })
    throw error
  }
}

/** Names that could not be a bucket or key are simply not there. Throws AppError StorageUnavailable for stores elsewhere. */
export function catalogOf(store: ProjectObjects): ObjectCatalog {
  const catalog = plainCatalogOf(store)
  return {
    bucketExists: (bucket) => telling(() => catalog.bucketExists(bucket)),
    list: (...args) => telling(() => catalog.list(...args)),
    listNames: (...args) => telling(() => catalog.listNames(...args)),
    objectExists: (...args) => telling(() => catalog.objectExists(...args)),
  }
}

function plainCatalogOf(store: ProjectObjects): ObjectCatalog {
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
        if (error instanceof StorageError && (!error.foreign || error.status === 404)) return false
        throw error
      }
    },
  }
}
