// What a transfer has done so far, in a file that outlives the process: one JSON line an entry, the last one of a name
// counts. Entries are facts about bytes that are written already, so a torn or lost tail only costs doing them again.
import { appendFileSync, readFileSync } from 'node:fs'

export type JournalValue = string | number | boolean | readonly (string | number | boolean)[]

export type Journal = {
  get(name: string): JournalValue | undefined
  /** With `now` it is on record before this returns; else with the next few dozen. */
  set(name: string, value: JournalValue, now?: boolean): void
  flush(): void
}

/** For transfers that leave nothing behind. */
export const NO_JOURNAL: Journal = { get: () => undefined, set: () => undefined, flush: () => undefined }

const FLUSH_ENTRIES = 64

/** Reads the entries of a journal; lines that are none are left out. */
export function readEntries(text: string): Map<string, JournalValue> {
  const entries = new Map<string, JournalValue>()
  for (const line of text.split('\n')) {
    try {
      const [name, value] = JSON.parse(line) as [unknown, JournalValue]
      if (typeof name === 'string' && value !== undefined) entries.set(name, value)
    } catch {
      // The header, or what was being written when the process ended.
    }
  }
  return entries
}

/** A journal that goes on with what `path` holds. */
export function openJournal(path: string): Journal {
  const entries = readEntries(readFileSync(path, 'utf8'))
  let waiting: string[] = []
  const flush = () => {
    if (waiting.length === 0) return
    // The begin of a new line, in case the last one was torn.
    appendFileSync(path, `\n${waiting.join('\n')}\n`)
    waiting = []
  }
  return {
    get: (name) => entries.get(name),
    set: (name, value, now = false) => {
      entries.set(name, value)
      waiting.push(JSON.stringify([name, value]))
      if (now || waiting.length >= FLUSH_ENTRIES) flush()
    },
    flush,
  }
}
