// ROPEWAY_CPU_AFFINITY: the CPUs that ranks really get.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { cpuList, evenSlices, npuSlices } from '../src/launcher/cpu-slices.ts'
import { PATH, tableText, testRuntime } from './launcher-fixture.ts'
import { ranksOf, stage } from './run-train-fixture.ts'

const runtime = await testRuntime()
const CPUS = cpuList(
  /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '',
)
const SHOW = 'import os\nprint(os.environ["RANK_ID"], sorted(os.sched_getaffinity(0)))\n'

/** As a server with four cards on two NUMA nodes prints it. */
const TOPOLOGY = `           NPU0       NPU1       NPU2       NPU3       CPU Affinity
NPU0       X          HCCS       HCCS       HCCS       0-7
NPU1       HCCS       X          HCCS       HCCS       0-7
NPU2       HCCS       HCCS       X          HCCS       8-11,14
NPU3       HCCS       HCCS       HCCS       X          8-11,14

Legend:

  X    = Self
`

test('CPUs are cut into equal runs, or follow the cards, of which two share a node', () => {
  const sixteen = cpuList('0-15')
  assert.deepEqual(evenSlices(cpuList('0-3,8-9'), 3), [
    [0, 1],
    [2, 3],
    [8, 9],
  ])
  assert.equal(evenSlices([0, 1], 3), null)
  assert.deepEqual(npuSlices(TOPOLOGY, [0, 1, 2], sixteen), [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9, 10, 11, 14],
  ])
  assert.deepEqual(npuSlices(TOPOLOGY.replaceAll('NPU3 ', 'Phy-ID3 '), [3], [8, 9]), [[8, 9]])
  assert.equal(npuSlices(TOPOLOGY, [4], sixteen), null, 'a card that is not there')
  assert.equal(npuSlices(TOPOLOGY, [2], [0, 1]), null, 'a container with none of its CPUs')
})

test('each rank gets its run of CPUs and the launcher keeps all; a card without a row of its own shares evenly', async (t) => {
  const { start, table, at } = stage(t, runtime, SHOW)
  table(tableText({ 'p-0': CPUS.slice(0, 2).map((_, index) => index) }))
  const expected = (evenSlices(CPUS, Math.min(CPUS.length, 2)) ?? []).map(
    (cpus, rank) => `${rank} [${cpus.join(', ')}]`,
  )
  const even = await start({ ROPEWAY_CPU_AFFINITY: 'even' }).ended
  assert.deepEqual(ranksOf(even.output).sort(), expected)
  writeFileSync(at('npu-smi'), `#!/bin/sh\ncat <<'END'\nNPU0 X HCCS ${CPUS[0]}\nEND\n`, { mode: 0o755 })
  const path = `${at('.')}:${PATH}`
  const npu = await start({ ROPEWAY_CPU_AFFINITY: 'npu', PATH: path }).ended
  assert.deepEqual(ranksOf(npu.output).sort(), expected)
  if (CPUS.length > 1) assert.match(npu.output, /does not name CPUs for all cards; CPUs are divided evenly/)
  const off = await start({}).ended
  assert.ok(ranksOf(off.output).every((line) => line.endsWith(`[${CPUS.join(', ')}]`)))
})

test('a mode nobody knows is refused', async (t) => {
  const { start, table } = stage(t, runtime, SHOW)
  table(tableText({ 'p-0': [0] }))
  const wrong = await start({ ROPEWAY_CPU_AFFINITY: 'numa' }).ended
  assert.equal(wrong.code, 2)
  assert.match(wrong.output, /ROPEWAY_CPU_AFFINITY: got "numa"; valid: even, npu, off/)
})
