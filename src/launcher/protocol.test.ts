import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as contract from '../api/task.ts'
import * as ours from './protocol.ts'

test('the launcher speaks of the same paths, routes and codes as the contract', () => {
  for (const name of ['TASK_PROTOCOL', 'TASK_ROUTES', 'LAUNCHER_EXIT', 'TASK_PATHS'] as const)
    assert.deepEqual(ours[name], contract[name])
})
