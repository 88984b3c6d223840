// Which hosts and devices a job gets, and what a person reads when it gets none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocate } from './allocate.ts'
import type { Booking, Host, Inventory, TaskSize } from './device.ts'
import { parseSimulate, simulatedInventory } from './simulated.ts'

const GIB = 2 ** 30
const simulated = (spec: string, cpuCores = 64): Inventory =>
  simulatedInventory(parseSimulate(spec), { cpuCores, memoryBytes: 256 * GIB })
const npu = (devices: number, cpuCores = 1): TaskSize => ({
  kind: 'Ascend',
  devices,
  cpuCores,
  memoryBytes: GIB,
})
const cpu = (cpuCores: number): TaskSize => ({ kind: 'CPU', devices: 0, cpuCores, memoryBytes: GIB })
const booked = (hostId: string, physicalIds: number[], cpuCores = 1): Booking => ({
  jobId: 'other',
  attempt: 1,
  task: 'worker-0',
  taskIndex: 0,
  hostId,
  physicalIds,
  cpuCores,
  memoryBytes: GIB,
})
const places = (inventory: Inventory, bookings: Booking[], taskCount: number, size: TaskSize) => {
  const result = allocate(inventory, bookings, taskCount, size)
  return result.ok ? result.placements.map((p) => `${p.hostId}:${p.physicalIds.join(',')}`) : result.reason
}
const refusal = (inventory: Inventory, bookings: Booking[], taskCount: number, size: TaskSize) => {
  const result = allocate(inventory, bookings, taskCount, size)
  assert.ok(!result.ok)
  return result
}

test('the tasks of a job get equal, legal sets of devices', () => {
  const cases: [string, Booking[], number, number, string[]][] = [
    ['2x4', [], 2, 4, ['sim-0:0,1,2,3', 'sim-1:0,1,2,3']],
    ['1x8', [], 2, 4, ['sim-0:0,1,2,3', 'sim-0:4,5,6,7']],
    ['2x8', [], 2, 4, ['sim-0:0,1,2,3', 'sim-0:4,5,6,7']],
    ['2x8', [], 2, 8, ['sim-0:0,1,2,3,4,5,6,7', 'sim-1:0,1,2,3,4,5,6,7']],
    ['1x8', [], 2, 2, ['sim-0:0,1', 'sim-0:2,3']],
    ['1x8', [], 1, 1, ['sim-0:0']],
    ['3x8', [booked('sim-1', [0, 1, 2, 3])], 1, 4, ['sim-1:4,5,6,7']],
    [
      '3x8',
      [booked('sim-0', [0, 1, 2, 3]), booked('sim-2', [4, 5, 6, 7])],
      2,
      4,
      ['sim-0:4,5,6,7', 'sim-2:0,1,2,3'],
    ],
    ['2x8', [booked('sim-1', [0, 1, 2])], 1, 1, ['sim-1:3']],
    ['4x4', [], 3, 2, ['sim-0:0,1', 'sim-1:0,1', 'sim-2:0,1']],
    ['2x8:910b', [], 3, 4, ['sim-0:0,1,2,3', 'sim-0:4,5,6,7', 'sim-1:0,1,2,3']],
    ['1x8:910b', [], 1, 3, ['sim-0:0,1,2']],
    ['2x4:a3', [], 2, 2, ['sim-0:0,1', 'sim-0:2,3']],
  ]
  for (const [spec, bookings, tasks, devices, expected] of cases) {
    assert.deepEqual(
      places(simulated(spec), bookings, tasks, npu(devices)),
      expected,
      `${tasks}×${devices} on ${spec}`,
    )
  }
})

test('a job of several tasks keeps ranks together: task order, host order and device order agree', () => {
  for (const spec of ['4x8', '4x8:910b', '4x16:910b', '4x16:a3']) {
    const inventory = simulated(spec)
    for (const tasks of [2, 4, 8, 16]) {
      const result = allocate(inventory, [booked('sim-2', [0, 1])], tasks, npu(2))
      if (!result.ok) continue
      const keys = result.placements.flatMap((p) =>
        p.physicalIds.map((id) => Number(p.hostId.slice(4)) * 100 + id),
      )
      assert.deepEqual(
        keys,
        keys.toSorted((a, b) => a - b),
        `${tasks} on ${spec}`,
      )
    }
  }
})

test('tasks are named worker-0, worker-1, or as the caller likes, and carry what they book', () => {
  const result = allocate(simulated('2x4'), [], 2, npu(4, 0.5), (index) => `ps-${index}`)
  assert.ok(result.ok)
  assert.deepEqual(
    result.placements.map((p) => [p.task, p.taskIndex, p.cpuCores, p.memoryBytes]),
    [
      ['ps-0', 0, 0.5, GIB],
      ['ps-1', 1, 0.5, GIB],
    ],
  )
})

test('a job that must wait is told what it needs and what is free', () => {
  const cases: [string, Booking[], number, number, string][] = [
    [
      '2x8',
      [booked('sim-0', [3, 4, 5, 6, 7]), booked('sim-1', [0, 1, 2, 4, 5, 6, 7])],
      2,
      4,
      'needs 2 × 4 Ascend devices in one ring; free now: sim-0 has 3 of 8 (0-2), sim-1 has 1 of 8 (3)',
    ],
    ['1x8', [booked('sim-0', [0])], 1, 8, 'needs 1 × 8 Ascend devices; free now: sim-0 has 7 of 8 (1-7)'],
    [
      '1x8',
      [booked('sim-0', [0, 1, 3, 4, 5, 7])],
      1,
      2,
      'needs 1 × 2 Ascend devices in one ring; free now: sim-0 has 2 of 8 (2, 6)',
    ],
    [
      '1x4',
      [booked('sim-0', [0], 64)],
      1,
      1,
      'needs 1 × 1 Ascend device; free now: sim-0 has 3 of 4 (1-3), 0 of 64 cores and 255 GiB of 256 GiB',
    ],
  ]
  for (const [spec, bookings, tasks, devices, reason] of cases) {
    assert.deepEqual(refusal(simulated(spec), bookings, tasks, npu(devices)), {
      ok: false,
      reason,
      everPossible: true,
    })
  }
})

