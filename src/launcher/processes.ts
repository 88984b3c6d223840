// Finds and ends processes of a program, also those that left its process group: a setsid child keeps its environment,
// and with it the mark we put there. Reads /proc; a process of another user shows neither and is not ours.
import { readdirSync, readFileSync } from 'node:fs'
import { sleep } from '../lib/abort.ts'
import { errnoOf } from './launcher-error.ts'

/** Programs we started: each leads its own session, and all carry `name=value` in their environment. */
export type Family = {
  readonly leaders: readonly number[]
  readonly mark: string
  /** Inherits orphans of these programs and no others; null where nobody does that for us. */
  readonly reaper?: number | null
  readonly cgroup?: Cgroup | null
}

/** What RankCgroup offers. */
type Cgroup = { members(): number[]; kill(): void }

const LOOK_EVERY_MS = 10
const AFTER_KILL_MS = 5_000

type Process = {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly session: number
}

/** Living processes of the family, zombies left out. */
export const findFamily = (family: Family): number[] => familyOf(family).map(({ pid }) => pid)

function familyOf({ leaders, mark, reaper = null, cgroup = null }: Family): Process[] {
  const known = new Set([...leaders, ...(cgroup?.members() ?? [])])
  const processes = listProcesses()
  const byPid = new Map(processes.map((process) => [process.pid, process]))
  const isOurs = (process: Process | undefined, depth = 0): boolean => {
    if (!process || depth > 64) return false
    if (known.has(process.pid) || known.has(process.group) || known.has(process.session)) return true
    if (process.parent === reaper) return true
    return isOurs(byPid.get(process.parent), depth + 1)
  }
  return processes.filter((found) => isOurs(found) || hasMark(found.pid, mark))
}

/** SIGTERM to the groups of all leaders, at once; the rest of the family follows in `endFamily`. */
export function signalGroups(leaders: readonly number[], signal: NodeJS.Signals): void {
  for (const leader of leaders) signalProcess(-leader, signal)
}

/**
 * SIGTERM, then after `graceMs` SIGKILL, until no process of the family is left. Resolves with what could not be ended.
 * Nobody has SIGTERM twice, for a second one ends who is saving its work: `told` are leaders whose groups had it already.
 */
export async function endFamily(
  family: Family,
  graceMs: number,
  told: ReadonlySet<number> = new Set(),
): Promise<number[]> {
  const groups = new Set(family.leaders)
  signalGroups(
    family.leaders.filter((leader) => !told.has(leader)),
    'SIGTERM',
  )
  const deadlineMs = performance.now() + graceMs
  const alone = new Set<number>()
  let left = familyOf(family)
  for (; left.length > 0 && performance.now() < deadlineMs; left = familyOf(family)) {
    for (const { pid, group } of left) {
      if (!groups.has(group) && !alone.has(pid)) signalProcess(pid, 'SIGTERM')
      alone.add(pid)
    }
    await sleep(LOOK_EVERY_MS)
  }
  const giveUpMs = performance.now() + AFTER_KILL_MS
  for (; left.length > 0 && performance.now() < giveUpMs; left = familyOf(family)) {
    family.cgroup?.kill()
    signalGroups(family.leaders, 'SIGKILL')
    for (const { pid } of left) signalProcess(pid, 'SIGKILL')
    await sleep(LOOK_EVERY_MS)
  }
  return left.map(({ pid }) => pid)
}

/** Ends whom programs left behind when they had ended themselves, and says so: who it is, and `why`. */
export async function endLeftovers(
  family: Family,
  graceMs: number,
  say: (sentence: string) => void,
  why: string,
): Promise<void> {
  const left = findFamily(family)
  if (left.length === 0) return
  say(`${why}; ended ${left.length === 1 ? 'is' : 'are'}: ${left.map(describeProcess).join(', ')}`)
  await endFamily(family, graceMs)
}

/** `4711 (sleep 60)` */
function describeProcess(pid: number): string {
  const words = readText(`/proc/${pid}/cmdline`).split('\0').join(' ').trim()
  return `${pid} (${words.length > 80 ? `${words.slice(0, 77)}...` : words || '?'})`
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH' && errnoOf(error) !== 'EPERM') throw error
  }
}

function listProcesses(): Process[] {
  const found: Process[] = []
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    // Fields behind the name, which may hold blanks and parentheses (proc(5)).
    const stat = readText(`/proc/${pid}/stat`)
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state && !'ZX'.includes(state))
      found.push({ pid, parent: Number(parent), group: Number(group), session: Number(session) })
  }
  return found
}

/** The reaper that launcher.sh put above us: children of children end up with it. */
export const ownReaper = (environment: Readonly<Record<string, string>>): number | null =>
  Number(environment['ROPEWAY_REAPER']) === process.ppid ? process.ppid : null

/** The variable that puts a mark, `NAME=value`, into an environment. */
export function markVariable(mark: string): Record<string, string> {
  const at = mark.indexOf('=')
  return { [mark.slice(0, at)]: mark.slice(at + 1) }
}

/** Does a process have that mark? One that ended and whom nobody has looked at has no environment any more. */
export const hasMark = (pid: number, mark: string): boolean =>
  readText(`/proc/${pid}/environ`).split('\0').includes(mark)

/** Empty for what cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
