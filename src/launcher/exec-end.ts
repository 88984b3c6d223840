// Ends all that a command started: also what left its process group or its parent, which a signal to the command would
// not reach. Every process that came of it has the session in its environment, unless it cleared that.
import { readdirSync } from 'node:fs'
import { sleep } from '../lib/abort.ts'
import { hasMark, signalProcess } from './processes.ts'

/** Variable of the command's environment that names its session. */
export const EXEC_MARK = 'ROPEWAY_EXEC_SESSION'

/** For programs to end on SIGHUP, as when a terminal is closed. */
const GRACE_MS = 2_000
const KILL_MS = 1_000
const LOOK_MS = 20

/** SIGHUP to every process with the mark, SIGKILL to those that are left after the grace. */
export async function endMarked(mark: string): Promise<void> {
  signalAll(findMarked(mark), 'SIGHUP')
  // A stopped one would hear it only when it goes on.
  signalAll(findMarked(mark), 'SIGCONT')
  if (await isEmptyWithin(mark, GRACE_MS)) return
  // Again and again: one that forks while we look is caught the next time.
  for (const deadline = performance.now() + KILL_MS; performance.now() < deadline; await sleep(LOOK_MS)) {
    const left = findMarked(mark)
    if (left.length === 0) return
    signalAll(left, 'SIGKILL')
  }
}

async function isEmptyWithin(mark: string, ms: number): Promise<boolean> {
  for (const deadline = performance.now() + ms; performance.now() < deadline; await sleep(LOOK_MS))
    if (findMarked(mark).length === 0) return true
  return false
}

const findMarked = (session: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => hasMark(pid, `${EXEC_MARK}=${session}`))

function signalAll(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) signalProcess(pid, name)
}
