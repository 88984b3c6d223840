// How far a transfer is: a bar on a terminal, nothing elsewhere.
import type { SingleBar } from 'cli-progress'
import type { TransferProgress } from '../../storage/transfer/transfer-types.ts'
import type { CliContext } from '../context.ts'
import { formatDuration, formatSize } from '../table.ts'

const FORMAT = '{bar} {percentage}%  {done} of {all}  {files}/{allFiles} files  {speed}/s  {left}'

/** `report` takes what a transfer tells; `end` has to be called, also after a failure. */
export type ProgressBar = { report(progress: TransferProgress): void; end(): void }

/** A bar on standard error when that is a terminal. It appears with the first report. */
export async function openProgressBar({ stderr }: CliContext): Promise<ProgressBar> {
  if (!stderr.isTTY) return { report: () => undefined, end: () => undefined }
  const { SingleBar, Presets } = await import('cli-progress')
  let bar: SingleBar | undefined
  return {
    report: ({ files, bytes, totalFiles, totalBytes, bytesPerSecond, etaMs }) => {
      const facts = {
        done: formatSize(bytes),
        all: formatSize(totalBytes),
        files,
        allFiles: totalFiles,
        speed: formatSize(Math.round(bytesPerSecond)),
        left: etaMs !== undefined && etaMs > 1000 ? `${formatDuration(etaMs)} left` : '',
      }
      // Empty files count too: a total of 0 bytes would never be full.
      const value = totalBytes === 0 ? Number(files === totalFiles) : bytes
      if (bar) return bar.update(value, facts)
      bar = new SingleBar(
        { format: FORMAT, stream: stderr, hideCursor: true, barsize: 24, gracefulExit: false },
        Presets.shades_classic,
      )
      bar.start(Math.max(1, totalBytes), value, facts)
    },
    end: () => bar?.stop(),
  }
}
