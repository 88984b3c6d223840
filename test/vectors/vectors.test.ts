// Every vector of ascend.md §7, each found by its number: `node --test --test-name-pattern='^16 ' test/vectors/vectors.test.ts`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ORDER_VECTORS } from './order-vectors.ts'
import { RANK_VECTORS } from './rank-vectors.ts'
import { VALUE_VECTORS } from './value-vectors.ts'
import { WAIT_VECTORS } from './wait-vectors.ts'

const VECTORS = [...ORDER_VECTORS, ...VALUE_VECTORS, ...WAIT_VECTORS, ...RANK_VECTORS].sort((a, b) =>
  a.id < b.id ? -1 : 1,
)

test('there are 50 vectors, each once', () => {
  const ids = Array.from({ length: 50 }, (_, index) => String(index + 1).padStart(2, '0'))
  assert.deepEqual(
    VECTORS.map(({ id }) => id),
    ids,
  )
})

for (const { id, what, run } of VECTORS) test(`${id} ${what}`, (t) => run(t))
