// Buffers that are used again: a fresh one for every file would be zeroed pages and work for the collector.

export type Buffers = {
  /** A buffer of at least `bytes`. */
  take(bytes: number): Buffer
  give(buffer: Buffer): void
}

const SMALLEST_BYTES = 64 * 1024
/** So many bytes of each size are kept. */
const KEPT_BYTES = 64 * 1024 * 1024

/** Buffers in sizes of powers of two. */
export function createBuffers(): Buffers {
  const free = new Map<number, Buffer[]>()
  const classOf = (bytes: number): number => 2 ** Math.ceil(Math.log2(Math.max(bytes, SMALLEST_BYTES)))
  return {
    take: (bytes) => free.get(classOf(bytes))?.pop() ?? Buffer.allocUnsafeSlow(classOf(bytes)),
    give: (buffer) => {
      const known = free.get(buffer.length) ?? []
      free.set(buffer.length, known)
      if ((known.length + 1) * buffer.length <= KEPT_BYTES) known.push(buffer)
    },
  }
}
