import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPace, nextPace, type PaceState, slowerPace } from './pace.ts'

const start: PaceState = { width: 8, best: 0, hold: 0 }

test('more requests are sent while that moves more, up to the limit', () => {
  let state = start
  const widths: number[] = []
  for (let rate = 100; rate < 1000; rate *= 1.5) {
    state = nextPace(state, { units: rate * 100, ms: 100 }, 32)
    widths.push(state.width)
  }
  assert.deepEqual(widths, [12, 18, 27, 32, 32, 32])
})

test('no more are sent while that moves nothing more', () => {
  let state = nextPace(start, { units: 1000, ms: 10 }, 32)
  for (let step = 0; step < 8; step += 1) state = nextPace(state, { units: 1000, ms: 10 }, 32)
  assert.equal(state.width, 12)
})

test('a complaint halves the requests, down to one', () => {
  let state = start
  for (const width of [4, 2, 1, 1]) {
    state = slowerPace(state)
    assert.equal(state.width, width)
  }
})

test('complaints of requests that were under way together count once', () => {
  let now = 0
  const pace = createPace(32, () => now)
  assert.deepEqual([pace.throttled(0), pace.throttled(0)], [4, 4])
  now = 1000
  assert.equal(pace.throttled(0), 2)
})

test('never more than the width run at once, and who waits is refused when the signal aborts', async () => {
  const pace = createPace(3)
  const stop = new AbortController()
  let running = 0
  let most = 0
  const release: Array<() => void> = []
  const work = async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise<void>((resolve) => release.push(resolve))
    running -= 1
  }
  const all = Array.from({ length: 8 }, () => pace.run(stop.signal, work, () => 0))
  const ends = Promise.allSettled(all)
  await new Promise(setImmediate)
  assert.equal(most, 3)
  stop.abort(new Error('enough'))
  for (const free of release) free()
  const failures = (await ends).filter((end) => end.status === 'rejected')
  assert.deepEqual([failures.length, most], [5, 3])
})
