// The object store of one folder: immutable body files, one SQLite row per object as its commit.
// It works on its process' event loop, in slices (docs/adr/0007-event-loop.md).
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { bucketNameProblem } from '../object-url.ts'
import { BodyFiles } from './body-files.ts'
import type { Trailer } from './body-trailer.ts'
import { alignMarkers, removeMarker, writeMarker } from './bucket-markers.ts'
import { DiskReserve } from './disk-reserve.ts'
import { GroupCommit } from './group-commit.ts'
import { type ListInput, type ListPage, listObjects } from './list-objects.ts'
import * as multipart from './multipart-uploads.ts'
import { ObjectIndex } from './object-index.ts'
import { ObjectReader } from './object-reader.ts'
import {
  type BucketRow,
  filesOf,
  type ObjectHeaders,
  type ObjectInfo,
  type PartRow,
  type UploadRow,
} from './object-row.ts'
import type { ProjectObjects, PutInput } from './project-objects.ts'
import { rebuildIndex } from './rebuild-index.ts'
import { StorageError } from './storage-error.ts'
import {
  checkTarget,
  commitObject,
  findObject,
  type StoreContext,
  seesBucket,
  type WriteCondition,
} from './store-context.ts'
import { sweep } from './sweep.ts'
import { type Written, writeBody } from './write-body.ts'

