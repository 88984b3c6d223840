// A table that is replaced while ranks run, as cluster controllers do after a reschedule: ranks that run keep the one they have,
// because HCCL read it once, and the log says that another one is there (ascend.md §2.3, §7).
import { type TableFile, tableReadiness } from '../accelerator/rank-table/readiness.ts'
import { lookAt, type Stamp } from './rank-table-file.ts'

const LOOK_EVERY_MS = 1_000

/** Calls `tell` once, with what is there now, when the file's bytes are others than those that were taken. */
export function watchTable(path: string, taken: string, tell: (detail: string) => void): Disposable {
  let seen: Stamp | null = null
  const timer = setInterval(() => {
    const { stamp, file } = lookAt(path, seen)
    seen = stamp
    // One that is being written, or cannot be read just now, will be looked at again.
    if (file === null || file.kind === 'unreadable' || isEmpty(file) || digestOf(file) === taken) return
    tell(tableReadiness(file).detail)
    clearInterval(timer)
  }, LOOK_EVERY_MS)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const isEmpty = (file: TableFile): boolean => file.kind === 'content' && file.content.length === 0

const digestOf = (file: TableFile): string => (file.kind === 'content' ? tableDigest(file.content) : '')

/** What tells one table from another. */
export function tableDigest(content: string | Uint8Array): string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(content).digest('hex')
}
