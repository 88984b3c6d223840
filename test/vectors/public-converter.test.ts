// Our converted table is byte for byte that of the public converter, as its algorithm is written down in ascend.md §3.4 (here: the one of
// bench/polling_launcher.py), whenever every server appears once and its devices ascend.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { convert, group, type Pod, table } from './vector.ts'

const BENCH = join(import.meta.dirname, '../../bench')
const PYTHON = `import json, sys
sys.path.insert(0, ${JSON.stringify(BENCH)})
sys.dont_write_bytecode = True
import polling_launcher
print(json.dumps([json.dumps(polling_launcher.convert(json.loads(text))[0]) for text in json.load(sys.stdin)]))
`

const devices = fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 8 }).map((ids) => ids.sort().map(String))
/** Pods in any order, each on a server of its own, in one or two groups. */
const tables = fc
  .record({ pods: fc.array(devices, { minLength: 1, maxLength: 20 }), seed: fc.nat(), cut: fc.nat(20) })
  .map(({ pods, seed, cut }) => {
    const named = pods.map((ids, n): Pod => ({ pod: `作业-${n}`, server: `10.0.${n}.1`, ids }))
    const order = named.toSorted(
      (a, b) => ((Number(a.pod.slice(3)) * 7919 + seed) % 31) - ((Number(b.pod.slice(3)) * 7919 + seed) % 31),
    )
    const first = order.slice(0, Math.max(1, Math.min(cut, order.length)))
    const rest = order.slice(first.length)
    return table(rest.length === 0 ? [group(first)] : [group(first), group(rest, { group_name: 'ps' }, 100)])
  })

test('the converted bytes are those of the public converter, for 300 tables of every shape', () => {
  const texts = fc.sample(tables, { numRuns: 300, seed: 7 })
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', PYTHON], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
  })
  assert.notEqual(stdout, '', stderr)
  const theirs: string[] = JSON.parse(stdout)
  assert.deepEqual(
    texts.map((text) => convert(text).text),
    theirs,
  )
})
