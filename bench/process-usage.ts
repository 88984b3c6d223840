// What the kernel says that a process uses.
import { readFileSync } from 'node:fs'

/** Linux has told times to all programs in this unit for twenty years. */
const TICKS_PER_SECOND = 100

/** Processor seconds so far, the process's own and not its children's. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident memory now, in MiB. */
export const megabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
