import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logFileName } from './file-name.ts'

const ID = '0f9c1a52-0000-4000-8000-000000000000'

test('logs are called as ModelArts calls them', () => {
  const cases: [string, string, number | undefined, string][] = [
    ['worker-0', 'task', undefined, `modelarts-job-${ID}-worker-0.log`],
    ['worker-1', 'rank-12', 4, `modelarts-job-${ID}-proc-rank-12-device-4.txt`],
    ['worker-1', 'rank-12', undefined, `modelarts-job-${ID}-proc-rank-12.txt`],
    ['worker-1', 'platform', undefined, `modelarts-job-${ID}-worker-1-platform.log`],
  ]
  for (const [task, stream, device, name] of cases) assert.equal(logFileName(ID, task, stream, device), name)
})
