// Counts what a transfer has moved and tells whoever listens, with the rate of the last seconds.
import type { TransferOptions } from './transfer-types.ts'

export type Counter = {
  bytes(count: number): void
  file(): void
}

/** The rate is that of so long a time; short enough to follow the line, long enough to be readable. */
const WINDOW_MS = 4_000
const SAMPLE_MS = 200

type Sample = { readonly at: number; readonly bytes: number }

/** A counter with known totals. */
export function countProgress(
  onProgress: TransferOptions['onProgress'],
  totalFiles: number,
  totalBytes: number,
  now: () => number = () => performance.now(),
): Counter {
  let files = 0
  let bytes = 0
  const samples: Sample[] = [{ at: now(), bytes: 0 }]
  const rate = (): number => {
    const at = now()
    if (at - (samples.at(-1)?.at ?? 0) >= SAMPLE_MS) samples.push({ at, bytes })
    while (samples.length > 2 && at - (samples[1]?.at ?? at) > WINDOW_MS) samples.shift()
    const [first] = samples
    return first === undefined || at <= first.at ? 0 : ((bytes - first.bytes) * 1000) / (at - first.at)
  }
  const tell = () => {
    if (onProgress === undefined) return
    const bytesPerSecond = rate()
    const etaMs = bytesPerSecond > 0 ? ((totalBytes - bytes) / bytesPerSecond) * 1000 : undefined
    onProgress({ files, bytes, totalFiles, totalBytes, bytesPerSecond, etaMs })
  }
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
