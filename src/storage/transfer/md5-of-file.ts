// The md5 of what was brought, read back from disk: of the whole, or of parts as the object was made of them, where the
// store says how long those were (HEAD ?partNumber=…, as S3, MinIO and Ceph answer it).
import { createHash } from 'node:crypto'
import { readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { multipartEtag } from '../multipart-etag.ts'
import type { Engine } from './engine.ts'
import type { FetchedFile } from './fetch-span.ts'
import { forEachParallel } from './parallel.ts'

/** Several files may be read back side by side. */
const READ_BYTES = 256 * 1024
const HEADS_AT_ONCE = 8

/** The md5 of a stretch of the file, in slices that let others run. */
export async function md5OfFile(
  fd: number,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('md5')
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  for (let position = start; position < end; ) {
    signal.throwIfAborted()
    const count = readSync(fd, buffer, 0, Math.min(buffer.length, end - position), position)
    if (count === 0) break
    hash.update(buffer.subarray(0, count))
    position += count
    await setImmediate()
  }
  return hash.digest('hex')
}

async function etagOfParts(fd: number, sizes: readonly number[], signal: AbortSignal): Promise<string> {
  const md5s: string[] = []
  let start = 0
  for (const size of sizes) {
    md5s.push(await md5OfFile(fd, start, start + size, signal))
    start += size
  }
  return multipartEtag(md5s)
}

/** Sizes of so many parts when all but the last are like the first; undefined when they cannot be. */
export function evenParts(size: number, first: number, count: number): number[] | undefined {
  const last = size - first * (count - 1)
  if (last <= 0 || last > first) return undefined
  return [...Array.from({ length: count - 1 }, () => first), last]
}

/** What every part has, asked one by one; undefined when the store does not say. */
async function askedParts(engine: Engine, file: FetchedFile, count: number): Promise<number[] | undefined> {
  const { client, bucket, signal } = engine
  const sizes: number[] = []
  const numbers = Array.from({ length: count }, (_, at) => at + 1)
  await forEachParallel(numbers, HEADS_AT_ONCE, signal, async (number, inner) => {
    sizes[number - 1] = (await client.partSize(bucket, file.key, number, { signal: inner })) ?? -1
  })
  const isWhole = sizes.every((size) => size >= 0) && sizes.reduce((sum, size) => sum + size, 0) === file.size
  return isWhole ? sizes : undefined
}

/**
 * What `md5-N` an object of these bytes would have, for an ETag of that form; undefined when the ETag is none, or the
 * store does not say how long the parts were. What comes back may be trusted to differ only for other bytes.
 */
export async function partsEtag(
  engine: Engine,
  file: FetchedFile,
  etag: string,
  fd: number,
): Promise<string | undefined> {
  const { client, bucket, signal } = engine
  const count = Number(/^[0-9a-f]{32}-(\d{1,5})$/.exec(etag)?.[1] ?? 0)
  if (count === 0) return undefined
  const first = await client.partSize(bucket, file.key, 1, { signal })
  if (first === undefined) return undefined
  const even = evenParts(file.size, first, count)
  const found = even && (await etagOfParts(fd, even, signal))
  if (found === etag) return found
  // Parts may be of any sizes; before we say that bytes are wrong, each is asked for.
  const asked = await askedParts(engine, file, count)
  return asked && etagOfParts(fd, asked, signal)
}
