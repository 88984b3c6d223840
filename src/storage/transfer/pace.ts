// How many requests are under way at once: more while that moves more bytes, half as many as soon as the store
// objects (503, 429), and nothing new before the time it asked for. The decision is a pure function.
import { sleep } from '../../lib/abort.ts'

/** What the pace is now and what was seen since it last changed. `best` is the best rate seen, in units per ms. */
export type PaceState = {
  readonly width: number
  readonly best: number
  /** Steps before the next attempt to go up. */
  readonly hold: number
}

/** Work of one step: `units` (bytes and requests) in `ms`. */
export type PaceStep = { readonly units: number; readonly ms: number }

const GAIN = 1.05
const HOLD_STEPS = 8

/** The pace after a step without complaints, never above `max`. */
export function nextPace(state: PaceState, { units, ms }: PaceStep, max: number): PaceState {
  const rate = units / Math.max(ms, 0.001)
  if (state.hold > 0) return { ...state, hold: state.hold - 1, best: Math.max(state.best * 0.98, rate) }
  if (rate < state.best * GAIN) return { ...state, hold: HOLD_STEPS }
  return { width: Math.min(max, Math.ceil(state.width * 1.5)), best: rate, hold: 0 }
}

/** The pace after a complaint: half, and no try to go up for a while. */
export const slowerPace = (state: PaceState): PaceState => ({
  width: Math.max(1, Math.floor(state.width / 2)),
  best: 0,
  hold: HOLD_STEPS * 4,
})

export type Pace = {
  /** Runs when there is a place. `units` of the answer count as work done. Rejects with the signal's reason. */
  run<T>(signal: AbortSignal, work: () => Promise<T>, units: (answer: T) => number): Promise<T>
  /** The store objected: fewer at once, and nothing new for `waitMs`. Returns the new width. */
  throttled(waitMs: number): number
}

const FIRST_WIDTH = 8
const STEP_MS = 100
/** A request counts as much as so many bytes: small objects cost their requests, big ones their bytes. */
export const REQUEST_UNITS = 64 * 1024
/** Complaints of requests that were under way together are one. */
const ONE_COMPLAINT_MS = 200

/** A pace that begins with a few requests at once. */
export function createPace(max: number, now: () => number = () => performance.now()): Pace {
  let state: PaceState = { width: Math.min(max, FIRST_WIDTH), best: 0, hold: 0 }
  let running = 0
  let step = { units: 0, count: 0, since: now() }
  let quietUntil = 0
  let complainedAt = Number.NEGATIVE_INFINITY
  const waiting: Array<() => void> = []
  const admit = () => {
    while (running < state.width && waiting.length > 0) {
      running += 1
      waiting.shift()?.()
    }
  }
  const worked = (units: number) => {
    step.units += units + REQUEST_UNITS
    step.count += 1
    const ms = now() - step.since
    // A step is long enough to be measured, and full: else the width was not what decided.
    if (ms < STEP_MS || step.count < state.width * 2) return
    if (waiting.length > 0) state = nextPace(state, { units: step.units, ms }, max)
    step = { units: 0, count: 0, since: now() }
  }
  return {
    async run(signal, work, units) {
      if (running >= state.width) await new Promise<void>((resolve) => waiting.push(resolve))
      else running += 1
      try {
        signal.throwIfAborted()
        if (quietUntil > now()) await sleep(quietUntil - now(), signal)
        const answer = await work()
        worked(units(answer))
        return answer
      } finally {
        running -= 1
        admit()
      }
    },
    throttled(waitMs) {
      quietUntil = Math.max(quietUntil, now() + waitMs)
      if (now() - complainedAt < ONE_COMPLAINT_MS) return state.width
      complainedAt = now()
      state = slowerPace(state)
      return state.width
    },
  }
}
