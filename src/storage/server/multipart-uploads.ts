// Multipart uploads. Parts are body files of their own; completing writes one small file that lists them
// and one row, so a huge object costs no second copy of its bytes.
import { newShortId } from '../../lib/id.ts'
import { combineCrc32, crc32Text, parseCrc32 } from '../crc32.ts'
import { multipartEtag } from '../multipart-etag.ts'
import type { ObjectHeaders, ObjectInfo, PartRow, UploadRow } from './object-row.ts'
import { StorageError } from './storage-error.ts'
import {
  checkTarget,
  commitObject,
  findObject,
  type StoreContext,
  type WriteCondition,
} from './store-context.ts'
import { writeBody } from './write-body.ts'

/** OBS's limit; S3's is 5 MiB. */
export const MIN_PART_BYTES = 100 * 1024
export const MAX_PARTS = 10_000

export type UploadTarget = { readonly bucket: string; readonly key: string; readonly uploadId: string }

/** A part to store; `md5` is what its data must have, in hex. */
export type PartInput = UploadTarget & {
  readonly number: number
  readonly body: AsyncIterable<Uint8Array>
  /** Bytes of the body where they are known. */
  readonly size?: number | undefined
  readonly md5?: string
}

/** What a client says it uploaded. The ETag is without quotes. */
export type ListedPart = { readonly number: number; readonly etag: string }

function findUpload(context: StoreContext, target: UploadTarget): UploadRow {
  checkTarget(context, target.bucket, target.key)
  const upload = context.index.upload(target.uploadId)
  if (!upload || upload.bucket !== target.bucket || upload.key !== target.key)
    throw new StorageError('NoSuchUpload')
  return upload
}

/** Begins an upload and returns its id. */
export async function startUpload(
  context: StoreContext,
  target: { bucket: string; key: string } & ObjectHeaders,
): Promise<string> {
  const { bucket, key, headers, metadata } = target
  checkTarget(context, bucket, key)
  const id = newShortId(32)
  const startedMs = context.clock.now().getTime()
  await context.commits.run([], () => {
    checkTarget(context, bucket, key)
    context.index.addUpload({ id, bucket, key, startedMs, headers, metadata })
  })
  return id
}

/** Stores one part; uploading a number again replaces it. Number is 1 to 10,000. */
export async function putPart(context: StoreContext, target: PartInput): Promise<PartRow> {
  const { uploadId, number } = target
  findUpload(context, target)
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS)
    throw new StorageError('InvalidArgument', `partNumber must be 1 to ${MAX_PARTS}, got ${number}`)
  const describe = (written: { size: number }) =>
    ({ kind: 'part', uploadId, number, size: written.size }) as const
  const { file, size, md5, crc32 } = await writeBody(context.files, target.body, describe, target.md5)
  const modifiedMs = context.clock.now().getTime()
  const part = { uploadId, number, file, size, etag: md5, crc32, modifiedMs }
  let replaced: PartRow | undefined
  try {
    replaced = await context.commits.run([context.files.folderOf(file)], () => {
      findUpload(context, target)
      const old = context.index.part(uploadId, number)
      context.index.putPart(part)
      return old
    })
  } catch (error) {
    await context.files.remove([file])
    throw error
  }
  if (replaced) await context.files.remove([replaced.file])
  return part
}

/** The parts of an unfinished upload by number. */
export function listParts(
  context: StoreContext,
  target: UploadTarget,
): { upload: UploadRow; parts: PartRow[] } {
  const upload = findUpload(context, target)
  return { upload, parts: context.index.parts(upload.id) }
}

function chooseParts(stored: readonly PartRow[], listed: readonly ListedPart[]): PartRow[] {
  const byNumber = new Map(stored.map((part) => [part.number, part]))
  if (listed.some((part, at) => part.number <= (listed[at - 1]?.number ?? 0)))
    throw new StorageError('InvalidPartOrder')
  return listed.map((wanted, at) => {
    const part = byNumber.get(wanted.number)
    if (!part || part.etag !== wanted.etag)
      throw new StorageError(
        'InvalidPart',
        `Part ${wanted.number} was never uploaded, or its ETag is another`,
      )
    if (at < listed.length - 1 && part.size < MIN_PART_BYTES)
      throw new StorageError(
        'EntityTooSmall',
        `Part ${part.number} has ${part.size} bytes, fewer than ${MIN_PART_BYTES}`,
      )
    return part
  })
}

/** CRC-32 of the whole; undefined when a part is from before it was kept. */
function crc32OfParts(parts: readonly PartRow[]): string | undefined {
  let whole = 0
  for (const part of parts) {
    const crc = part.crc32 === undefined ? undefined : parseCrc32(part.crc32)
    if (crc === undefined) return undefined
    whole = combineCrc32(whole, crc, part.size)
  }
  return crc32Text(whole)
}

/**
 * Makes the object of the listed parts. Asking again after a success gives the same answer, because the
 * client may not have heard the first one.
 */
export async function completeUpload(
  context: StoreContext,
  target: UploadTarget & { parts: readonly ListedPart[]; onlyIf?: WriteCondition },
): Promise<ObjectInfo> {
  const { bucket, key, uploadId, parts: listed } = target
  if (listed.length === 0) throw new StorageError('MalformedXML', 'No part is listed')
  const etag = multipartEtag(listed.map((part) => part.etag))
  checkTarget(context, bucket, key)
  if (!context.index.upload(uploadId) && context.index.object(bucket, key)?.etag === etag)
    return findObject(context, bucket, key)
  const { headers, metadata } = findUpload(context, target)
  const chosen = chooseParts(context.index.parts(uploadId), listed)
  const segments = chosen.map(({ file, size }) => ({ file, size }))
  const size = segments.reduce((sum, segment) => sum + segment.size, 0)
  const facts = {
    bucket,
    key,
    size,
    etag,
    modifiedMs: context.clock.now().getTime(),
    headers,
    metadata,
    segments,
    crc32: crc32OfParts(chosen),
  }
  const seq = context.nextSeq()
  const { file } = await writeBody(context.files, nothing(), () => ({ kind: 'object', ...facts, seq }))
  return commitObject(context, { ...facts, seq, file }, target.onlyIf ?? {}, () => {
    findUpload(context, target)
    const now = context.index.parts(uploadId)
    const current = new Set(now.map((part) => part.file))
    if (!segments.every((segment) => current.has(segment.file)))
      throw new StorageError('InvalidPart', 'A part was replaced while the upload was being completed')
    context.index.removeUpload(uploadId)
    const used = new Set(segments.map((segment) => segment.file))
    return now.map((part) => part.file).filter((one) => !used.has(one))
  })
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Forgets an upload and removes its parts. */
export async function abortUpload(context: StoreContext, target: UploadTarget): Promise<void> {
  const gone = await context.commits.run(
    [],
    () => {
      const upload = findUpload(context, target)
      const parts = context.index.parts(upload.id)
      context.index.removeUpload(upload.id)
      return parts.map((part) => part.file)
    },
    { freesSpace: true },
  )
  await context.files.remove(gone)
  await context.reserve.hold()
}
