// v1.2 tables: the super pods of an Atlas 900 A3 (ascend.md §1.4), and what other forms need to become one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyTable, convert, refuse } from './table-fixture.ts'

/** Two super pods of one server with two dies each. */
const superPods = (change: (table: AnyTable) => void = () => undefined) => {
  const server = (id: string, first: number) => ({
    server_id: id,
    host_ip: id,
    device: [0, 1].map((die) => ({
      device_id: String(die),
      super_device_id: String(first + die),
      device_ip: `192.168.1.${first + die + 1}`,
      rank_id: String(first + die),
      device_port: '16666',
    })),
  })
  const table = {
    status: 'completed',
    version: '1.2',
    server_count: '2',
    server_list: [server('10.0.0.1', 0), server('10.0.0.2', 2)],
    super_pod_list: [
      { super_pod_id: '0', server_list: [{ server_id: '10.0.0.1' }] },
      { super_pod_id: '1', server_list: [{ server_id: '10.0.0.2' }] },
    ],
  }
  change(table as AnyTable)
  return table
}
test('v1.2 passes through byte for byte, and becomes v1.0 without its super pods and with all else', () => {
  const table = superPods()
  assert.equal(convert(table).text, JSON.stringify(table))
  assert.equal(convert(table, { to: '1.2' }).text, JSON.stringify(table))
  const { json } = convert(table, { to: '1.0' })
  assert.deepEqual(Object.keys(json), ['status', 'version', 'server_count', 'server_list'])
  assert.equal(json.version, '1.0')
  assert.deepEqual(json.server_list[1].device[1], {
    ...{ device_id: '1', device_ip: '192.168.1.4', rank_id: '3', device_port: '16666' },
  })
})

test('v1.0 with super pod data becomes the v1.2 it came from; without it says what is missing', () => {
  const table = superPods()
  const without = JSON.parse(convert(table, { to: '1.0' }).text)
  const lines = refuse(without, { to: '1.2' })
  assert.match(lines, /server_list\[0\].device\[0\].super_device_id: got nothing; valid: the id that npu-smi/)
  assert.match(lines, /server_list\[1\].super_pod_id: got nothing/)
  const { json } = convert({ ...table, version: '1.0' }, { to: '1.2' })
  assert.equal(json.version, '1.2')
  assert.deepEqual(json.super_pod_list, table.super_pod_list)
  assert.deepEqual(
    json.server_list.flatMap((server: AnyTable) => server.device.map((die: AnyTable) => die.super_device_id)),
    ['0', '1', '2', '3'],
  )
})

test('v0.1 whose pods name their super pod becomes v1.2', () => {
  const pod = (index: number, superPod: string) => ({
    ...{ pod_name: `w-${index}`, server_id: `10.0.0.${index + 1}`, super_pod_id: superPod },
    devices: [0, 1].map((die) => ({
      ...{
        device_id: String(die),
        device_ip: `192.168.${index}.${die + 1}`,
        super_device_id: String(2 * index + die),
      },
    })),
  })
  const table = {
    group_count: '1',
    group_list: [
      { group_name: 'w', device_count: '4', instance_count: '2', instance_list: [pod(1, 'b'), pod(0, 'a')] },
    ],
    status: 'completed',
  }
  const { json } = convert(table, { to: '1.2', chip: 'a3' })
  assert.deepEqual(json.super_pod_list, [
    { super_pod_id: 'a', server_list: [{ server_id: '10.0.0.1' }] },
    { super_pod_id: 'b', server_list: [{ server_id: '10.0.0.2' }] },
  ])
  assert.deepEqual(json.server_list[1].device[0], {
    ...{ device_id: '0', device_ip: '192.168.1.1', super_device_id: '2', rank_id: '2' },
  })
})

