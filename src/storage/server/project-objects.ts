// What a project may do with its objects, wherever they are: the seam between the object server and the embedded
// store, a store elsewhere, or several of both.
import type { ListInput, ListPage } from './list-objects.ts'
import type { ListedPart, PartInput, UploadTarget } from './multipart-uploads.ts'
import type { BucketRow, ObjectHeaders, ObjectInfo, PartRow, UploadRow } from './object-row.ts'
import type { WriteCondition } from './store-context.ts'

/** An object to store. ETag conditions in `onlyIf` hold when it becomes visible, or it does not. */
export type PutInput = Partial<ObjectHeaders> & {
  readonly bucket: string
  readonly key: string
  readonly body: AsyncIterable<Uint8Array>
  /** Bytes of the body where they are known; only a store elsewhere has to know. */
  readonly size?: number | undefined
  readonly onlyIf?: WriteCondition
  /** What the data must have, in hex; else BadDigest. */
  readonly md5?: string
}

export type ObjectPlace = { readonly bucket: string; readonly key: string }

/** An object held open; facts and bytes stay those of one version. Dispose it when done. */
export type OpenObject = AsyncDisposable & {
  readonly info: ObjectInfo
  /** The bytes from `start` up to, not including, `end`, in pieces that stay valid. */
  stream(start?: number, end?: number): AsyncGenerator<Buffer>
}

/** Every method throws StorageError for what a caller can do wrong, and for a full disk. */
export interface ProjectObjects {
  /** False when the bucket exists already. Throws BucketAlreadyExists when it is another project's. */
  createBucket(name: string): Promise<boolean>
  bucketExists(name: string): Promise<boolean>
  /** By name. */
  listBuckets(): Promise<BucketRow[]>
  deleteBucket(name: string): Promise<void>
  /** Stores an object; it is durable when this resolves. If `body` throws, nothing is left of it. */
  put(input: PutInput): Promise<ObjectInfo>
  /** Copies an object with its headers and metadata, unless `replace` gives others. */
  copy(
    from: ObjectPlace,
    to: ObjectPlace & { readonly replace?: ObjectHeaders; readonly onlyIf?: WriteCondition },
  ): Promise<ObjectInfo>
  head(bucket: string, key: string): Promise<ObjectInfo>
  read(bucket: string, key: string): Promise<OpenObject>
  /** Deletes objects; absent ones are fine. */
  delete(bucket: string, keys: readonly string[]): Promise<void>
  /** One page of a bucket's keys. */
  list(input: ListInput): Promise<ListPage>
  startUpload(target: ObjectPlace & ObjectHeaders): Promise<string>
  putPart(target: PartInput): Promise<Pick<PartRow, 'number' | 'size' | 'etag' | 'modifiedMs' | 'crc32'>>
  completeUpload(
    target: UploadTarget & { readonly parts: readonly ListedPart[]; readonly onlyIf?: WriteCondition },
  ): Promise<ObjectInfo>
  abortUpload(target: UploadTarget): Promise<void>
  listParts(target: UploadTarget): Promise<{ upload: UploadRow; parts: PartRow[] }>
  /** Unfinished uploads by key. */
  listUploads(bucket: string, prefix?: string): Promise<UploadRow[]>
}

/** Everybody's objects; each project sees its own. */
export type ObjectsOfProjects = { within(projectId: string): ProjectObjects }
