// What the pieces of the object store share, and the one way an object becomes visible.
import type { Clock } from '../../lib/clock.ts'
import { bucketNameProblem, keyProblem, MAX_KEY_BYTES } from '../object-url.ts'
import type { BodyFiles } from './body-files.ts'
import type { DiskReserve } from './disk-reserve.ts'
import type { GroupCommit } from './group-commit.ts'
import type { ObjectIndex } from './object-index.ts'
import { filesOf, type ObjectInfo, type ObjectRow } from './object-row.ts'
import { StorageError } from './storage-error.ts'

export type StoreContext = {
  readonly dir: string
  readonly index: ObjectIndex
  readonly files: BodyFiles
  readonly commits: GroupCommit
  readonly reserve: DiskReserve
  readonly clock: Clock
  /** Whose buckets are seen and made. */
  readonly project: string
  /** A number above all given out so far. */
  nextSeq(): number
}

/** A condition on the object that a write would replace. ETags are without quotes; `*` means any. */
export type WriteCondition = { readonly ifMatch?: string; readonly ifNoneMatch?: string }

/** A bucket of another project is as one that does not exist. */
export const seesBucket = ({ index, project }: StoreContext, bucket: string): boolean =>
  index.bucketOwner(bucket) === project

/** Throws InvalidBucketName, NoSuchBucket, KeyTooLongError or InvalidArgument. */
export function checkTarget(context: StoreContext, bucket: string, key?: string): void {
  const bucketProblem = bucketNameProblem(bucket)
  if (bucketProblem !== undefined) throw new StorageError('InvalidBucketName', bucketProblem)
  const problem = key === undefined ? undefined : keyProblem(key)
  if (problem !== undefined)
    throw new StorageError(
      Buffer.byteLength(key ?? '') > MAX_KEY_BYTES ? 'KeyTooLongError' : 'InvalidArgument',
      problem,
    )
  if (!seesBucket(context, bucket)) throw new StorageError('NoSuchBucket', `There is no bucket ${bucket}`)
}

/** The row of an object. Throws NoSuchKey besides what `checkTarget` throws. */
export function findObject(context: StoreContext, bucket: string, key: string): ObjectRow {
  checkTarget(context, bucket, key)
  const row = context.index.object(bucket, key)
  if (!row)
    throw new StorageError('NoSuchKey', `There is no object ${JSON.stringify(key)} in bucket ${bucket}`)
  return row
}

function checkCondition(old: ObjectRow | undefined, condition: WriteCondition): void {
  const holds = (etag: string) => old !== undefined && (etag === '*' || etag === old.etag)
  if (condition.ifMatch !== undefined && !holds(condition.ifMatch))
    throw new StorageError('PreconditionFailed')
  if (condition.ifNoneMatch !== undefined && holds(condition.ifNoneMatch))
    throw new StorageError('PreconditionFailed')
}

/**
 * Commits a row whose files are flushed, then removes what it replaced. `also` runs in the same transaction.
 * When it throws, the row's own file (not its segments) is removed.
 */
export async function commitObject(
  context: StoreContext,
  row: ObjectRow,
  condition: WriteCondition,
  also: () => readonly string[] = () => [],
): Promise<ObjectInfo> {
  const { index, files, commits } = context
  const apply = (): readonly string[] => {
    if (!seesBucket(context, row.bucket)) throw new StorageError('NoSuchBucket')
    const old = index.object(row.bucket, row.key)
    checkCondition(old, condition)
    const gone = also()
    // The numbers in the trailers decide when the index is rebuilt, so they decide here too.
    if (old && old.seq > row.seq) return [...gone, ...filesOf(row)]
    index.putObject(row)
    return old ? [...gone, ...filesOf(old)] : gone
  }
  let gone: readonly string[]
  try {
    gone = await commits.run([files.folderOf(row.file)], apply)
  } catch (error) {
    await files.remove([row.file])
    throw error
  }
  await files.remove(gone)
  return row
}
