// Counts what a transfer has moved and tells whoever listens.
import type { TransferOptions } from './transfer-types.ts'

export type Counter = {
  bytes(count: number): void
  file(): void
}

/** A counter with known totals. */
export function countProgress(
  onProgress: TransferOptions['onProgress'],
  totalFiles: number,
  totalBytes: number,
): Counter {
  let files = 0
  let bytes = 0
  const tell = () => onProgress?.({ files, bytes, totalFiles, totalBytes })
  return {
    bytes: (count) => {
      bytes += count
      tell()
    },
    file: () => {
      files += 1
      tell()
    },
  }
}
