// The bytes of an object in a store elsewhere, by way of the blocks that are kept on this machine.
import { BLOCK_BYTES, type BlockCache, type CachedObject } from '../block-cache.ts'
import type { ObjectClient } from '../object-client.ts'
import type { ObjectInfo } from '../server/object-row.ts'

export type ObjectCache = {
  readonly blocks: BlockCache
  /** Which store: blocks of one are not those of another. */
  readonly store: string
}

/** From `start` up to, not including, `end`. Pieces stay valid. Rejects with what the store answers. */
export async function* cachedBytes(
  client: ObjectClient,
  { blocks, store }: ObjectCache,
  { bucket, key, etag, size }: ObjectInfo,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  const object: CachedObject = { store, bucket, key, etag }
  for (let at = start; at < end; ) {
    const index = Math.floor(at / BLOCK_BYTES)
    const from = index * BLOCK_BYTES
    const to = Math.min(from + BLOCK_BYTES, size)
    const load = async () => ({
      bytes: await fetchRange(client, object, { start: from, end: to }, size),
      objectSize: size,
    })
    const { bytes } = await blocks.read(object, index, load)
    yield bytes.subarray(at - from, Math.min(end, to) - from)
    at = to
  }
}

/** Not bound to whoever asked first: others may wait for the same block. */
async function fetchRange(
  client: ObjectClient,
  { bucket, key, etag }: CachedObject,
  range: { readonly start: number; readonly end: number },
  size: number,
): Promise<Buffer> {
  const isWhole = range.start === 0 && range.end === size
  const { body } = await client.getStream(bucket, key, { ifMatch: etag, ...(isWhole ? {} : { range }) })
  const pieces: Buffer[] = []
  for await (const piece of body as AsyncIterable<Buffer>) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}
