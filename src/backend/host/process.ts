// Is that process still the first one of the sandbox we started? Reads /proc only; /proc never waits for a disk.
import { readlinkSync } from 'node:fs'
import { statOf } from '../process.ts'

/**
 * Is `pid` the first process of the namespace that bwrap reported? Pids are used again, so the namespace's inode must
 * match too. Between fork and the last look the link may be unreadable; then the start time must not lie before the
 * supervisor's.
 */
export function isInit(pid: number, pidNamespace: number, notBeforeTicks: number): boolean {
  const stat = statOf(pid)
  if (stat === null || stat.startTicks < notBeforeTicks) return false
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`) === `pid:[${pidNamespace}]`
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    return (code === 'EACCES' || code === 'EPERM') && statOf(pid) !== null
  }
}
