// Ends a program that stands between us and a command in a task, and all that came of it.
import { sleep } from '../lib/abort.ts'
import { childrenOf, isAlive, sendSignal, statOf } from './process.ts'

const LOOK_MS = 20
/** The launcher in the task ends what listens to SIGHUP and kills the rest within three seconds; then it is our turn. */
const GRACE_MS = 4_000

/**
 * SIGHUP to `first`, which passes it on; whatever of `root` and its descendants is left after the grace is killed.
 * Resolves when `isOver` says so or nothing more can be done.
 */
export async function endFamily(
  root: number,
  first: readonly number[],
  isOver: () => boolean | Promise<boolean>,
): Promise<void> {
  const family = familyOf(root)
  for (const pid of first) sendSignal(pid, 'SIGHUP')
  for (const deadline = performance.now() + GRACE_MS; performance.now() < deadline; await sleep(LOOK_MS))
    if (await isOver()) break
  for (const member of [...family, ...familyOf(root)])
    if (isAlive(member.pid, member.startTicks)) sendSignal(member.pid, 'SIGKILL')
}

/** The process and all that came of it, with what tells them from a later bearer of the same pid. */
const familyOf = (root: number) =>
  [root, ...childrenOf([root])].flatMap((pid) => {
    const stat = statOf(pid)
    return stat === null ? [] : [{ pid, startTicks: stat.startTicks }]
  })
