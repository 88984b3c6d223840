// Is that process still the one we started? Reads /proc only; /proc never waits for a disk.
import { readdirSync, readFileSync } from 'node:fs'

/** What /proc/PID/stat says; null when there is no such process. State is the kernel's letter. */
export type ProcessStat = { readonly state: string; readonly parent: number; readonly startTicks: number }

/** Parses proc_pid_stat(5). The name in parentheses may hold anything, so count from the last one. */
export function parseStat(text: string): ProcessStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent] = fields
  const startTicks = Number(fields[19])
  if (state === undefined || parent === undefined || !Number.isFinite(startTicks)) return null
  return { state, parent: Number(parent), startTicks }
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** A zombie has ended: only its parent has not looked yet. */
export function statOf(pid: number): ProcessStat | null {
  const text = readProc(`/proc/${pid}/stat`)
  const stat = text === null ? null : parseStat(text)
  return stat === null || stat.state === 'Z' || stat.state === 'X' ? null : stat
}

export const isAlive = (pid: number, startTicks: number): boolean => statOf(pid)?.startTicks === startTicks

const SIGTERM_BIT = 1n << 14n

/**
 * Would SIGTERM do anything? The kernel drops a signal that the first process of a namespace neither catches nor
 * blocks (pid_namespaces(7)), so one sent while bwrap still sets up would be lost. tini has set itself up once it has
 * a child.
 */
export function takesSigterm(init: number): boolean {
  const status = readProc(`/proc/${init}/status`) ?? ''
  const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1]
  if (mask !== undefined && (BigInt(`0x${mask}`) & SIGTERM_BIT) !== 0n) return true
  const children = readProc(`/proc/${init}/task/${init}/children`)
  return children === null ? childrenOf([init]).length > 0 : children.trim() !== ''
}

const CAP_SYS_RESOURCE = 1n << 24n

/** May a process set resource limits above the hard ones it has (setrlimit(2))? */
export function mayRaiseLimits(pid: number | 'self'): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1]
  return mask !== undefined && (BigInt(`0x${mask}`) & CAP_SYS_RESOURCE) !== 0n
}

/** Every live descendant of `roots`. Costs one look at each process of the machine. */
export function childrenOf(roots: readonly number[]): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = statOf(Number(name))
    if (stat !== null) parents.set(Number(name), stat.parent)
  }
  const found = new Set<number>()
  let grew = true
  while (grew) {
    grew = false
    for (const [pid, parent] of parents) {
      if (found.has(pid) || !(roots.includes(parent) || found.has(parent))) continue
      found.add(pid)
      grew = true
    }
  }
  return [...found]
}

/**
 * File descriptors above 2 that every child of ours would get: those we were started with. Node opens its own
 * close-on-exec, and nothing but /dev/null may stand in their place in a task.
 */
export function inheritedFds(): number[] {
  const closeOnExec = 0o2000000
  return readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((fd) => {
      const flags = /^flags:\s*([0-7]+)/m.exec(readProc(`/proc/self/fdinfo/${fd}`) ?? '')?.[1]
      return fd > 2 && flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
    })
    .sort((a, b) => a - b)
}

/** Sends a signal; that the process has just ended is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Changes with every boot, so a pid of another boot is never taken for ours. */
export const currentBootId = (): string => (readProc('/proc/sys/kernel/random/boot_id') ?? '').trim()

/** When this machine came up, by its clock: read anew, because clocks are set. */
export const bootAtMs = (): number =>
  Number(/^btime (\d+)/m.exec(readProc('/proc/stat') ?? '')?.[1] ?? 0) * 1000
