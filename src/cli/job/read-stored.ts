// A log as far as it is stored now.
import type { LogChunk, RopewayClient } from '../../client/ropeway-client.ts'

const CHUNK_BYTES = 4 << 20

/** The bytes from first to last, of the present attempt. */
export async function* readStored(
  client: RopewayClient,
  id: string,
  task: string,
  stream: string,
  signal: AbortSignal,
): AsyncGenerator<LogChunk> {
  for (let offset = 0; ; ) {
    const chunk = await client.readLog(id, { task, stream, offset, limit: CHUNK_BYTES }, signal)
    if (chunk.bytes.length > 0) yield chunk
    if (chunk.end || chunk.bytes.length === 0) return
    offset = chunk.next
  }
}
