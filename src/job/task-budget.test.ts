import assert from 'node:assert/strict'
import { test } from 'node:test'
import { budgetEvent, budgetLevel } from './task-budget.ts'

test('a budget is told of at four fifths, shortly before its end, and when it is used up', () => {
  const levels = [0, 79, 80, 94, 95, 99, 100, 250].map((bytes) => budgetLevel(bytes, 100))
  assert.deepEqual(levels, [0, 0, 80, 80, 95, 95, 100, 100])
})

test('the last event has a reason of its own, so that it can be looked for', () => {
  const reasons = ([80, 95, 100] as const).map((level) => budgetEvent('worker-0', level, 100, level).reason)
  assert.deepEqual(reasons, ['CacheFilling', 'CacheFilling', 'CacheFull'])
})
