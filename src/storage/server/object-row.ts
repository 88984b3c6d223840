// What the store knows of an object, an upload and a part. Plain data.

/** A bucket. `project` owns it, and nobody else sees it; empty where there are no projects. */
export type BucketRow = { readonly name: string; readonly createdMs: number; readonly project: string }

/** One piece of a body: a body file's name inside `bodies/` and how many of its bytes are data. */
export type Segment = { readonly file: string; readonly size: number }

/** HTTP headers kept with an object (`content-type`, `cache-control`, …) and user metadata without `x-amz-meta-`. */
export type ObjectHeaders = {
  readonly headers: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
}

/** An object in a list. `etag` is without quotes; `modifiedMs` is milliseconds since 1970. */
export type ObjectSummary = {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly modifiedMs: number
}

/** An object as callers see it. */
export type ObjectInfo = ObjectHeaders &
  ObjectSummary & {
    readonly bucket: string
    /** CRC-32 of the whole in base64; absent for objects from before it was kept. */
    readonly crc32?: string | undefined
  }

/**
 * An object as stored. `file` carries the trailer; its data is `file` itself, or `segments` when the object
 * was uploaded in parts. `seq` grows with every write, so of two bodies of one key the higher one is newer.
 */
export type ObjectRow = ObjectInfo & {
  readonly seq: number
  readonly file: string
  readonly segments: readonly Segment[] | null
}

/** A begun multipart upload. */
export type UploadRow = ObjectHeaders & {
  readonly id: string
  readonly bucket: string
  readonly key: string
  readonly startedMs: number
}

/** An uploaded part of a multipart upload. */
export type PartRow = Segment & {
  readonly uploadId: string
  readonly number: number
  readonly etag: string
  /** CRC-32 in base64. */
  readonly crc32?: string | undefined
  readonly modifiedMs: number
}

/** The body files an object's data is read from, in order. */
export const segmentsOf = (row: ObjectRow): readonly Segment[] =>
  row.segments ?? [{ file: row.file, size: row.size }]

/** Every file that goes when the object goes. */
export const filesOf = (row: ObjectRow): string[] => [
  row.file,
  ...(row.segments ?? []).map((segment) => segment.file),
]
