// Is there room for a download? Asked before the first byte, because a disk that fills up half way through has cost
// the time of the download and leaves nobody room to clean up.
import { lstat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { forEachParallel } from './parallel.ts'
import type { PlannedFile } from './plan-download.ts'
import { TransferError } from './transfer-error.ts'

/** Throws TransferError NoRoom with the numbers. What is there already and will be replaced counts as room. */
export async function requireRoom(
  files: readonly PlannedFile[],
  dir: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const needed = files.reduce((sum, { size }) => sum + size, 0)
  const { bavail, bsize } = await statfs(dir)
  const free = bavail * bsize
  if (needed <= free) return
  let replaced = 0
  await forEachParallel(files, 8, signal, async ({ path }) => {
    replaced += (await lstat(join(dir, path)).catch(() => undefined))?.size ?? 0
  })
  if (needed <= free + replaced) return
  throw new TransferError(
    'NoRoom',
    `${files.length} objects of ${needed} bytes do not fit: the disk of ${dir} has ${free} bytes free`,
  )
}
