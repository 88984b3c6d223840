// The end of a program's output. A daemon it left behind may hold the pipe open for ever; that must not hold us.
// As long as bytes come, or we are the slow ones, nothing is cut off.
import { sleep } from '../lib/abort.ts'
import { endFamily, type Family } from './processes.ts'
import type { Running } from './spawn.ts'

/** Silence after a program's exit that tells a daemon from somebody who is still flushing. */
const SILENCE_MS = 1_000
const LOOK_EVERY_MS = 100

/** Waits for all output of programs that have exited, and ends what they left behind. */
export async function finishOutput(
  running: readonly Running[],
  family: Family,
  graceMs: number,
): Promise<void> {
  let done = false
  const drained = Promise.all(running.map((program) => program.drained)).then(() => {
    done = true
  })
  const untilSilent = async (limitMs: number) => {
    const startMs = performance.now()
    const timer = new AbortController()
    while (!done && performance.now() - startMs < limitMs) {
      if (
        performance.now() - startMs > SILENCE_MS &&
        running.every((program) => program.silentMs() > SILENCE_MS)
      )
        return
      await Promise.race([drained, sleep(LOOK_EVERY_MS, timer.signal).catch(() => undefined)])
    }
    timer.abort()
  }
  await untilSilent(Math.max(graceMs, SILENCE_MS))
  if (done) return
  await endFamily(family, graceMs)
  // Nobody writes any more: the end of the pipe is near, however long we take to read up to it.
  await untilSilent(Number.POSITIVE_INFINITY)
  if (!done) for (const program of running) program.abandon()
  await drained
}
