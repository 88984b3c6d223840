// Which logs of ended jobs go, and why. Pure.
import { sizeText } from '../lib/size.ts'

export type EndedLogs = { readonly jobId: string; readonly endedAtMs: number; readonly sizeBytes: number }

export type RetentionRules = {
  readonly logBytes: number | null
  readonly logDays: number | null
  /** All logs, those of running jobs too. */
  readonly totalBytes: number
  readonly nowMs: number
}

const DAY_MS = 24 * 3600_000

/**
 * What to remove, each with a sentence for the job. First what is older than `logDays`; then, while all logs together
 * are over `logBytes`, those of the job that ended first.
 */
export function logsToRemove(
  ended: readonly EndedLogs[],
  { logBytes, logDays, totalBytes, nowMs }: RetentionRules,
): { readonly jobId: string; readonly why: string }[] {
  let leftBytes = totalBytes
  const found: { jobId: string; why: string }[] = []
  for (const { jobId, endedAtMs, sizeBytes } of ended.toSorted((a, b) => a.endedAtMs - b.endedAtMs)) {
    const tooOld = logDays !== null && nowMs - endedAtMs > logDays * DAY_MS
    const tooMuch = logBytes !== null && leftBytes > logBytes
    if (!tooOld && !tooMuch) break
    leftBytes -= sizeBytes
    found.push({ jobId, why: tooOld ? agedOut(logDays) : overBudget(logBytes ?? 0) })
  }
  return found
}

const agedOut = (days: number): string =>
  `The logs were removed: this installation keeps them for ${days} ${days === 1 ? 'day' : 'days'} after a job's end.`

const overBudget = (bytes: number): string =>
  `The logs were removed: all logs together took more than the ${sizeText(bytes)} this installation keeps, and this job was the one that ended first.`
