import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../api/error.ts'
import { sizeText } from '../lib/size.ts'
import { checkDisks, DISKS, lowDisk } from './disk-guard.ts'
import { logsToRemove } from './disk-retention.ts'

const GIB = 2 ** 30
const DAY = 24 * 3600_000

test('a disk without room is refused with what is free, of how much, and what must stay free', () => {
  const data = { name: DISKS.data, path: '/x', freeBytes: 0.8 * GIB, totalBytes: 100 * GIB }
  const cache = { name: DISKS.cache, path: '/nvme', freeBytes: 2 * GIB, totalBytes: 400 * GIB }
  assert.equal(lowDisk([data, cache], 0.8 * GIB), null)
  assert.match(
    lowDisk([data, cache], GIB) ?? '',
    /^data folder \/x has 0\.8 GiB free of 100\.0 GiB; 1\.0 GiB must stay free: delete /,
  )
  assert.match(lowDisk([data, cache], GIB) ?? '', /disk\.log_size, disk\.log_days/)
  assert.match(lowDisk([cache], 3 * GIB) ?? '', /^folder for \/cache \/nvme has 2\.0 GiB free of 400\.0 GiB/)
  assert.throws(
    () => checkDisks([data], GIB),
    (error) => error instanceof AppError && error.code === 'DiskFull',
  )
  checkDisks([], GIB)
})

test('sizes are said the way people say them', () => {
  const cases: [number, string][] = [
    [0, '0 bytes'],
    [511, '511 bytes'],
    [1024, '1.0 KiB'],
    [48 << 20, '48.0 MiB'],
    [GIB, '1.0 GiB'],
    [3 * 1024 * GIB, '3.0 TiB'],
  ]
  for (const [bytes, text] of cases) assert.equal(sizeText(bytes), text)
})

test('logs go by age first, then those that ended first until the rest fits', () => {
  const nowMs = 100 * DAY
  const ended = [
    { jobId: 'new', endedAtMs: nowMs - DAY, sizeBytes: 30 },
    { jobId: 'old', endedAtMs: nowMs - 40 * DAY, sizeBytes: 10 },
    { jobId: 'middle', endedAtMs: nowMs - 10 * DAY, sizeBytes: 20 },
  ]
  const cases: [number | null, number | null, number, string[]][] = [
    [null, null, 1000, []],
    [30, null, 1000, ['old']],
    [5, null, 60, ['old', 'middle']],
    [null, 60, 60, []],
    [null, 59, 60, ['old']],
    [null, 40, 60, ['old', 'middle']],
    // A running job alone is over the budget: everything that may go goes.
    [null, 40, 140, ['old', 'middle', 'new']],
    [30, 55, 70, ['old', 'middle']],
  ]
  for (const [logDays, logBytes, totalBytes, expected] of cases) {
    const removed = logsToRemove(ended, { logDays, logBytes, totalBytes, nowMs })
    assert.deepEqual(
      removed.map(({ jobId }) => jobId),
      expected,
      `${logDays} days, ${logBytes} bytes`,
    )
  }
  const why = (rules: { logDays: number | null; logBytes: number | null }) =>
    logsToRemove(ended, { ...rules, totalBytes: 60, nowMs })[0]?.why
  assert.match(why({ logDays: 30, logBytes: null }) ?? '', /keeps them for 30 days after a job's end/)
  assert.match(why({ logDays: null, logBytes: 50 }) ?? '', /more than the 50 bytes this installation keeps/)
})
