// How a task ended, in one sentence: its exit code, and what was seen of its memory beside it. Pure.
import { explainExit } from '../api/exit-advice.ts'
import { sizeText } from '../lib/size.ts'

/** 128 + SIGKILL, and what Python makes of -9. */
const KILLED = [137, 247]

/** Of a task: what it might use, and the most it was seen to use; null where that could not be read. */
export type MemoryUse = { readonly limitBytes: number; readonly peakBytes: number | null }

/** Did the kernel kill in it for want of memory? unknown: nobody counted. */
export type OomKilled = 'yes' | 'no' | 'unknown'

export type EndEvidence = { readonly oomKilled: OomKilled; readonly memory: MemoryUse | null }

/** "exit code 137: out of memory, …" */
export function explainEnd(code: number, { oomKilled, memory }: EndEvidence): string {
  if (oomKilled === 'yes') return `exit code ${code}: ${ranOut(memory)}; ask for a larger flavor or use less`
  if (!KILLED.includes(code)) return explainExit(code)
  const peak = memory?.peakBytes ?? null
  const known = memory !== null && peak !== null
  const used = known ? ` (peak memory ${sizeText(peak)} of ${sizeText(memory.limitBytes)})` : ''
  // Engines hear of a kill beside the container's end, and sometimes after it.
  const wasFull = known && peak > 0.95 * memory.limitBytes
  return oomKilled === 'no' && !wasFull
    ? `exit code ${code}: killed (SIGKILL), and not at its memory limit${used}: by somebody, or by a machine without memory left`
    : `${explainExit(code)}${used}`
}

const ranOut = (memory: MemoryUse | null): string =>
  memory === null
    ? 'out of memory'
    : `out of memory: its peak reached the limit of ${sizeText(memory.limitBytes)}`
