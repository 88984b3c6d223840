// Writes many small pieces as few large ones: one trip to the thread pool per call, not per piece.
import type { FileHandle } from 'node:fs/promises'

/** Writes all bytes of `pieces` one behind the other from `position` on. Rejects when the disk is full. */
export async function writePieces(handle: FileHandle, pieces: Uint8Array[], position: number): Promise<void> {
  const wanted = pieces.reduce((sum, piece) => sum + piece.length, 0)
  let { bytesWritten: done } = await handle.writev(pieces, position)
  if (done === wanted) return
  // A short write happens just before a disk is full; going on brings the rest out, or the reason.
  const whole = Buffer.concat(pieces)
  while (done < wanted) done += (await handle.write(whole, done, wanted - done, position + done)).bytesWritten
}
