// Writing with back-pressure.
import { drained } from '../lib/drained.ts'

/** Resolves when the bytes are on their way: whoever waits for it does not pile them up. */
export async function writeTo(stream: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> {
  if (!stream.write(bytes) && stream.writable) await drained(stream)
}
