// Writing that waits for slow readers.
import { once } from 'node:events'
import type { OutputStream } from './context.ts'

/** Writes and, when the reader is behind, waits for it. Rejects with the signal's reason. */
export async function write(
  stream: OutputStream,
  data: string | Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  if (!stream.write(data)) await once(stream, 'drain', { signal })
}
