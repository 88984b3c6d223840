import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EndEvidence, explainEnd } from './explain-end.ts'

const GIB = 2 ** 30
const memory = (peak: number | null) => ({
  limitBytes: 4 * GIB,
  peakBytes: peak === null ? null : peak * GIB,
})

const explain = (code: number, seen: Partial<EndEvidence> = {}) =>
  explainEnd(code, { oomKilled: 'unknown', memory: null, ...seen })

test('137 says out of memory only where that is known or likely, with the figures that were read', () => {
  assert.equal(
    explain(137, { oomKilled: 'yes', memory: memory(null) }),
    'exit code 137: out of memory: its peak reached the limit of 4.0 GiB; ask for a larger flavor or use less',
  )
  assert.match(explain(137, { oomKilled: 'yes' }), /: out of memory; ask for a larger/)
  const other = explain(137, { oomKilled: 'no', memory: memory(1) })
  assert.match(other, /not at its memory limit \(peak memory 1\.0 GiB of 4\.0 GiB\)/)
  assert.doesNotMatch(other, /usually/)
  assert.match(explain(137, { oomKilled: 'no' }), /not at its memory limit: by somebody/)
  assert.match(
    explain(137, { memory: memory(2) }),
    /usually out of memory \(peak memory 2\.0 GiB of 4\.0 GiB\)/,
  )
  assert.match(explain(137), /usually out of memory$/)
})

test("an engine that has not heard of the kill yet is not believed against a task's full memory", () => {
  assert.match(explain(137, { oomKilled: 'no', memory: memory(3.99) }), /usually out of memory/)
})

test('other codes speak of memory only when it ran out', () => {
  assert.match(explain(1, { oomKilled: 'yes', memory: memory(4) }), /^exit code 1: out of memory/)
  assert.equal(explain(1, { oomKilled: 'no', memory: memory(4) }), 'exit code 1')
})
