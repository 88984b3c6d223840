// Which ranks a container takes for its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { convertRankTable } from './convert.ts'
import { findOwnDevices, type OwnName, visibleIds } from './own-devices.ts'
import { parseRankTable } from './parse.ts'

const find = (table: object, own: OwnName) => {
  const result = convertRankTable(parseRankTable(JSON.stringify(table)))
  assert.ok(result.ok)
  const found = findOwnDevices(result.converted, own)
  return found.ok ? found.devices.map((d) => [d.rankId, d.physicalId, d.logicalId, d.serverId]) : found.reason
}
const pods = (count: number) => ({
  group_count: '1',
  group_list: [
    {
      group_name: 'w',
      device_count: String(count),
      instance_count: String(count),
      instance_list: Array.from({ length: count }, (_, i) => ({
        pod_name: `w-${i}`,
        server_id: `s${i}`,
        devices: [{ device_id: '4', device_ip: `1.1.1.${i + 1}` }],
      })),
    },
  ],
  status: 'completed',
})
const servers = (...ids: string[]) => ({
  status: 'completed',
  version: '1.0',
  server_list: ids.map((server_id, i) => ({
    server_id,
    host_ip: `10.0.0.${i + 1}`,
    device: [
      { device_id: '7', device_ip: `1.1.1.${i + 1}`, rank_id: String(2 * i) },
      { device_id: '6', device_ip: `1.1.2.${i + 1}`, rank_id: String(2 * i + 1) },
    ],
  })),
})

test('a pod finds its own devices; one that is not in the table reads which pods are', () => {
  assert.deepEqual(find(pods(2), { podName: 'w-1' }), [[1, 4, 0, 's1']])
  assert.equal(
    find(pods(2), { podName: 'w-2' }),
    'own pod name: got "w-2"; valid: a pod of the rank table (w-0, w-1)',
  )
  assert.match(String(find(pods(20), { podName: 'x' })), /\(w-0, .*w-7, and 12 more\)/)
})

test('without a pod name the only pod is taken, and with two pods nobody guesses', () => {
  assert.deepEqual(find(pods(1), {}), [[0, 4, 0, 's0']])
  assert.match(
    String(find(pods(2), {})),
    /got nothing in BATCH_TASK_CURRENT_INSTANCE or MA_CURRENT_INSTANCE_NAME; valid: one of the 2 pods/,
  )
})

test('a pod without devices is told so', () => {
  const table = pods(2)
  table.group_list[0]!.instance_list[1]!.devices = []
  assert.equal(find(table, { podName: 'w-1' }), 'pod "w-1" has no device in the rank table')
})

test('in a v1.0 table a host finds its server by server_id or host_ip, logical ids by physical id', () => {
  assert.deepEqual(find(servers('a', 'b'), { hostIp: 'b' }), [
    [3, 6, 0, 'b'],
    [2, 7, 1, 'b'],
  ])
  assert.deepEqual(find(servers('a', 'b'), { hostIp: '10.0.0.1' }), [
    [1, 6, 0, 'a'],
    [0, 7, 1, 'a'],
  ])
  assert.deepEqual(find(servers('a'), {}), [
    [1, 6, 0, 'a'],
    [0, 7, 1, 'a'],
  ])
  assert.deepEqual(find(servers('a'), { hostIp: 'other' }), [
    [1, 6, 0, 'a'],
    [0, 7, 1, 'a'],
  ])
  assert.match(
    String(find(servers('a', 'b'), { hostIp: 'c' })),
    /server is not found: .* got "c"; valid: .*\(a, b\)/,
  )
  assert.match(
    String(find(servers('a', 'b'), {})),
    /server is not found: .* got nothing in MA_CURRENT_HOST_IP, and no address here/,
  )
})

test('two containers of one server in a v1.0 table tell themselves apart by the devices they see', () => {
  assert.deepEqual(find(servers('a', 'b'), { hostIp: 'b', visibleDevices: '7' }), [[2, 7, 0, 'b']])
  assert.deepEqual(find(servers('a'), { visibleDevices: 'Ascend910-6' }), [[1, 6, 0, 'a']])
  for (const other of ['0,1', 'void', ''])
    assert.equal(
      find(servers('a'), { visibleDevices: other }).length,
      2,
      `${other} names no device of the server`,
    )
})

test('where no variable names the host, an address of the machine does; two servers that fit are one too many', () => {
  assert.deepEqual(find(servers('a', 'b'), { addresses: ['127.0.0.1', '10.0.0.2'] })[0], [3, 6, 0, 'b'])
  assert.match(
    String(find(servers('a', 'b'), { addresses: ['10.0.0.1', '10.0.0.2'] })),
    /^2 servers fit: .*got nothing in MA_CURRENT_HOST_IP, and 10\.0\.0\.1, 10\.0\.0\.2 here; valid: MA_CURRENT_HOST_IP naming one .*\(a, b\)/,
  )
  const shared = servers('a', 'b', 'c')
  for (const server of shared.server_list) server.host_ip = server.server_id === 'c' ? '10.0.0.3' : '10.0.0.1'
  assert.match(String(find(shared, { hostIp: '10.0.0.1' })), /^2 servers fit: .*got "10\.0\.0\.1".*\(a, b\)/)
})

test('lists of visible devices are read in all their forms', () => {
  assert.deepEqual(visibleIds(' 0-2, 5 ,Ascend910-7,npu-1'), [0, 1, 2, 5, 7])
  assert.deepEqual(visibleIds('Ascend910B-3'), [3])
  assert.deepEqual(visibleIds('void'), [])
})
