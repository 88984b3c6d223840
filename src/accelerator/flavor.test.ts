// The sizes a user can ask for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocate } from './allocate.ts'
import type { Inventory } from './device.ts'
import { flavorForDevices, listFlavors, resolveFlavor, taskSizeOf } from './flavor.ts'
import { parseSimulate, simulatedInventory } from './simulated.ts'

const GIB = 2 ** 30
const simulated = (spec: string, cpuCores = 2): Inventory =>
  simulatedInventory(parseSimulate(spec), { cpuCores, memoryBytes: 24 * GIB })

test('flavors follow the inventory: legal device counts with their part of CPU and memory', () => {
  const flavors = listFlavors(simulated('2x4'))
  assert.deepEqual(
    flavors.map((f) => [f.id, f.cpuCores, f.memoryBytes / GIB, f.maxTasks]),
    [
      ['ropeway.ascend-910a.1', 0.5, 6, 8],
      ['ropeway.ascend-910a.2', 1, 12, 4],
      ['ropeway.ascend-910a.4', 2, 24, 2],
      ['ropeway.cpu.1', 1, 12, 4],
      ['ropeway.cpu.2', 2, 24, 2],
    ],
  )
  assert.equal(flavors[1]!.name, '2 × Ascend 910A, 1 core, 12 GiB')
})

test('a GPU host and a CPU host have flavors of their own', () => {
  const device = (physicalId: number) => ({ physicalId, deviceIp: '', healthy: true })
  const common = { address: '10.0.0.1', chip: null, simulated: false, cpuCores: 6, memoryBytes: 12 * GIB }
  const gpu: Inventory = { hosts: [{ ...common, id: 'g', kind: 'GPU', devices: [0, 1].map(device) }] }
  assert.deepEqual(
    listFlavors(gpu).map((f) => f.id),
    ['ropeway.gpu.1', 'ropeway.gpu.2', 'ropeway.cpu.1', 'ropeway.cpu.2', 'ropeway.cpu.4', 'ropeway.cpu.6'],
  )
  const cpu: Inventory = { hosts: [{ ...common, id: 'c', kind: 'CPU', devices: [], cpuCores: 0.5 }] }
  assert.deepEqual(
    listFlavors(cpu).map((f) => [f.id, f.cpuCores]),
    [['ropeway.cpu.1', 0.5]],
  )
  assert.deepEqual(listFlavors({ hosts: [] }), [])
})

test('as many tasks of a flavor as it promises can be placed on the empty inventory, and no more', () => {
  for (const spec of ['2x4', '3x8', '2x6', '2x8:910b', '1x16:910b', '2x6:a3', '2x4:310p']) {
    const inventory = simulated(spec)
    for (const flavor of listFlavors(inventory)) {
      const size = taskSizeOf(flavor)
      assert.equal(
        allocate(inventory, [], flavor.maxTasks, size).ok,
        true,
        `${flavor.maxTasks} × ${flavor.id} on ${spec}`,
      )
      assert.equal(allocate(inventory, [], flavor.maxTasks + 1, size).ok, false, `${flavor.id} on ${spec}`)
    }
  }
})

test('flavor ids of the documents resolve to ours', () => {
  const inventory = simulated('2x8', 4)
  for (const [id, expected] of [
    ['modelarts.kat1.xlarge', 'ropeway.ascend-910a.1'],
    ['modelarts.kat1.8xlarge', 'ropeway.ascend-910a.8'],
    ['modelarts.pool.visual.xlarge', 'ropeway.ascend-910a.1'],
    ['modelarts.pool.visual.4xlarge', 'ropeway.ascend-910a.4'],
    ['modelarts.pool.visual.16xlarge', undefined],
    ['modelarts.vm.cpu.2u', 'ropeway.cpu.2'],
    ['modelarts.vm.cpu.8u', 'ropeway.cpu.4'],
    ['ropeway.ascend-910a.2', 'ropeway.ascend-910a.2'],
    ['ropeway.ascend-910a.3', undefined],
    ['__proto__', undefined],
  ] as const) {
    assert.equal(resolveFlavor(inventory, id)?.id, expected, id)
  }
})

test('a number of devices finds its flavor, and none finds the smallest CPU flavor', () => {
  const inventory = simulated('2x8')
  assert.equal(flavorForDevices(inventory, 4)?.id, 'ropeway.ascend-910a.4')
  assert.equal(flavorForDevices(inventory, 0)?.id, 'ropeway.cpu.1')
  assert.equal(flavorForDevices(inventory, 3), undefined)
})
