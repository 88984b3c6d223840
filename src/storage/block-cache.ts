// Blocks of objects that lie in a store elsewhere, kept on this machine's disk: the tasks of a job fetch an input once
// between them, and the next job finds it here. A block is named by what it is part of, ETag included, so it is never
// stale; one that a power cut has damaged is recognised and fetched again.
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { newShortId } from '../lib/id.ts'

export const BLOCK_BYTES = 4 << 20

/** One object as it is at one moment. */
export type CachedObject = {
  /** Which store, such as its endpoint. */
  readonly store: string
  readonly bucket: string
  readonly key: string
  readonly etag: string
}

export type BlockCacheOptions = {
  readonly dir: string
  /** Most that all blocks together may take; those not asked for the longest go first. */
  readonly budgetBytes: number
  /** The disk keeps this much free, whatever the budget says. */
  readonly minFreeBytes: number
}

/** Behind the bytes of a block: their sum and the size of the whole object. */
const TRAILER_BYTES = 12
const ASIDE = '.aside-'

export type Block = { readonly bytes: Buffer; readonly objectSize: number }

/** Owns its folder; made by `openBlockCache`. */
export class BlockCache {
  readonly #options: BlockCacheOptions
  /** Name → bytes on disk, in the order they were last asked for. */
  readonly #kept: Map<string, number>
  readonly #loading = new Map<string, Promise<Block>>()
  #bytes = 0

  constructor(options: BlockCacheOptions, kept: ReadonlyMap<string, number>) {
    this.#options = options
    this.#kept = new Map(kept)
    for (const size of kept.values()) this.#bytes += size
  }

  /** On disk now. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Block `index` of an object. `load` is asked when the block is not here; callers at the same time share one load.
   * Rejects with what `load` rejects with. A disk that is full makes a cache that keeps nothing, and no failure.
   */
  async read(object: CachedObject, index: number, load: () => Promise<Block>): Promise<Block> {
    const name = nameOf(object, index)
    const found = await this.#find(name)
    if (found !== null) return found
    const under = this.#loading.get(name)
    if (under !== undefined) return await under
    const loading = load()
    this.#loading.set(name, loading)
    try {
      const block = await loading
      await this.#keep(name, block)
      return block
    } finally {
      this.#loading.delete(name)
    }
  }

  async #find(name: string): Promise<Block | null> {
    const size = this.#kept.get(name)
    if (size === undefined) return null
    const text = await readFile(this.#pathOf(name)).catch(() => null)
    const block = text === null ? null : unpack(text)
    // Asked for just now: the last to go.
    this.#kept.delete(name)
    if (block === null) {
      this.#bytes -= size
      return null
    }
    this.#kept.set(name, size)
    return block
  }

  async #keep(name: string, block: Block): Promise<void> {
    const size = block.bytes.length + TRAILER_BYTES
    if (size > this.#options.budgetBytes) return
    const aside = join(this.#options.dir, `${ASIDE}${newShortId()}`)
    try {
      const file = await open(aside, 'wx', 0o600)
      try {
        await file.writev([block.bytes, trailerOf(block)])
      } finally {
        await file.close()
      }
      await rename(aside, this.#pathOf(name))
    } catch {
      await rm(aside, { force: true })
      return
    }
    this.#bytes += size - (this.#kept.get(name) ?? 0)
    this.#kept.delete(name)
    this.#kept.set(name, size)
    await this.#makeRoom()
  }

  async #makeRoom(): Promise<void> {
    const { dir, budgetBytes, minFreeBytes } = this.#options
    const { bavail, bsize } = await statfs(dir)
    const allowedBytes = Math.min(budgetBytes, this.#bytes + bavail * bsize - minFreeBytes)
    for (const [name, size] of this.#kept) {
      if (this.#bytes <= allowedBytes) return
      this.#kept.delete(name)
      this.#bytes -= size
      await rm(this.#pathOf(name), { force: true })
    }
  }

  #pathOf(name: string): string {
    return join(this.#options.dir, name)
  }
}

/** Opens the folder, makes it if need be, and forgets what a crash left half written. */
export async function openBlockCache(options: BlockCacheOptions): Promise<BlockCache> {
  const { dir } = options
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const found: { name: string; size: number; usedMs: number }[] = []
  for (const name of await readdir(dir)) {
    if (name.startsWith(ASIDE)) await rm(join(dir, name), { force: true })
    const info = /^[0-9a-f]{64}-\d+$/.test(name) ? await stat(join(dir, name)).catch(() => null) : null
    if (info !== null) found.push({ name, size: info.size, usedMs: info.mtimeMs })
  }
  found.sort((a, b) => a.usedMs - b.usedMs)
  return new BlockCache(options, new Map(found.map(({ name, size }) => [name, size])))
}

function nameOf({ store, bucket, key, etag }: CachedObject, index: number): string {
  const words = JSON.stringify([store, bucket, key, etag])
  return `${createHash('sha256').update(words).digest('hex')}-${index}`
}

function trailerOf({ bytes, objectSize }: Block): Buffer {
  const trailer = Buffer.alloc(TRAILER_BYTES)
  trailer.writeUInt32BE(crc32(bytes), 0)
  trailer.writeBigUInt64BE(BigInt(objectSize), 4)
  return trailer
}

/** Null when the block is not as it was written. */
function unpack(text: Buffer): Block | null {
  if (text.length < TRAILER_BYTES) return null
  const bytes = text.subarray(0, -TRAILER_BYTES)
  const trailer = text.subarray(-TRAILER_BYTES)
  if (crc32(bytes) !== trailer.readUInt32BE(0)) return null
  return { bytes, objectSize: Number(trailer.readBigUInt64BE(4)) }
}
