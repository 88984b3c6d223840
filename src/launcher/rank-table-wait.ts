// Waits until a complete rank table stands on disk. Changes of the folder wake us; where the kernel tells nothing (NFS,
// a folder that does not exist yet) a look every 150 ms does.
import { existsSync, type FSWatcher, watch } from 'node:fs'
import { type Readiness, tableReadiness } from '../accelerator/rank-table/readiness.ts'
import type { ParsedTable } from '../accelerator/rank-table/types.ts'
import { ChangeSignal } from '../lib/signal.ts'
import { folderOf, lookAt, type Stamp } from './rank-table-file.ts'

const LOOK_EVERY_MS = 150

export type WaitOptions = {
  readonly path: string
  readonly timeoutMs: number
  /** Gets what is missing, every `sayEveryMs`. */
  readonly sayEveryMs: number
  readonly onWaiting: (detail: string) => void
}

export type WaitResult =
  | { readonly state: 'completed'; readonly table: ParsedTable; readonly detail: string }
  | { readonly state: 'timeout'; readonly detail: string }

/** Rejects only when `signal` aborts, with its reason. Never takes a half-written file for a whole one. */
export async function waitForRankTable(
  { path, timeoutMs, sayEveryMs, onWaiting }: WaitOptions,
  signal: AbortSignal,
): Promise<WaitResult> {
  const changed = new ChangeSignal()
  const deadlineMs = performance.now() + timeoutMs
  let sayAtMs = performance.now() + sayEveryMs
  let watcher: FSWatcher | null = null
  let seen: Stamp | null = null
  let readiness: Readiness = { state: 'missing', detail: 'the file does not exist yet' }
  try {
    for (;;) {
      signal.throwIfAborted()
      // The watch first: what happens between the look and the wait wakes the wait.
      watcher ??= watchFolder(folderOf(path), () => changed.notify('table'))
      const woken = changed.wait(
        'table',
        Math.min(LOOK_EVERY_MS, Math.max(deadlineMs - performance.now(), 0)),
        signal,
      )
      const { stamp, file } = lookAt(path, seen)
      seen = stamp
      if (file !== null) readiness = tableReadiness(file)
      if (readiness.state === 'completed')
        return { state: 'completed', table: readiness.table, detail: readiness.detail }
      if (performance.now() >= deadlineMs) return { state: 'timeout', detail: readiness.detail }
      if (performance.now() >= sayAtMs) {
        sayAtMs += sayEveryMs
        onWaiting(readiness.detail)
      }
      await woken
      if (watcher && !existsSync(folderOf(path))) {
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
