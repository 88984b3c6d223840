import assert from 'node:assert/strict'
import { test } from 'node:test'
import { merged } from './pre-start.ts'

test('what a script set is set and what it unset is gone; names that shells drop, and what they change themselves, stay', () => {
  const before = {
    KEPT: '1',
    CHANGED: '1',
    GONE: '1',
    'BATCH_job.0_HOSTS': 'host:1',
    PWD: '/here',
    SHLVL: '1',
  }
  const after = {
    KEPT: '1',
    CHANGED: '2',
    NEW: '3',
    PWD: '/there',
    SHLVL: '2',
    _: '/bin/env',
    ROPEWAY_STEP: 'x',
  }
  assert.deepEqual(merged(before, after), {
    ...{ KEPT: '1', CHANGED: '2', NEW: '3', 'BATCH_job.0_HOSTS': 'host:1', PWD: '/here', SHLVL: '1' },
  })
  assert.equal(merged(before, null), before)
  assert.equal(merged(before, {}), before, 'an environment that could not be written changes nothing')
})
