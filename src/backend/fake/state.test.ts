import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeBehaviour } from './behaviour.ts'
import { type FakeEnd, type FakeTask, observeFake } from './state.ts'

const STOPPED: FakeEnd = { state: 'exited', exitCode: 143, atMs: 1_500, message: '' }

function fakeTask(told: Record<string, unknown>, end: FakeEnd | null = null): FakeTask {
  const behaviour = fakeBehaviour.parse(told)
  return {
    jobId: 'j',
    attempt: 1,
    task: 'worker-0',
    address: '127.0.0.2',
    behaviour,
    startedAtMs: 1_000,
    end,
  }
}

const CASES = [
  ['is starting before its delay is over', fakeTask({ startDelayMs: 100 }), 1_099, 'starting', null],
  ['runs after its delay', fakeTask({ startDelayMs: 100 }), 1_100, 'running', null],
  ['exits after its time', fakeTask({ startDelayMs: 100, exitCode: 7 }), 2_100, 'exited', 7],
  ['never starts when told so', fakeTask({ outcome: 'never-start' }), 9_000_000, 'starting', null],
  ['runs until stopped', fakeTask({ runMs: null }), 9_000_000, 'running', null],
  ['gets lost', fakeTask({ outcome: 'lost' }), 2_000, 'lost', null],
  [
    'keeps the exit that came before the stop',
    fakeTask({ runMs: 100, exitCode: 3 }, STOPPED),
    2_000,
    'exited',
    3,
  ],
  [
    'keeps the stop that came before the exit',
    fakeTask({ runMs: 900, exitCode: 3 }, STOPPED),
    2_000,
    'exited',
    143,
  ],
] as const

for (const [what, fake, nowMs, state, exitCode] of CASES) {
  test(`a fake task ${what}`, () => {
    const seen = observeFake(fake, nowMs)
    assert.deepEqual([seen.state, seen.exitCode], [state, exitCode])
  })
}