/** The buckets of nobody, and the way to everybody's. Every method throws StorageError for what a caller can do wrong, and for a full disk. */
export class ObjectStore implements ProjectObjects, AsyncDisposable {
  #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** The same store as one project sees it: its own buckets and no others. */
  within(project: string): ProjectObjects {
    return new ObjectStore({ ...this.#context, project })
  }

  /** False when the bucket exists already. Throws BucketAlreadyExists when it is another project's. */
  async createBucket(name: string): Promise<boolean> {
    const { dir, index, commits, clock, project } = this.#context
    const problem = bucketNameProblem(name)
    if (problem !== undefined) throw new StorageError('InvalidBucketName', problem)
    const owner = index.bucketOwner(name)
    if (owner === project) return false
    if (owner !== undefined) throw new StorageError('BucketAlreadyExists')
    const bucket = { name, createdMs: clock.now().getTime(), project }
    await writeMarker(dir, bucket)
    if (await commits.run([], () => index.addBucket(bucket))) return true
    // Another one was quicker with the name: the note has to say whose it is.
    const [made] = index.buckets().filter((one) => one.name === name)
    if (made) await writeMarker(dir, made)
    if (made?.project !== project) throw new StorageError('BucketAlreadyExists')
    return false
  }

  async bucketExists(name: string): Promise<boolean> {
    return seesBucket(this.#context, name)
  }

  /** By name. */
  async listBuckets(): Promise<BucketRow[]> {
    const { index, project } = this.#context
    return index.buckets().filter((bucket) => bucket.project === project)
  }

  async deleteBucket(name: string): Promise<void> {
    const { dir, index, commits } = this.#context
    await commits.run([], () => {
      checkTarget(this.#context, name)
      if (index.bucketInUse(name)) throw new StorageError('BucketNotEmpty')
      index.removeBucket(name)
    })
    await removeMarker(dir, name)
  }

  /** Stores an object; on disk when this resolves. If `body` throws, nothing is left of it. */
  async put(input: PutInput): Promise<ObjectInfo> {
    const { bucket, key, headers = {}, metadata = {} } = input
    checkTarget(this.#context, bucket, key)
    const modifiedMs = this.#context.clock.now().getTime()
    let seq = 0
    const describe = (written: Written): Trailer => {
      seq = this.#context.nextSeq()
      const { size, md5: etag, crc32 } = written
      const facts = { size, etag, crc32, modifiedMs, headers, metadata }
      return { kind: 'object', bucket, key, seq, ...facts, segments: null }
    }
    const written = await writeBody(this.#context.files, input.body, describe, input.md5)
    const { file, size, md5: etag, crc32 } = written
    const facts = { size, etag, crc32, modifiedMs, headers, metadata }
    const row = { bucket, key, seq, file, segments: null, ...facts }
    return commitObject(this.#context, row, input.onlyIf ?? {})
  }

  /** Copies an object with its headers and metadata, unless `replace` gives others. */
  async copy(
    from: { bucket: string; key: string },
    to: { bucket: string; key: string; replace?: ObjectHeaders; onlyIf?: WriteCondition },
  ): Promise<ObjectInfo> {
    await using reader = await this.read(from.bucket, from.key)
    const { headers, metadata } = to.replace ?? reader.info
    const { bucket, key, onlyIf = {} } = to
    return await this.put({ bucket, key, headers, metadata, onlyIf, body: reader.stream() })
  }

  async head(bucket: string, key: string): Promise<ObjectInfo> {
    return findObject(this.#context, bucket, key)
  }

  /** Holds an object open for reading; dispose the reader. */
  async read(bucket: string, key: string): Promise<ObjectReader> {
    return new ObjectReader(this.#context.files, findObject(this.#context, bucket, key))
  }

  /** Deletes objects, durably when this resolves; absent ones are fine. All of them or, on an error, none. */
  async delete(bucket: string, keys: readonly string[]): Promise<void> {
    const { index, files, commits } = this.#context
    for (const key of keys) checkTarget(this.#context, bucket, key)
    const gone = await commits.run(
      [],
      () => {
        checkTarget(this.#context, bucket)
        return keys.flatMap((key) => {
          const row = index.object(bucket, key)
          index.removeObject(bucket, key)
          return row ? filesOf(row) : []
        })
      },
      { freesSpace: true },
    )
    await files.remove(gone)
    await this.#context.reserve.hold()
  }

  /** One page of a bucket's keys. */
  async list(input: ListInput): Promise<ListPage> {
    checkTarget(this.#context, input.bucket)
    return listObjects(this.#context.index, input)
  }

  startUpload(target: { bucket: string; key: string } & ObjectHeaders): Promise<string> {
    return multipart.startUpload(this.#context, target)
  }

  putPart(target: multipart.PartInput): Promise<PartRow> {
    return multipart.putPart(this.#context, target)
  }

  completeUpload(
    target: multipart.UploadTarget & { parts: readonly multipart.ListedPart[]; onlyIf?: WriteCondition },
  ): Promise<ObjectInfo> {
    return multipart.completeUpload(this.#context, target)
  }

  abortUpload(target: multipart.UploadTarget): Promise<void> {
    return multipart.abortUpload(this.#context, target)
  }

  async listParts(target: multipart.UploadTarget): Promise<{ upload: UploadRow; parts: PartRow[] }> {
    return multipart.listParts(this.#context, target)
  }

  /** Unfinished uploads by key. */
  async listUploads(bucket: string, prefix = ''): Promise<UploadRow[]> {
    checkTarget(this.#context, bucket)
    return this.#context.index.uploads(bucket, prefix)
  }

  /** Waits for writes under way and closes the index. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.commits[Symbol.asyncDispose]()
    this.#context.index[Symbol.dispose]()
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/**
 * Opens the store in `dir`, making it when it is not there, and sweeps what a crash left behind. Multipart
 * uploads older than `staleUploadMs` (default 7 days) are aborted. When the index is missing but bodies are
 * there, the index is rebuilt first. Buckets of nobody become `heir`'s, as those made before there were projects.
 * Throws when another process has the store open.
 */
export async function openObjectStore(options: {
  dir: string
  clock: Clock
  staleUploadMs?: number
  heir?: string
}): Promise<ObjectStore> {
  const { dir, clock, staleUploadMs = 7 * 24 * 3600_000, heir = '' } = options
  const files = new BodyFiles(dir)
  await mkdir(files.root, { recursive: true, mode: 0o700 })
  const path = join(dir, 'objects.sqlite')
  // Without this, the sweep would take every body for an orphan.
  if (!(await exists(path))) await rebuildIndex(dir)
  const index = new ObjectIndex(path)
  try {
    if (heir !== '') index.adoptBuckets(heir)
    await alignMarkers(dir, index.buckets())
    await sweep(index, files, clock.now().getTime() - staleUploadMs)
  } catch (error) {
    index[Symbol.dispose]()
    throw error
  }
  let seq = index.maxSeq()
  const nextSeq = () => {
    seq += 1
    return seq
  }
  const reserve = new DiskReserve(dir)
  await reserve.hold()
  const commits = new GroupCommit(index.db, () => reserve.release())
  return new ObjectStore({ dir, index, files, commits, reserve, clock, nextSeq, project: '' })
}
