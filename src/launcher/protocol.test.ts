import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LAUNCHER_EXIT, TASK_PATHS, TASK_PROTOCOL, TASK_ROUTES } from '../api/task.ts'
import * as ours from './protocol.ts'

test('the launcher speaks of the same paths, routes and codes as the contract', () => {
  assert.deepEqual({ ...ours }, { LAUNCHER_EXIT, TASK_PATHS, TASK_PROTOCOL, TASK_ROUTES })
})
