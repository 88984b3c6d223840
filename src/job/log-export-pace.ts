// How often and how much at a time logs are brought out. Pure.
import { PART_BYTES } from './log-export-objects.ts'

const BASE_MS = 5_000
const LONGEST_RETRY_MS = 60_000
const STEP_BYTES = 8 << 20

/** Bytes of the part that is still growing. */
export const openBytes = (length: number): number => length % PART_BYTES

/**
 * Pause between two writes of a growing part: it is written as a whole each time, so a larger one has to wait longer;
 * this keeps it under 2 MB/s for each log. Small logs are written every 5 s, as ModelArts does.
 */
export const rewritePauseMs = (sizeBytes: number): number => {
  const steps = Math.floor(sizeBytes / STEP_BYTES)
  // A round that comes a little early must not leave a small log for the next one.
  return steps === 0 ? 0 : steps * BASE_MS
}

/** Pause after so many failures in a row: 5 s, doubling up to a minute. */
export const retryPauseMs = (failures: number): number =>
  Math.min(LONGEST_RETRY_MS, BASE_MS * 2 ** Math.min(failures - 1, 10))

/** Works on all items, at most `atOnce` at a time. Rejects with the first error, after all began work has ended. */
export async function forEachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values()
  const lane = async (): Promise<void> => {
    for (const item of left) await work(item)
  }
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, lane))
  const failed = ended.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
