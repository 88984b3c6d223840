// Is the rank table there and complete? Asked again on every change of the file while a task waits.
// A half-written file is never taken for a whole one, and the reason for waiting is always at hand.
import { field, isObject, show } from './finding.ts'
import { MAX_TABLE_BYTES, parseRankTable } from './parse.ts'
import { RankTableError, type RankTableFault } from './rank-table-error.ts'
import type { ParsedTable } from './types.ts'

/** What a look at the path gave. */
export type TableFile =
  | { readonly kind: 'absent' }
  /** `code`: an errno such as EACCES, EISDIR, ELOOP, or NOT_A_FILE (FIFO, socket, device), or TOO_LARGE with its `size`. */
  | { readonly kind: 'unreadable'; readonly code: string; readonly size?: number }
  | { readonly kind: 'content'; readonly content: string | Uint8Array }

/**
 * missing: no file yet · waiting: a file that is not complete yet · unreadable: waiting alone will not help, a person
 * must act (the file may still be replaced, so a waiter goes on until its time is up) · completed: `table` may be used.
 */
export type Readiness =
  | { readonly state: 'missing' | 'unreadable' | 'waiting'; readonly detail: string }
  | { readonly state: 'completed'; readonly detail: string; readonly table: ParsedTable }

const UNREADABLE: Readonly<Record<string, string>> = {
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'it is a folder; valid: a regular file',
  NOT_A_FILE: 'it is not a regular file',
  ELOOP: 'it is a symbolic link that leads to itself',
}

const tooLarge = (size: number): string => `it has ${size} bytes; valid: at most ${MAX_TABLE_BYTES} (40 MiB)`

/** Faults that a writer in the middle of its work causes; the others stay. */
const PASSING = {
  syntax: true,
  encoding: true,
  shape: true,
  size: false,
  depth: false,
  version: false,
} satisfies Record<RankTableFault, boolean>

/** Judges what was seen. Pure; never throws. */
export function tableReadiness(file: TableFile): Readiness {
  if (file.kind === 'absent') return { state: 'missing', detail: 'the file does not exist yet' }
  if (file.kind === 'unreadable') {
    const known = Object.hasOwn(UNREADABLE, file.code) ? UNREADABLE[file.code] : undefined
    const why = file.size === undefined ? (known ?? file.code) : tooLarge(file.size)
    return { state: 'unreadable', detail: `the file cannot be read: ${why}` }
  }
  let table: ParsedTable
  try {
    table = parseRankTable(file.content)
  } catch (error) {
    if (!(error instanceof RankTableError)) throw error
    return { state: PASSING[error.fault] ? 'waiting' : 'unreadable', detail: error.message }
  }
  const status = field(table.table, 'status')
  // Only the 2.0 form may leave the status out (ascend.md §1.1).
  if (status === 'completed' || (status === undefined && table.version === '2.0')) {
    return { state: 'completed', detail: `rank table v${table.version} is complete`, table }
  }
  return { state: 'waiting', detail: `status: got ${show(status)}; valid: "completed"${whoIsMissing(table)}` }
}

/** More are only counted: a table can have thousands. */
const NAMED = 8

/** Tasks of a v0.1 table that its writer knows of and that have no address or no device yet; empty where it names none. */
function whoIsMissing({ version, table }: ParsedTable): string {
  const groups = field(table, 'group_list')
  if (version !== '0.1' || !Array.isArray(groups)) return ''
  const tasks = groups
    .filter(isObject)
    .map((group) => field(group, 'instance_list'))
    .flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : []))
  const missing = tasks
    .filter((task) => {
      const devices = field(task, 'devices')
      return !field(task, 'server_id') || !Array.isArray(devices) || devices.length === 0
    })
    .map((task) => String(field(task, 'pod_name')))
  if (tasks.length === 0) return ''
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : ''
  const names = missing.length > 0 ? `; not yet: ${missing.slice(0, NAMED).join(', ')}${more}` : ''
  return `. ${tasks.length - missing.length} of ${tasks.length} tasks have an address${names}`
}
