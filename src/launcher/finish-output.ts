// The end of a program's output. A daemon it left behind may hold the pipe open for ever; that must not hold us.
// As long as bytes come, or we are the slow ones, nothing is cut off.
import { sleep } from '../lib/abort.ts'
import { endLeftovers, type Family } from './processes.ts'
import type { Running } from './spawn.ts'

/** Silence after a program's exit that tells a daemon from somebody who is still flushing. */
const SILENCE_MS = 1_000
const LOOK_EVERY_MS = 100

/** Waits for all output of programs that have exited; true when it has ended, false when somebody keeps it open in silence. */
export async function untilSilent(
  running: readonly Running[],
  limitMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  let done = false
  const drained = Promise.all(running.map((program) => program.drained)).then(() => {
    done = true
  })
  const startMs = performance.now()
  const timer = new AbortController()
  while (!done && performance.now() - startMs < limitMs) {
    if (
      performance.now() - startMs > SILENCE_MS &&
      running.every((program) => program.silentMs() > SILENCE_MS)
    )
      break
    await Promise.race([drained, sleep(LOOK_EVERY_MS, timer.signal).catch(() => undefined)])
  }
  timer.abort()
  return done
}

/** Waits for all output of programs that have exited, and ends whom they left behind if it does not end by itself. */
export async function finishOutput(
  running: readonly Running[],
  family: Family,
  graceMs: number,
  say: (sentence: string) => void,
): Promise<void> {
  if (await untilSilent(running, Math.max(graceMs, SILENCE_MS))) return
  await endLeftovers(family, graceMs, say, 'the program has ended, and others keep its output open')
  // Nobody writes any more: the end of the pipe is near, however long we take to read up to it.
  if (!(await untilSilent(running))) for (const program of running) program.abandon()
  await Promise.all(running.map((program) => program.drained))
}
