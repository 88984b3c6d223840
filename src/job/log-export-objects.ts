// Logs as objects. An object cannot be appended to, so a log is cut into parts of equal size; only the last one is
// written again when the log has grown. Parts one after the other are the log, byte for byte.
import type { LogExportTarget } from './check-log-export.ts'

/** Size of every part but the last, in bytes. */
export const PART_BYTES = 64 << 20
const PIECE_BYTES = 1 << 20

/** Object storage as the export needs it: the embedded store, or a remote one. */
export interface ObjectSink {
  /** Makes or replaces a whole object; readers see the old or the new one. Rejects when the store refuses or `signal` aborts. */
  put(
    object: { readonly bucket: string; readonly key: string; readonly sizeBytes: number },
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void>
}

/** A log up to a length; what stands before that never changes. */
export type LogSource = {
  readonly nameOf: (part: number) => string
  readonly endBytes: number
  readonly read: (offset: number, limit: number) => Promise<Uint8Array>
}

/** Where logs are brought. */
export interface LogSink {
  /**
   * Brings the source's bytes from `doneBytes` on; yields how far it has come each time something cannot be lost any
   * more. A `doneBytes` that is too small only costs work. Rejects with a sentence when the target refuses.
   */
  write(source: LogSource, doneBytes: number, signal: AbortSignal): AsyncGenerator<number, void>
}

/** Logs below a prefix of a bucket. */
export function objectLogSink(
  objects: ObjectSink,
  { bucket, prefix }: Extract<LogExportTarget, { kind: 'objects' }>,
  partBytes = PART_BYTES,
): LogSink {
  return {
    async *write({ nameOf, endBytes, read }, doneBytes, signal) {
      for (let part = Math.floor(doneBytes / partBytes); part * partBytes < endBytes; part++) {
        const from = part * partBytes
        const to = Math.min(endBytes, from + partBytes)
        const object = { bucket, key: `${prefix}${nameOf(part)}`, sizeBytes: to - from }
        await objects.put(object, piecesOf(read, from, to, signal), signal)
        yield to
      }
    },
  }
}

/** The bytes of a range in pieces of 1 MiB. */
export async function* piecesOf(
  read: LogSource['read'],
  from: number,
  to: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  for (let offset = from; offset < to; ) {
    signal.throwIfAborted()
    const piece = await read(offset, Math.min(PIECE_BYTES, to - offset))
    if (piece.length === 0) throw new Error(`the log ends at byte ${offset} and not at ${to}`)
    yield piece
    offset += piece.length
  }
}