for (const [what, change, words] of [
  [
    'a server of no super pod',
    (t: AnyTable) => t.super_pod_list.pop(),
    /server_list\[1\].server_id: got "10.0.0.2"; valid: a server of one/,
  ],
  [
    'a server of two',
    (t: AnyTable) => t.super_pod_list[1].server_list.push({ server_id: '10.0.0.1' }),
    /a server of one super pod only; super_pod_list\[0\]/,
  ],
  [
    'an unknown server',
    (t: AnyTable) => t.super_pod_list[1].server_list.push({ server_id: 'x' }),
    /got "x"; valid: a server_id of the top-level/,
  ],
  [
    'a super pod twice',
    (t: AnyTable) => (t.super_pod_list[1].super_pod_id = '0'),
    /super_pod_id "0" 2 times/,
  ],
  [
    'an empty id of a die',
    (t: AnyTable) => (t.server_list[0].device[0].super_device_id = ''),
    /super_device_id: got ""/,
  ],
  [
    'one id for two dies',
    (t: AnyTable) => (t.server_list[0].device[1].super_device_id = '0'),
    /super_device_id: got "0"; valid: an id of its own/,
  ],
  [
    'a number for an id',
    (t: AnyTable) => (t.server_list[0].device[0].super_device_id = 0),
    /error EI0017 .*super_device_id: got 0/,
  ],
  ['no list', (t: AnyTable) => (t.super_pod_list = {}), /error EI0017 super_pod_list/],
] as const)
  test(`v1.2 with ${what} is refused with its place`, () => assert.match(refuse(superPods(change)), words))

test('servers of a super pod that are not neighbours are refused; the same die in two super pods is not', () => {
  const apart = superPods((table) => {
    const third = structuredClone(table.server_list[0])
    third.server_id = '10.0.0.3'
    third.device.forEach((die: AnyTable, index: number) => {
      Object.assign(die, {
        rank_id: String(4 + index),
        super_device_id: String(8 + index),
        device_ip: `192.168.2.${index}`,
      })
    })
    table.server_list.push(third)
    table.server_count = '3'
    table.super_pod_list[0].server_list.push({ server_id: '10.0.0.3' })
  })
  assert.match(refuse(apart), /"10.0.0.3" of super pod "0" after servers of another/)
  convert(superPods((table) => Object.assign(table.server_list[1].device[0], { super_device_id: '0' })))
})

test('on an A3 a die without its sister is warned of', () => {
  const lone = superPods((table) => Object.assign(table.server_list[0].device[1], { device_id: '3' }))
  assert.match(convert(lone, { chip: 'a3' }).findings, /warning server_list\[0\]: got die 0 without die 1/)
  assert.equal(convert(superPods(), { chip: 'a3' }).findings, '')
})

/** Two servers of one super pod whose dies have `address`, or none. */
const onePod = (address?: string) =>
  superPods((table) => {
    for (const { device } of table.server_list)
      for (const die of device) {
        if (address === undefined) delete die.device_ip
        else die.device_ip = address
      }
    table.super_pod_list = [
      { super_pod_id: '0', server_list: [{ server_id: '10.0.0.1' }, { server_id: '10.0.0.2' }] },
    ]
  })

test('servers of one super pod need no addresses of devices; those of two do, and a v1.0 table does', () => {
  for (const address of [undefined, '']) {
    const { findings, text } = convert(onePod(address), { mode: 'strict', chip: 'a3' })
    assert.equal(findings, '')
    assert.equal(text, JSON.stringify(onePod(address)))
  }
  const noHosts = onePod()
  for (const server of noHosts.server_list as AnyTable[]) delete server.host_ip
  assert.equal(convert(noHosts, { mode: 'strict' }).findings, '')
  assert.match(
    refuse(noHosts, { to: '1.0' }),
    /device_ip: got nothing, in server "10.0.0.1"; .*in form 1\.2 those of one super pod need none/,
  )
  assert.match(refuse(noHosts, { isHccsDisabled: true }), /device_ip: got nothing, in server "10.0.0.2"/)
  const two = superPods((table) => {
    for (const server of table.server_list) {
      delete server.host_ip
      for (const die of server.device) delete die.device_ip
    }
  })
  assert.match(refuse(two), /error EI0014 server_list\[0\]\.device\[0\]\.device_ip: got nothing/)
  const plain = structuredClone(noHosts) as AnyTable
  for (const server of plain.server_list) for (const die of server.device) delete die.super_device_id
  delete plain.super_pod_list
  assert.match(refuse(plain), /device_ip: got nothing/)
})

test('a -1 of the device plugin is left out where no address is needed, and strict refuses it as HCCL does', () => {
  const { findings, json } = convert(onePod('-1'))
  assert.match(
    findings,
    /warning EI0014 server_list\[0\]\.device\[0\]\.device_ip: got "-1"; valid: no such key/,
  )
  assert.deepEqual(json, onePod())
  assert.match(refuse(onePod('-1'), { mode: 'strict' }), /error EI0014 .*device_ip: got "-1"/)
  const two = superPods((table) => Object.assign(table.server_list[0].device[0], { device_ip: '-1' }))
  assert.match(refuse(two), /error EI0014 .*got "-1"; valid: an IP address; -1 means/)
})
