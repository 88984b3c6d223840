// Tells people how far a long transfer is, often at first and then less and less: it may take hours.
import type { TaskReport } from '../api/task.ts'
import { sizeText } from '../lib/size.ts'
import type { MoveProgress } from './ports.ts'
import type { TaskContext } from './task-context.ts'

type Stage = Extract<TaskReport, { kind: 'stage' }>['stage']

const FIRST_AFTER_MS = 5_000
const LONGEST_PAUSE_MS = 60_000

/** `12 of 300 files, 1.0 GiB of 20.0 GiB, 200.0 MiB/s, about 97 s left` */
export function progressText({ files, bytes, totalFiles, totalBytes }: MoveProgress, tookMs: number): string {
  const perSecond = rate(bytes, tookMs)
  const left = perSecond > 0 ? `, about ${Math.ceil((totalBytes - bytes) / perSecond)} s left` : ''
  return `${files} of ${totalFiles} files, ${sizeText(bytes)} of ${sizeText(totalBytes)}, ${rateText(bytes, tookMs)}${left}`
}

const rate = (bytes: number, tookMs: number): number => (bytes * 1000) / Math.max(tookMs, 1)

/** `200.0 MiB/s` */
export const rateText = (bytes: number, tookMs: number): string =>
  `${sizeText(Math.round(rate(bytes, tookMs)))}/s`

/** Runs a transfer, and tells of it as part of a stage when it takes long. */
export async function tellingProgress<T>(
  { tell, log }: Pick<TaskContext, 'tell' | 'log'>,
  stage: Stage,
  what: string,
  run: (onProgress: (progress: MoveProgress) => void) => Promise<T>,
): Promise<T> {
  const startMs = performance.now()
  let nextMs = startMs + FIRST_AFTER_MS
  let pauseMs = FIRST_AFTER_MS
  return await run((progress) => {
    const nowMs = performance.now()
    if (nowMs < nextMs) return
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    nextMs = nowMs + pauseMs
    const detail = `${what}: ${progressText(progress, nowMs - startMs)}`
    log.info(detail)
    tell({ kind: 'stage', stage, state: 'progress', detail, seconds: (nowMs - startMs) / 1000 })
  })
}
