import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../api/error.ts'
import { FAKE_ANNOTATION, readBehaviours } from './behaviour.ts'

const TASKS = ['worker-0', 'worker-1']
const read = (text: string) => readBehaviours({ [FAKE_ANNOTATION]: text }, TASKS)

test('without the annotation a fake task runs one second and exits 0', () => {
  const told = readBehaviours({}, TASKS).get('worker-1')
  assert.equal(told?.runMs, 1000)
  assert.equal(told?.exitCode, 0)
})

test('a named task is told apart from the others', () => {
  const told = read('{"tasks": {"*": {"runMs": null}, "worker-1": {"exitCode": 7}}}')
  assert.equal(told.get('worker-0')?.runMs, null)
  assert.equal(told.get('worker-1')?.exitCode, 7)
})

const REFUSED = [
  ['not JSON', '{tasks', /is not JSON.*"\{tasks"/],
  ['an unknown field', '{"tasks": {"*": {"exitcode": 7}}}', /at tasks\.\*: .*"exitcode".*exitCode/],
  ['an exit code out of range', '{"tasks": {"*": {"exitCode": 256}}}', /at tasks\.\*\.exitCode: .*255/],
  [
    'an unknown outcome',
    '{"tasks": {"*": {"outcome": "explode"}}}',
    /at tasks\.\*\.outcome: .*"never-start"/,
  ],
  ['a task the job has not', '{"tasks": {"worker-2": {}}}', /"worker-2"; the job has worker-0, worker-1/],
  ['fields at the wrong level', '{"exitCode": 7}', /at .*valid is \{"tasks"/],
] as const

for (const [what, text, message] of REFUSED) {
  test(`${what} in the annotation is refused with the place and what is valid`, () => {
    assert.throws(
      () => read(text),
      (error) => error instanceof AppError && error.code === 'InvalidParam' && message.test(error.message),
    )
  })
}
