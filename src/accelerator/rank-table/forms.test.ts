// The old lab form and v2.0, addresses on demand, and rows for people (ascend.md §1.6, §1.7).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findOwnDevices } from './own-devices.ts'
import { tableRows } from './rows.ts'
import { type AnyTable, convert, refuse } from './table-fixture.ts'

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
  ['a wrong count', (t: AnyTable) => (t.rank_count = 3), /rank_count: got 3; valid: 2/],
  [
    'a count as a string',
    (t: AnyTable) => (t.rank_count = '2'),
    /rank_count: got "2"; valid: a JSON integer/,
  ],
  ['a rank twice', (t: AnyTable) => (t.rank_list[1].rank_id = 0), /rank_id 0; valid: 0 to 1, each once/],
  [
    'a device past 64',
    (t: AnyTable) => (t.rank_list[0].device_id = 65),
    /device_id: got 65; valid: a JSON integer from 0 to 64/,
  ],
  [
    'layers that fall',
    (t: AnyTable) => t.rank_list[0].level_list.reverse(),
    /net_layer: got 0; valid: more than 1/,
  ],
  [
    'a net of no kind',
    (t: AnyTable) => (t.rank_list[0].level_list[0].net_type = 'RING'),
    /net_type: got "RING"; valid: TOPO_FILE_DESC or CLOS/,
  ],
  [
    'a port of no form',
    (t: AnyTable) => (t.rank_list[0].level_list[0].rank_addr_list[0].ports = ['1']),
    /ports: got \["1"\]/,
  ],
  ['no levels', (t: AnyTable) => delete t.rank_list[0].level_list, /level_list: got nothing/],
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
    json.server_list.map(({ pod_ip, container_ip }: AnyTable) => [pod_ip, container_ip]),
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
