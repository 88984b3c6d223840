// Which devices of one server are taken, by chip.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Chip } from './device.ts'
import { chooseDevices, legalCounts } from './topology.ts'

const all = (count: number) => Array.from({ length: count }, (_, id) => id)

test('each chip has its own legal numbers of devices per server', () => {
  for (const [chip, devices, several, expected] of [
    ['910a', 8, false, [1, 2, 4, 8]],
    ['910a', 4, false, [1, 2, 4]],
    ['910b', 8, false, [1, 2, 3, 4, 5, 6, 7, 8]],
    ['910b', 16, false, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16]],
    ['a3', 8, false, [1, 2, 4, 6, 8]],
    ['a3', 8, true, [2, 4, 6, 8]],
    ['310p', 3, false, [1, 2, 3]],
    ['310p', 3, true, []],
    [null, 3, true, [1, 2, 3]],
  ] as const) {
    assert.deepEqual(legalCounts(chip, devices, several), expected, `${chip} ${devices} ${several}`)
  }
})

test('the best set of free devices is taken, and none when no legal set is free', () => {
  const cases: [Chip | null, number, number[], number, number[] | undefined, string][] = [
    ['910a', 8, all(8), 4, [0, 1, 2, 3], 'a whole ring'],
    ['910a', 8, all(8), 8, all(8), 'the whole server'],
    ['910a', 8, [0, 1, 2, 4, 5, 6], 4, undefined, 'four never span rings'],
    ['910a', 8, [0, 1, 2, 3, 4, 5, 6], 8, undefined, 'seven are not eight'],
    ['910a', 8, [3, 4], 2, undefined, 'two never span rings'],
    ['910a', 8, [0, 1, 2, 3, 6], 1, [6], 'one: a ring with 1 free before one with 4'],
    ['910a', 8, [0, 1, 5, 6, 7], 1, [5], 'one: 3 free before 2 free'],
    ['910a', 8, [0, 1, 2, 3, 6, 7], 1, [6], 'one: 2 free before 4 free'],
    ['910a', 8, [0, 1, 2, 3, 6, 7], 2, [6, 7], 'two: 2 free before 4 free'],
    ['910a', 8, [0, 1, 2, 4, 5, 6, 7], 2, [4, 5], 'two: 4 free before 3 free'],
    ['910a', 8, [4, 5, 6, 7], 4, [4, 5, 6, 7], 'the other ring'],
    ['910b', 8, [1, 4, 7], 3, [1, 4, 7], 'no rings on 910b'],
    ['910b', 16, [0, 1, 2, 8, 9], 2, [8, 9], 'Box16: up to eight in the ring with least to spare'],
    [
      '910b',
      16,
      all(16).filter((id) => id !== 3),
      10,
      [0, 1, 2, 4, 5, 8, 9, 10, 12, 13],
      'Box16: mirrored halves',
    ],
    ['910b', 16, all(16).filter((id) => id !== 3), 16, undefined, 'Box16: all or not'],
    ['a3', 16, [0, 2, 3, 5, 6, 7], 4, [2, 3, 6, 7], 'A3: whole modules only'],
    ['a3', 16, [0, 2, 3], 1, [0], 'A3: a lone die first'],
    ['a3', 16, [0, 2, 5], 2, undefined, 'A3: halves do not make a module'],
    ['310p', 4, [1, 3], 2, [1, 3], '310P takes any'],
    [null, 4, [1, 3], 2, [1, 3], 'GPU takes any'],
    [null, 4, [1, 3], 3, undefined, 'not enough'],
  ]
  for (const [chip, count, free, want, expected, title] of cases) {
    const choice = chooseDevices(chip, count, free, want)
    assert.deepEqual(choice && [...choice.physicalIds].sort((a, b) => a - b), expected, title)
  }
})
