// Waits until a complete rank table stands on disk. Changes of the folder wake us; where the kernel tells nothing (NFS,
// a folder that does not exist yet) a stat every 150 ms does.
import { type FSWatcher, watch } from 'node:fs'
import { type Readiness, tableReadiness } from '../accelerator/rank-table/readiness.ts'
import type { ParsedTable } from '../accelerator/rank-table/types.ts'
import { ChangeSignal } from '../lib/signal.ts'
import { folderOf, lookAt, type Stamp, stampOf } from './rank-table-file.ts'

const STAT_EVERY_MS = 150
const SAY_EVERY_MS = 30_000
/** Two writes this close may look the same to stat, so a file so young is read again. */
const YOUNG_MS = 1_000

export type WaitOptions = {
  readonly path: string
  readonly timeoutMs: number
  /** Gets what is missing, every 30 s. */
  readonly onWaiting: (detail: string) => void
}

export type WaitResult =
  | { readonly state: 'completed'; readonly table: ParsedTable; readonly detail: string }
  | { readonly state: 'timeout'; readonly detail: string }

/** Rejects only when `signal` aborts, with its reason. Never takes a half-written file for a whole one. */
export async function waitForRankTable(
  { path, timeoutMs, onWaiting }: WaitOptions,
  signal: AbortSignal,
): Promise<WaitResult> {
  const changed = new ChangeSignal()
  const deadlineMs = performance.now() + timeoutMs
  let sayAtMs = performance.now() + SAY_EVERY_MS
  let watcher: FSWatcher | null = null
  let seen: Stamp | null | undefined
  let readiness: Readiness = { state: 'missing', detail: 'the file does not exist yet' }
  try {
    for (;;) {
      signal.throwIfAborted()
      // The watch first: what happens between the look and the wait wakes the wait.
      watcher ??= watchFolder(folderOf(path), () => changed.notify('table'))
      const woken = changed.wait(
        'table',
        Math.min(STAT_EVERY_MS, Math.max(deadlineMs - performance.now(), 0)),
        signal,
      )
      const stamp = stampOf(path)
      if (seen === undefined || stamp?.text !== seen?.text || isYoung(stamp))
        readiness = tableReadiness(lookAt(path))
      seen = stamp
      if (readiness.state === 'completed')
        return { state: 'completed', table: readiness.table, detail: readiness.detail }
      if (performance.now() >= deadlineMs) return { state: 'timeout', detail: readiness.detail }
      if (performance.now() >= sayAtMs) {
        sayAtMs += SAY_EVERY_MS
        onWaiting(readiness.detail)
      }
      await woken
      if (watcher && stampOf(folderOf(path)) === null) {
        watcher.close()
        watcher = null
      }
    }
  } finally {
    watcher?.close()
    // Ends the pending wait, and its timer with it.
    changed.notify('table')
  }
}

const isYoung = (stamp: Stamp | null): boolean =>
  stamp !== null && Math.abs(Date.now() - stamp.changedMs) < YOUNG_MS

/** Null while the folder cannot be watched; the stat goes on. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, { persistent: true }, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}
