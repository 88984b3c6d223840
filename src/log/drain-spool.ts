// Takes over what a task had printed but not yet sent when it ended, from the spool its launcher left on disk.
// Spool and stream count bytes alike, so this can be cut off anywhere and run again.
import type { SpoolRead } from '../lib/spool-segments.ts'
import type { LogStore } from './log-store.ts'
import { isStreamName, type StreamKey } from './stream-key.ts'

const PIECE_BYTES = 1 << 20
/** Missing bytes are filled up to here; the spool is the task's to write, so its word is not worth a full disk. */
const MAX_FILL_BYTES = 16 << 20

export type DrainOptions = {
  readonly store: LogStore
  readonly key: StreamKey
  /** Bytes of the spool from an offset; empty at its end. */
  readonly read: (offset: number, maxBytes: number) => Promise<SpoolRead>
  readonly signal?: AbortSignal
}

/** `appended` of the spool's bytes were missing; `lostBytes` stood neither in the spool nor in the log. */
export type Drained = { readonly appended: number; readonly lostBytes: number }

/**
 * Appends what is missing. A stream whose name no launcher makes is left alone. Where the spool itself misses bytes,
 * a line saying how many stands in their place, filled up with NUL so that every later byte keeps its offset; a gap
 * over 16 MiB ends the work there.
 */
export async function drainSpool({ store, key, read, signal }: DrainOptions): Promise<Drained> {
  if (!isStreamName(key.stream)) return { appended: 0, lostBytes: 0 }
  let offset = await store.taken(key)
  let appended = 0
  let lostBytes = 0
  for (;;) {
    signal?.throwIfAborted()
    const { gapBytes, bytes } = await read(offset, PIECE_BYTES)
    if (bytes.length === 0) return { appended, lostBytes }
    lostBytes += gapBytes
    if (gapBytes > MAX_FILL_BYTES) return { appended, lostBytes }
    const piece = gapBytes === 0 ? bytes : Buffer.concat([filler(gapBytes), bytes])
    const { accepted, length } = await store.append(key, offset, piece)
    // Somebody else appended meanwhile (the launcher's last request): go on from where that ended.
    if (accepted) appended += bytes.length
    offset = length
  }
}

function filler(sizeBytes: number): Buffer {
  const line = `[ModelArts Service Log] ${sizeBytes} bytes of this log are lost\n`
  const buffer = Buffer.alloc(sizeBytes)
  // Written at the end, so that the line stands before the next one; a smaller gap gets its last part.
  const text = Buffer.from(line).subarray(-sizeBytes)
  text.copy(buffer, sizeBytes - text.length)
  return buffer
}
