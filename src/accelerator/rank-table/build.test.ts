// The v0.1 table that a job gets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AcceleratorError } from '../accelerator-error.ts'
import { allocate } from '../allocate.ts'
import { parseSimulate, simulatedInventory } from '../simulated.ts'
import { buildV01, instanceOf } from './build.ts'
import { convertRankTable } from './convert.ts'
import { findOwnDevices } from './own-devices.ts'
import { parseRankTable } from './parse.ts'

const inventory = simulatedInventory(parseSimulate('2x8'), { cpuCores: 2, memoryBytes: 2 ** 33 })
const size = { kind: 'Ascend', devices: 4, cpuCores: 0.5, memoryBytes: 1 } as const

test("a table has the keys of the document's example in their order, and strings only (01)", () => {
  const text = buildV01({
    status: 'completed',
    groupName: 'job-trainjob',
    instances: [
      {
        podName: 'jobxxxxxxxx-job-trainjob-0',
        serverId: '192.168.0.25',
        devices: [{ physicalId: 4, deviceIp: '192.1.10.254' }],
      },
    ],
  })
  assert.equal(
    text,
    '{"group_count": "1", "group_list": [{"device_count": "1", "group_name": "job-trainjob", "instance_count": "1", ' +
      '"instance_list": [{"devices": [{"device_id": "4", "device_ip": "192.1.10.254"}], ' +
      '"pod_name": "jobxxxxxxxx-job-trainjob-0", "server_id": "192.168.0.25"}]}], "status": "completed"}',
  )
})

test('before it is complete a table says initializing and nothing else', () => {
  assert.equal(buildV01({ status: 'initializing' }), '{"status": "initializing"}')
})

test('names with quotes, newlines and letters of any script come back as they went in', () => {
  const podName = 'a",\n  "b\\-作业-0'
  const text = buildV01({
    status: 'completed',
    groupName: podName,
    instances: [{ podName, serverId: 'a', devices: [] }],
  })
  assert.match(text, /^[\x20-\x7e]*$/)
  assert.equal(JSON.parse(text).group_list[0].instance_list[0].pod_name, podName)
  assert.equal(JSON.parse(text).group_list[0].group_name, podName)
})

test('a placed job yields a table without findings, and its tasks own ranks in task order', () => {
  for (const tasks of [1, 2, 4]) {
    const placed = allocate(inventory, [], tasks, size)
    assert.ok(placed.ok)
    const instances = placed.placements.map((placement) => {
      const host = inventory.hosts.find((candidate) => candidate.id === placement.hostId)!
      return instanceOf(inventory, placement, `job-${placement.taskIndex}`, host.address)
    })
    const result = convertRankTable(
      parseRankTable(buildV01({ status: 'completed', groupName: 'job-trainjob', instances })),
      {
        mode: 'strict',
        chip: '910a',
      },
    )
    assert.ok(result.ok)
    assert.deepEqual(result.findings, [])
    for (const { taskIndex, physicalIds } of placed.placements) {
      const own = findOwnDevices(result.converted, { podName: `job-${taskIndex}` })
      assert.ok(own.ok)
      assert.deepEqual(
        own.devices.map((d) => d.rankId),
        [0, 1, 2, 3].map((i) => taskIndex * 4 + i),
      )
      assert.deepEqual(
        own.devices.map((d) => d.physicalId),
        physicalIds,
      )
    }
  }
})

test('a placement whose host or device is gone is refused with what exists', () => {
  const placement = {
    task: 'worker-0',
    taskIndex: 0,
    hostId: 'sim-9',
    physicalIds: [0],
    cpuCores: 1,
    memoryBytes: 1,
  }
  const message = (over: object) => {
    try {
      instanceOf(inventory, { ...placement, ...over }, 'p', 'a')
    } catch (error) {
      assert.ok(error instanceof AcceleratorError)
      return error.message
    }
    throw new Error('should have thrown')
  }
  assert.equal(message({}), 'host of worker-0: got "sim-9"; valid: sim-0, sim-1')
  assert.match(
    message({ hostId: 'sim-0', physicalIds: [9] }),
    /device of worker-0 on sim-0: got 9; valid: 0, 1, 2/,
  )
})
