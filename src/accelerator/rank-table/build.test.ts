// The v0.1 table that a job gets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AcceleratorError } from '../accelerator-error.ts'
import { allocate } from '../allocate.ts'
import { parseSimulate, simulatedInventory } from '../simulated.ts'
import { buildInitializing, buildTable, tableTaskOf } from './build.ts'
import { convertRankTable } from './convert.ts'
import { findOwnDevices } from './own-devices.ts'
import { parseRankTable } from './parse.ts'
import { tableReadiness } from './readiness.ts'

const inventory = simulatedInventory(parseSimulate('2x8'), { cpuCores: 2, memoryBytes: 2 ** 33 })
const size = { kind: 'Ascend', devices: 4, cpuCores: 0.5, memoryBytes: 1 } as const

test("a table has the keys of the document's example in their order, and strings only", () => {
  const text = buildTable('0.1', {
    groupName: 'job-trainjob',
    tasks: [
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

test('before it is complete a table says initializing, and which tasks have no address yet', () => {
  const devices = [{ physicalId: 0, deviceIp: '192.168.100.1' }]
  const tasks = [
    { podName: 'p-0', serverId: '10.0.0.1', devices },
    { podName: 'p-1', serverId: null, devices },
  ]
  const text = buildInitializing({ groupName: 'g', tasks })
  assert.deepEqual(tableReadiness({ kind: 'content', content: text }), {
    state: 'waiting',
    detail: 'status: got "initializing"; valid: "completed". 1 of 2 tasks have an address; not yet: p-1',
  })
})

test('the form a job asks for is the v0.1 table converted; what has no such form stays v0.1', () => {
  const pod = simulatedInventory(parseSimulate('2x16:a3'), { cpuCores: 2, memoryBytes: 2 ** 33 })
  const tasks = (from: typeof inventory) =>
    from.hosts.map((host, taskIndex) => {
      const placement = {
        task: 'x',
        taskIndex,
        hostId: host.id,
        physicalIds: [1, 0],
        cpuCores: 1,
        memoryBytes: 1,
      }
      return tableTaskOf(from, placement, `p-${taskIndex}`, host.address)
    })
  const v12 = JSON.parse(buildTable('1.2', { groupName: 'g', tasks: tasks(pod) }))
  assert.equal(v12.version, '1.2')
  assert.deepEqual(v12.server_list[1].device, [
    { device_id: '0', device_ip: '192.168.100.5', super_device_id: '16', rank_id: '2' },
    { device_id: '1', device_ip: '192.168.101.5', super_device_id: '17', rank_id: '3' },
  ])
  assert.deepEqual(v12.super_pod_list, [
    { super_pod_id: '0', server_list: [{ server_id: '127.64.0.1' }, { server_id: '127.64.0.2' }] },
  ])
  const plain = { groupName: 'g', tasks: tasks(inventory) }
  assert.equal(JSON.parse(buildTable('1.0', plain)).version, '1.0')
  assert.equal(buildTable('1.2', plain), buildTable('0.1', plain))
})

test('hosts of one super pod whose cards have no address get the v1.2 form they ask for', () => {
  const tasks = [0, 1].map((index) => ({
    podName: `p-${index}`,
    serverId: `10.0.0.${index + 1}`,
    superPodId: '7',
    devices: [0, 1].map((die) => ({ physicalId: die, deviceIp: '', superDeviceId: String(2 * index + die) })),
  }))
  const table = JSON.parse(buildTable('1.2', { groupName: 'g', tasks }))
  assert.equal(table.version, '1.2')
  assert.deepEqual(table.server_list[1].device[1], { device_id: '1', super_device_id: '3', rank_id: '3' })
  assert.deepEqual(table.super_pod_list, [
    { super_pod_id: '7', server_list: [{ server_id: '10.0.0.1' }, { server_id: '10.0.0.2' }] },
  ])
})

test('names with quotes, newlines and letters of any script come back as they went in', () => {
  const podName = 'a",\n  "b\\-作业-0'
  const text = buildTable('0.1', {
    groupName: podName,
    tasks: [{ podName, serverId: 'a', devices: [] }],
  })
  assert.match(text, /^[\x20-\x7e]*$/)
  assert.equal(JSON.parse(text).group_list[0].instance_list[0].pod_name, podName)
  assert.equal(JSON.parse(text).group_list[0].group_name, podName)
})

test('a placed job yields a table without findings, and its tasks own ranks in task order', () => {
  for (const count of [1, 2, 4]) {
    const placed = allocate(inventory, [], count, size)
    assert.ok(placed.ok)
    const tasks = placed.placements.map((placement) => {
      const host = inventory.hosts.find((candidate) => candidate.id === placement.hostId)!
      return tableTaskOf(inventory, placement, `job-${placement.taskIndex}`, host.address)
    })
    const result = convertRankTable(parseRankTable(buildTable('0.1', { groupName: 'job-trainjob', tasks })), {
      mode: 'strict',
      chip: '910a',
    })
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
      tableTaskOf(inventory, { ...placement, ...over }, 'p', 'a')
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
