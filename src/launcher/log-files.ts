// Which log files of a folder go to the job's log path now. Pure.
import { type FileFacts, filesToSend } from './output-files.ts'

/** A growing file up to this size goes out at every look; a larger one when it is at rest, or its square would travel. */
const GROWING_BYTES = 8 << 20

export type LogFilesDue<File> = {
  readonly due: readonly File[]
  /** Files that did not fit below the limit, and their bytes. */
  readonly leftOut: number
  readonly leftOutBytes: number
}

/**
 * Those that are new or changed, oldest first, as long as all that is brought together stays within `limitBytes`.
 * `before` is what the look before found; null when nothing is written any more.
 */
export function logFilesDue<File extends FileFacts>(
  found: readonly File[],
  sent: ReadonlyMap<string, FileFacts>,
  before: ReadonlyMap<string, FileFacts> | null,
  limitBytes: number,
  nowMs: number,
): LogFilesDue<File> {
  const changed = new Set(filesToSend(found, sent, null, nowMs))
  const settled = new Set(filesToSend(found, sent, before, nowMs))
  const names = new Set(found.map(({ name }) => name))
  // What was brought and is gone here, rotated away, is there all the same.
  let bytes = [...sent.values()].reduce((sum, { name, size }) => sum + (names.has(name) ? 0 : size), 0)
  const due: File[] = []
  const leftOut: File[] = []
  for (const file of [...found].sort((a, b) => a.modifiedMs - b.modifiedMs)) {
    if (bytes + file.size > limitBytes) {
      if (changed.has(file)) leftOut.push(file)
      continue
    }
    bytes += file.size
    if (changed.has(file) && (settled.has(file) || file.size <= GROWING_BYTES)) due.push(file)
  }
  return { due, leftOut: leftOut.length, leftOutBytes: leftOut.reduce((sum, { size }) => sum + size, 0) }
}
