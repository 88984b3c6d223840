// One project's buckets, some of them embedded, some in stores elsewhere. A bucket's name decides.
import type { ObjectPlace, ProjectObjects } from '../server/project-objects.ts'

/** The store a bucket is in; undefined for the embedded one. */
export type FindRemote = (bucket: string) => Promise<ProjectObjects | undefined>

export type Routes = {
  readonly find: FindRemote
  /** Buckets that are elsewhere. */
  readonly buckets: () => Promise<readonly string[]>
}

/** Both as one. Between stores, copies pass through here. */
export function routedObjects(embedded: ProjectObjects, routes: Routes): ProjectObjects {
  const of = async (bucket: string): Promise<ProjectObjects> => (await routes.find(bucket)) ?? embedded
  const at = async ({ bucket }: { readonly bucket: string }) => of(bucket)
  return {
    createBucket: async (name) => (await of(name)).createBucket(name),
    bucketExists: async (name) => (await of(name)).bucketExists(name),
    listBuckets: async () => {
      const elsewhere = (await routes.buckets()).map((name) => ({ name, createdMs: 0, project: '' }))
      const names = new Set(elsewhere.map(({ name }) => name))
      const here = (await embedded.listBuckets()).filter(({ name }) => !names.has(name))
      return [...here, ...elsewhere].sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    deleteBucket: async (name) => (await of(name)).deleteBucket(name),
    put: async (input) => (await at(input)).put(input),
    copy: async (from, to) => {
      const [source, target] = [await at(from), await at(to)]
      if (source === target) return target.copy(from, to)
      await using object = await source.read(from.bucket, from.key)
      const { bucket, key, onlyIf = {} } = to
      const { headers, metadata } = to.replace ?? object.info
      const body = object.stream()
      return await target.put({ bucket, key, headers, metadata, onlyIf, body, size: object.info.size })
    },
    head: async (bucket, key) => (await of(bucket)).head(bucket, key),
    read: async (bucket, key) => (await of(bucket)).read(bucket, key),
    delete: async (bucket, keys) => (await of(bucket)).delete(bucket, keys),
    list: async (input) => (await at(input)).list(input),
    startUpload: async (target) => (await at(target)).startUpload(target),
    putPart: async (target) => (await at(target)).putPart(target),
    completeUpload: async (target) => (await at(target)).completeUpload(target),
    abortUpload: async (target: ObjectPlace & { readonly uploadId: string }) =>
      (await at(target)).abortUpload(target),
    listParts: async (target) => (await at(target)).listParts(target),
    listUploads: async (bucket, prefix) => (await of(bucket)).listUploads(bucket, prefix),
  }
}
