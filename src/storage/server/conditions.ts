// Conditional requests (RFC 9110 §13) and byte ranges (§14), as functions of an object's facts.
import type { ObjectSummary } from './object-row.ts'
import { StorageError } from './storage-error.ts'
import type { WriteCondition } from './store-context.ts'

type Headers = Readonly<Record<string, string>>

/** An ETag as it stands in a header, without quotes and weakness mark. */
export const bareEtag = (sent: string): string => sent.trim().replace(/^W\//, '').replace(/^"|"$/g, '')

const listed = (header: string, etag: string): boolean =>
  header.split(',').some((one) => one.trim() === '*' || bareEtag(one) === etag)

// HTTP dates have whole seconds.
const seconds = (ms: number): number => Math.floor(ms / 1000)

function dateOf(header: string | undefined): number | undefined {
  const ms = header === undefined ? Number.NaN : Date.parse(header)
  return Number.isNaN(ms) ? undefined : seconds(ms)
}

/**
 * Checks the conditions of a read. `prefix` is put before the header names (`x-amz-copy-source-` for copies,
 * where not modified is a failed precondition too). Throws PreconditionFailed or NotModified.
 */
export function checkReadConditions(headers: Headers, info: ObjectSummary, prefix = ''): void {
  const ifMatch = headers[`${prefix}if-match`]
  const ifNoneMatch = headers[`${prefix}if-none-match`]
  const modified = seconds(info.modifiedMs)
  if (ifMatch !== undefined) {
    if (!listed(ifMatch, info.etag))
      throw new StorageError('PreconditionFailed', 'The object has another ETag')
  } else {
    const since = dateOf(headers[`${prefix}if-unmodified-since`])
    if (since !== undefined && modified > since) throw new StorageError('PreconditionFailed')
  }
  const same = prefix === '' ? 'NotModified' : 'PreconditionFailed'
  if (ifNoneMatch !== undefined) {
    if (listed(ifNoneMatch, info.etag)) throw new StorageError(same)
    return
  }
  const since = dateOf(headers[`${prefix}if-modified-since`])
  if (since !== undefined && modified <= since) throw new StorageError(same)
}

/** The conditions of a write, for the store to check when it commits. */
export function writeCondition(headers: Headers): WriteCondition {
  const ifMatch = headers['if-match']
  const ifNoneMatch = headers['if-none-match']
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: bareEtag(ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: bareEtag(ifNoneMatch) }),
  }
}

/** Bytes from `start` up to, not including, `end`. */
export type ByteRange = { readonly start: number; readonly end: number }

/**
 * The one range a Range header asks for; undefined for the whole object, which is also what several ranges and
 * other units give (as in S3). Throws InvalidRange when nothing of it is inside the object.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  const [, first = '', last = ''] = match ?? []
  if (!match || (first === '' && last === '')) return undefined
  if (first === '') {
    const count = Math.min(Number(last), size)
    if (count === 0) throw new StorageError('InvalidRange')
    return { start: size - count, end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= size)
    throw new StorageError('InvalidRange', `The object has ${size} bytes, the range begins at ${start}`)
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}
