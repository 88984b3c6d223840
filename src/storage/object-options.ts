// What the calls of an object client take.
import { createHash } from 'node:crypto'
import type { ObjectFacts } from './object-answers.ts'
import type { ObjectBody } from './object-connection.ts'

export type CallOptions = { readonly signal?: AbortSignal | undefined }

export type GetOptions = CallOptions & {
  /** Bytes from `start` up to, not including, `end`. */
  readonly range?: { readonly start: number; readonly end: number } | undefined
  /** Only while the object has this ETag; else ObjectStoreError PreconditionFailed. */
  readonly ifMatch?: string | undefined
}

export type ListOptions = CallOptions & {
  readonly prefix?: string | undefined
  readonly delimiter?: string | undefined
  readonly pageSize?: number | undefined
}

/** Takes an object as it arrives; a throw ends the request with that error. */
export type GetSink = {
  onFacts(facts: ObjectFacts): void
  /** The bytes are valid only during the call. */
  onBytes(bytes: Buffer): void
}

export type PutOptions = CallOptions & {
  readonly contentType?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** May wait on a connection behind others like it. */
  readonly small?: boolean
  /** Without a second try: the caller has its own. */
  readonly once?: boolean
  /** Further headers in S3's spelling, such as a checksum. A body in memory without one is sent with its md5. */
  readonly headers?: Readonly<Record<string, string>>
}

export type UploadId = { readonly bucket: string; readonly key: string; readonly uploadId: string }

/** The signature does not cover bodies; an md5 among the signed headers does, at half the price of a sha256. */
export function checkedHeaders(
  body: Uint8Array | ObjectBody,
  { headers }: Pick<PutOptions, 'headers'>,
): Record<string, string> {
  if (headers !== undefined || !(body instanceof Uint8Array)) return { ...headers }
  return { 'content-md5': createHash('md5').update(body).digest('base64') }
}
