// Logs as the server has them.
import { createHash } from 'node:crypto'
import type { Ropeway } from './harness.ts'

/** A task's own lines, without the platform's and empty ones. */
export const ownLines = (log = ''): string[] =>
  log.split('\n').filter((line) => line !== '' && !line.startsWith('['))

/** sha256 of a whole stream of a job's first task, read piece by piece. */
export async function storedSha256(ropeway: Ropeway, jobId: string, stream: string): Promise<string> {
  const hash = createHash('sha256')
  for (let offset = 0; ; ) {
    const piece = await ropeway.client.readLog(jobId, { task: 'worker-0', stream, offset })
    if (piece.bytes.length === 0) return hash.digest('hex')
    hash.update(piece.bytes)
    offset = piece.next
  }
}
