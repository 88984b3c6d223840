// The forms beside v0.1 and v1.0: lab, v1.2 with super pods, v2.0; and what each becomes (ascend.md §1.4 to §1.7).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConvertOptions, convertRankTable } from './convert.ts'
import { describeFinding } from './finding.ts'
import { findOwnDevices } from './own-devices.ts'
import { parseRankTable } from './parse.ts'
import { tableRows } from './rows.ts'

const run = (table: unknown, options: ConvertOptions = {}) => {
  const result = convertRankTable(parseRankTable(JSON.stringify(table)), options)
  return { result, text: result.findings.map(describeFinding).join('\n') }
}
const convert = (table: unknown, options: ConvertOptions = {}) => {
  const { result, text } = run(table, options)
  assert.ok(result.ok, text)
  return { ...result.converted, findings: text, json: JSON.parse(result.converted.text) }
}
const refuse = (table: unknown, options: ConvertOptions = {}) => {
  const { result, text } = run(table, options)
  assert.equal(result.ok, false, 'should have been refused')
  return text
}

/** As hccl_tools.py wrote it; some writers gave numbers. */
const lab = (
  instances: readonly (readonly [server: string, device: number, rank: number])[],
  more: object = {},
) => ({
  board_id: '0x002f',
  chip_info: '910',
  deploy_mode: 'lab',
  group_count: '1',
  group_list: [
    {
      device_num: String(instances.length),
      server_num: String(new Set(instances.map(([server]) => server)).size),
      group_name: '',
      instance_count: String(instances.length),
      instance_list: instances.map(([server, device, rank]) => ({
        devices: [{ device_id: String(device), device_ip: `192.168.${100 + device}.${rank + 1}` }],
        rank_id: String(rank),
        server_id: server,
      })),
      ...more,
    },
  ],
  para_plane_nic_location: 'device',
  para_plane_nic_name: ['eth0'],
  para_plane_nic_num: '1',
  status: 'completed',
})

test('a lab table becomes v1.0 with the ranks it names, servers by their first rank', () => {
  const { json, sourceVersion, rankSize } = convert(
    lab([
      ['10.0.0.2', 0, 2],
      ['10.0.0.2', 1, 3],
      ['10.0.0.1', 1, 1],
      ['10.0.0.1', 0, 0],
    ]),
  )
  assert.deepEqual([sourceVersion, rankSize, json.version, json.server_count], ['lab', 4, '1.0', '2'])
  assert.deepEqual(
    json.server_list.map(
      (server: { server_id: string; device: { device_id: string; rank_id: string }[] }) => [
        server.server_id,
        server.device.map(({ device_id, rank_id }) => `${device_id}:${rank_id}`),
      ],
    ),
    [
      ['10.0.0.1', ['0:0', '1:1']],
      ['10.0.0.2', ['0:2', '1:3']],
    ],
  )
})

test('a lab table is held to its counts, its ranks and the network it can use', () => {
  const two = [
    ['a', 0, 0],
    ['a', 1, 1],
  ] as const
  assert.match(
    convert(lab(two, { device_num: '8' })).findings,
    /warning EI0014 group_list\[0\].device_num: got "8"; valid: "2"/,
  )
  assert.match(refuse(lab(two, { device_num: '8' }), { mode: 'strict' }), /error EI0014 .*device_num/)
  assert.match(
    refuse(
      lab([
        ['a', 0, 0],
        ['a', 1, 2],
      ]),
    ),
    /rank_id: got "2"; valid: 0 to 1, without gaps/,
  )
  assert.match(
    refuse(
      lab([
        ['a', 0, 0],
        ['a', 1, 0],
      ]),
    ),
    /rank_id: got "0"; valid: a rank of its own/,
  )
  assert.match(
    refuse({ ...lab(two), para_plane_nic_location: 'host' }),
    /para_plane_nic_location: got "host"/,
  )
  assert.match(
    convert(
      lab([
        ['a', 0, 0],
        ['a', 1, 1],
        ['a', 2, 2],
      ]),
    ).findings,
    /3 devices on server "a"/,
  )
  assert.match(refuse({ deploy_mode: 'lab', status: 'completed' }), /group_list: got nothing/)
})

/** Two super pods of one server with two dies each. */
const superPods = (change: (table: V12) => void = () => undefined) => {
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
  change(table as V12)
  return table
}
// biome-ignore lint/suspicious/noExplicitAny: tests break tables in every place.
type V12 = any

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
    json.server_list.flatMap((server: V12) => server.device.map((die: V12) => die.super_device_id)),
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
    (t: V12) => t.super_pod_list.pop(),
    /server_list\[1\].server_id: got "10.0.0.2"; valid: a server of one/,
  ],
  [
    'a server of two',
    (t: V12) => t.super_pod_list[1].server_list.push({ server_id: '10.0.0.1' }),
    /a server of one super pod only; super_pod_list\[0\]/,
  ],
  [
    'an unknown server',
    (t: V12) => t.super_pod_list[1].server_list.push({ server_id: 'x' }),
    /got "x"; valid: a server_id of the top-level/,
  ],
  ['a super pod twice', (t: V12) => (t.super_pod_list[1].super_pod_id = '0'), /super_pod_id "0" 2 times/],
  [
    'an empty id of a die',
    (t: V12) => (t.server_list[0].device[0].super_device_id = ''),
    /super_device_id: got ""/,
  ],
  [
    'one id for two dies',
    (t: V12) => (t.server_list[0].device[1].super_device_id = '0'),
    /super_device_id: got "0"; valid: an id of its own/,
  ],
  [
    'a number for an id',
    (t: V12) => (t.server_list[0].device[0].super_device_id = 0),
    /error EI0017 .*super_device_id: got 0/,
  ],
  ['no list', (t: V12) => (t.super_pod_list = {}), /error EI0017 super_pod_list/],
] as const)
  test(`v1.2 with ${what} is refused with its place`, () => assert.match(refuse(superPods(change)), words))

