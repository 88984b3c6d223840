import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapRecord } from './observe.ts'
import { parseInfo, type TaskRecord } from './record.ts'

const STARTED = { pid: 10, startTicks: 100, bootId: 'boot' }
const INFO = { initPid: 11, pidNamespace: 4026532180, reported: false }
const REPORTED = { ...INFO, reported: true }

function record(part: Partial<TaskRecord>): TaskRecord {
  return {
    ...{
      folder: '/data/tasks/j-1-worker-0',
      plan: null,
      started: STARTED,
      sameBoot: true,
      info: null,
      exitCode: null,
    },
    ...{ killed: false, initAlive: false, supervisorAlive: false, startedAtMs: 1, endedAtMs: null },
    ...part,
  }
}

const CASES: readonly (readonly [string, Partial<TaskRecord>, string, number | null, RegExp])[] = [
  ['nothing was started', { started: null }, 'absent', null, /^$/],
  ['stop came before the start', { started: 'sealed' }, 'absent', null, /^$/],
  ['the supervisor is there, the sandbox not yet', { supervisorAlive: true }, 'starting', null, /^$/],
  ['both are there', { supervisorAlive: true, info: INFO, initAlive: true }, 'running', null, /^$/],
  ['the task outlived its supervisor', { info: INFO, initAlive: true }, 'running', null, /^$/],
  [
    'the task ended and the supervisor is about to say how',
    { supervisorAlive: true, info: INFO },
    'running',
    null,
    /^$/,
  ],
  ['the exit is on disk', { info: REPORTED, exitCode: 7 }, 'exited', 7, /^$/],
  [
    'the exit is on disk after a restart of the machine',
    { info: REPORTED, exitCode: 7, sameBoot: false },
    'exited',
    7,
    /^$/,
  ],
  [
    'an exit is on disk while the task lives',
    { info: INFO, exitCode: 137, initAlive: true },
    'running',
    null,
    /^$/,
  ],
  [
    'the watcher was killed and the task ended since',
    { info: INFO, exitCode: 137 },
    'lost',
    null,
    /watched the sandbox was killed/,
  ],
  [
    'it was killed while being set up',
    { info: INFO, exitCode: 137, killed: true },
    'exited',
    137,
    /being set up/,
  ],
  [
    'bwrap could not set up',
    { info: INFO, exitCode: 1 },
    'exited',
    1,
    /could not be set up: bwrap: no such folder/,
  ],
  ['bwrap is not there', { exitCode: 127 }, 'exited', 127, /could not be set up/],
  [
    'the supervisor was killed and the task ended since',
    { info: INFO },
    'lost',
    null,
    /supervisor was killed/,
  ],
  ['the machine was restarted', { info: INFO, sameBoot: false }, 'lost', null, /restarted/],
  ['the file of the start is unreadable', { started: 'torn', sameBoot: false }, 'lost', null, /went down/],
]

for (const [what, part, state, exitCode, message] of CASES) {
  test(`a task is ${state} when ${what}`, () => {
    const seen = mapRecord('worker-0', record(part), 'bwrap: no such folder')
    assert.deepEqual([seen.state, seen.exitCode], [state, exitCode])
    assert.match(seen.message, message)
  })
}

test('half a line of bwrap is not yet a line', () => {
  const line = '{ "child-pid": 11, "pid-namespace": 4026532180 }'
  assert.equal(parseInfo(''), null)
  assert.equal(parseInfo(line.slice(0, 20)), null)
  assert.equal(parseInfo(line), null)
  assert.deepEqual(parseInfo(`${line}\n`), INFO)
  assert.deepEqual(parseInfo(`${line}\n{ "exit-code": 0 }\n`), REPORTED)
})