test('with many hosts the reason names the five with most free and counts the rest', () => {
  const inventory = simulated('100x8')
  const bookings = inventory.hosts.map((host, i) => booked(host.id, i === 42 ? [0] : [0, 1, 2, 3, 4, 5, 6]))
  const { reason } = refusal(inventory, bookings, 1, npu(8))
  assert.match(
    reason,
    /free now: sim-42 has 7 of 8 \(1-7\), sim-0 has 1 of 8 \(7\), .*, 95 more hosts with no more than that$/,
  )
  assert.ok(reason.length < 300)
})

test('a job that can never start is told so, with what exists and what would be valid', () => {
  const cases: [Inventory, number, TaskSize, RegExp][] = [
    [
      simulated('2x4'),
      1,
      npu(8),
      /needs 1 × 8 Ascend devices; there are 2 hosts with 4 Ascend 910A devices each \(8 in all\); devices per task can be 1, 2, 4 here, not 8/,
    ],
    [
      simulated('1x8'),
      1,
      npu(3),
      /there is 1 host with 8 Ascend 910A devices; devices per task can be 1, 2, 4, 8 here, not 3/,
    ],
    [simulated('2x4'), 3, npu(4), /room for at most 2 tasks of this size at once/],
    [
      simulated('2x8'),
      3,
      npu(4),
      /every 910A server of a job gives the same number of devices \(1, 2, 4 or 8\), and 12 cannot be split so/,
    ],
    [simulated('1x4', 2), 1, npu(1, 3), /a task needs 3 cores and the largest host has 2/],
    [
      simulated('1x4', 2),
      1,
      { ...npu(1), memoryBytes: 512 * GIB },
      /a task needs 512 GiB and the largest host has 256 GiB/,
    ],
    [
      simulated('1x4', 2),
      1,
      { ...npu(1), kind: 'GPU' },
      /no host with GPU devices exists \(1 host with 4 Ascend 910A devices\)/,
    ],
    [{ hosts: [] }, 1, npu(1), /no host with Ascend devices exists \(no host at all\)/],
    [simulated('2x2:310p'), 3, npu(1), /room for at most 2 tasks/],
    [simulated('1x4', 2), 1, cpu(3), /needs 1 × 3 CPU cores and 1 GiB; .* the largest host has 2/],
    [simulated('1x4'), 0, npu(1), /task count: got 0/],
    [simulated('1x4'), 1, npu(-1), /devices per task: got -1/],
    [simulated('1x4'), 1, { ...cpu(1), devices: 2 }, /devices per task: got 2; valid: 0 for a CPU task/],
    [simulated('1x4'), 1, cpu(Number.NaN), /task size/],
  ]
  for (const [inventory, tasks, size, pattern] of cases) {
    const result = refusal(inventory, [], tasks, size)
    assert.match(result.reason, pattern)
    assert.equal(result.everPossible, false)
  }
})

test('CPU and memory are booked too, and fractions of a core add up', () => {
  const inventory = simulated('1x8', 2)
  assert.deepEqual(places(inventory, [], 8, npu(1, 0.25)).length, 8)
  const seven = Array.from({ length: 7 }, (_, id) => booked('sim-0', [id], 0.1 + 0.2))
  assert.equal(allocate(simulated('1x8', 2.4), seven, 1, npu(1, 0.3)).ok, true)
  assert.equal(allocate(inventory, [booked('sim-0', [0], 2)], 1, npu(1, 0.25)).ok, false)
})

test('CPU jobs run on any host, first where least is left', () => {
  const inventory = simulated('3x4', 4)
  assert.deepEqual(places(inventory, [booked('sim-1', [0], 2)], 3, cpu(2)), ['sim-0:', 'sim-0:', 'sim-1:'])
  assert.deepEqual(places(inventory, [], 6, cpu(2)).length, 6)
  assert.match(
    refusal(inventory, [booked('sim-0', [], 4)], 6, cpu(2)).reason,
    /free now: .*sim-0 has 0 of 4 cores/,
  )
})

test('unhealthy devices are passed over, counted in the reason, and expected back', () => {
  const inventory = simulated('1x4')
  const sick: Host = {
    ...inventory.hosts[0]!,
    devices: inventory.hosts[0]!.devices.map((d) => ({ ...d, healthy: d.physicalId !== 1 })),
  }
  assert.deepEqual(places({ hosts: [sick] }, [], 1, npu(2)), ['sim-0:0,2'])
  const result = refusal({ hosts: [sick] }, [], 1, npu(4))
  assert.match(result.reason, /sim-0 has 3 of 4 \(0, 2-3\), 1 unhealthy/)
  assert.equal(result.everPossible, true)
})

test('a job never mixes chips', () => {
  const mixed: Inventory = {
    hosts: [...simulated('1x4').hosts, { ...simulated('1x4:910b').hosts[0]!, id: 'b' }],
  }
  assert.deepEqual(places(mixed, [booked('sim-0', [0])], 1, npu(4)), ['b:0,1,2,3'])
  assert.equal(refusal(mixed, [], 2, npu(4)).everPossible, false)
})

test('the same question always has the same answer', () => {
  const ask = () => allocate(simulated('8x8'), [booked('sim-3', [0, 1]), booked('sim-5', [4])], 4, npu(2))
  assert.deepEqual(ask(), ask())
})