test('servers of a super pod that are not neighbours are refused; the same die in two super pods is not', () => {
  const apart = superPods((table) => {
    const third = structuredClone(table.server_list[0])
    third.server_id = '10.0.0.3'
    third.device.forEach((die: V12, index: number) => {
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
  assert.match(
    convert(lone, { chip: 'a3' }).findings,
    /warning EI0014 server_list\[0\]: got die 0 without die 1/,
  )
  assert.equal(convert(superPods(), { chip: 'a3' }).findings, '')
})

const address = { addr_type: 'IPV4', addr: '10.0.0.1', ports: ['0/1'], plane_id: '0' }
const level = (layer: number) => ({
  ...{
    net_layer: layer,
    net_instance_id: 'pod-0',
    net_type: 'CLOS',
    net_attr: '',
    rank_addr_list: [address],
  },
})
const v20 = (ranks: number) => ({
  version: '2.0',
  rank_count: ranks,
  rank_list: Array.from({ length: ranks }, (_, rank) => ({
    ...{ rank_id: rank, local_id: rank % 8, device_id: rank % 8, level_list: [level(0), level(1)] },
  })),
})

test('v2.0 is checked and passed on unchanged, with or without a status; it has no other form', () => {
  const table = v20(16)
  const { text, rankSize, servers } = convert(table)
  assert.deepEqual([text, rankSize, servers], [JSON.stringify(table), 16, []])
  convert({ ...table, status: 'completed' })
  assert.match(refuse({ ...table, status: 'initializing' }), /status: got "initializing"/)
  assert.match(refuse(table, { to: '1.0' }), /ranks of a 2.0 table have no servers/)
  const own = findOwnDevices(convert(table), { hostIp: '10.0.0.1' })
  assert.ok(!own.ok)
  assert.match(own.reason, /2.0 table names ranks and no servers/)
})

for (const [what, change, words] of [
  ['a wrong count', (t: V12) => (t.rank_count = 3), /rank_count: got 3; valid: 2/],
  ['a count as a string', (t: V12) => (t.rank_count = '2'), /rank_count: got "2"; valid: a JSON integer/],
  ['a rank twice', (t: V12) => (t.rank_list[1].rank_id = 0), /rank_id 0; valid: 0 to 1, each once/],
  [
    'a device past 64',
    (t: V12) => (t.rank_list[0].device_id = 65),
    /device_id: got 65; valid: a JSON integer from 0 to 64/,
  ],
  [
    'layers that fall',
    (t: V12) => t.rank_list[0].level_list.reverse(),
    /net_layer: got 0; valid: more than 1/,
  ],
  [
    'a net of no kind',
    (t: V12) => (t.rank_list[0].level_list[0].net_type = 'RING'),
    /net_type: got "RING"; valid: TOPO_FILE_DESC or CLOS/,
  ],
  [
    'a port of no form',
    (t: V12) => (t.rank_list[0].level_list[0].rank_addr_list[0].ports = ['1']),
    /ports: got \["1"\]/,
  ],
  ['no levels', (t: V12) => delete t.rank_list[0].level_list, /level_list: got nothing/],
] as const)
  test(`v2.0 with ${what} is refused with its place`, () => {
    const table = structuredClone(v20(2))
    change(table)
    assert.match(refuse(table), words)
  })

test('addresses for readers that want them: the host_ip, else a server_id that is one, else none', () => {
  const device = (rank: number) => [
    { device_id: '0', device_ip: `192.168.0.${rank + 1}`, rank_id: String(rank) },
  ]
  const table = {
    ...{ status: 'completed', version: '1.0', server_count: '3' },
    server_list: [
      { server_id: 'node_0', host_ip: '10.0.0.1', device: device(0) },
      { server_id: '10.0.0.2', device: device(1) },
      { server_id: 'node_2', device: device(2) },
    ],
  }
  const { json } = convert(table, { withAddresses: true })
  assert.deepEqual(
    json.server_list.map(({ pod_ip, container_ip }: V12) => [pod_ip, container_ip]),
    [
      ['10.0.0.1', '10.0.0.1'],
      ['10.0.0.2', '10.0.0.2'],
      [undefined, undefined],
    ],
  )
})

test('rows say who is where, in the order of ranks, with the index programs see', () => {
  const rows = tableRows(
    convert(
      lab([
        ['a', 5, 1],
        ['a', 4, 0],
      ]),
    ),
  )
  assert.deepEqual(
    rows.map(({ rankId, task, server, logicalId, physicalId }) => [
      rankId,
      task,
      server,
      logicalId,
      physicalId,
    ]),
    [
      [0, null, 'a', 0, 4],
      [1, null, 'a', 1, 5],
    ],
  )
  assert.equal(tableRows(convert(v20(16))).length, 16)
})
