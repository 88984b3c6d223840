import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logFilesDue } from './log-files.ts'
import type { FileFacts } from './output-files.ts'

const NOW_MS = 1_000_000
const MIB = 1 << 20
const file = (name: string, size: number, agoMs: number): FileFacts => ({
  ...{ name, size, modifiedMs: NOW_MS - agoMs },
})
const mapOf = (...files: FileFacts[]) => new Map(files.map((one) => [one.name, one]))
const names = (files: readonly FileFacts[]) => files.map(({ name }) => name)

test('a growing log file goes out at every look, a large one when it is at rest or nothing is written any more', () => {
  const found = [file('small', MIB, 0), file('large', 20 * MIB, 0), file('rested', 20 * MIB, 5_000)]
  const before = mapOf(file('large', 19 * MIB, 5_000))
  const running = logFilesDue(found, mapOf(), before, 1e9, NOW_MS)
  assert.deepEqual(names(running.due), ['rested', 'small'])
  const over = logFilesDue(found, mapOf(), null, 1e9, NOW_MS)
  assert.deepEqual(names(over.due).sort(), ['large', 'rested', 'small'])
})

test('what is there as it is does not go out again', () => {
  const found = [file('same', 10, 9_000), file('grown', 20, 100)]
  const { due } = logFilesDue(
    found,
    mapOf(file('same', 10, 9_000), file('grown', 10, 9_000)),
    null,
    1e9,
    NOW_MS,
  )
  assert.deepEqual(names(due), ['grown'])
})

test('files stop at the limit, oldest first; those that were rotated away count, and what is missing is counted', () => {
  const found = [file('newest', 40, 1), file('oldest', 40, 9_000), file('middle', 15, 5_000)]
  const { due, leftOut, leftOutBytes } = logFilesDue(
    found,
    mapOf(file('gone', 30, 20_000)),
    null,
    100,
    NOW_MS,
  )
  assert.deepEqual(names(due), ['oldest', 'middle'])
  assert.deepEqual([leftOut, leftOutBytes], [1, 40])
})
