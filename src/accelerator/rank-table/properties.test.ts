// What must hold for every table, however it came about: found by generating tables, and by breaking valid ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { convertRankTable } from './convert.ts'
import { describeFinding } from './finding.ts'
import { parseRankTable } from './parse.ts'
import { RankTableError } from './rank-table-error.ts'
import { tableReadiness } from './readiness.ts'

type Pod = { readonly server: number; readonly devices: readonly number[] }

/** Pods on servers, each device of a server in one pod only. */
const pods: fc.Arbitrary<readonly Pod[]> = fc
  .array(
    fc
      .uniqueArray(fc.nat(7), { minLength: 1, maxLength: 8 })
      .chain((ids) => fc.tuple(fc.constant(ids), fc.nat(ids.length))),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((servers) =>
    servers.flatMap(([ids, cut], server) =>
      [ids.slice(0, cut), ids.slice(cut)]
        .filter((devices) => devices.length > 0)
        .map((devices) => ({ server, devices })),
    ),
  )

const v01 = (all: readonly Pod[], order: readonly number[]) =>
  JSON.stringify({
    group_count: '1',
    group_list: [
      {
        group_name: 'worker',
        device_count: String(all.reduce((sum, { devices }) => sum + devices.length, 0)),
        instance_count: String(all.length),
        instance_list: order.map((index) => {
          const { server, devices } = all[index]!
          return {
            pod_name: `job-worker-${index}`,
            server_id: `10.0.0.${server + 1}`,
            devices: devices.map((id) => ({
              device_id: String(id),
              device_ip: `192.168.${server}.${id + 1}`,
            })),
          }
        }),
      },
    ],
    status: 'completed',
  })

const cases = pods.chain((all) =>
  fc.tuple(
    fc.constant(all),
    fc.shuffledSubarray([...all.keys()], { minLength: all.length, maxLength: all.length }),
  ),
)

function converted(text: string) {
  const result = convertRankTable(parseRankTable(text))
  assert.ok(result.ok, result.findings.map(describeFinding).join('\n'))
  return result.converted
}

test('ranks are 0 to N-1, neighbours on each server, ascending with the device, and every device is there once', () => {
  fc.assert(
    fc.property(cases, ([all, order]) => {
      const { servers, rankSize } = converted(v01(all, order))
      const ranks = servers.flatMap(({ devices }) => devices.map(({ rankId }) => rankId))
      assert.deepEqual(ranks, [...ranks.keys()])
      assert.equal(rankSize, ranks.length)
      const got = servers.flatMap(({ serverId, devices }) =>
        devices.map(({ physicalId }) => `${serverId}/${physicalId}`),
      )
      const asked = all.flatMap(({ server, devices }) => devices.map((id) => `10.0.0.${server + 1}/${id}`))
      assert.deepEqual(got.toSorted(), asked.toSorted())
      for (const { devices } of servers) {
        const ids = devices.map(({ physicalId }) => physicalId)
        assert.deepEqual(
          ids,
          ids.toSorted((a, b) => a - b),
        )
      }
    }),
  )
})

test('the order of the list does not matter: every node writes the same bytes, and converting them again changes none', () => {
  fc.assert(
    fc.property(cases, ([all, order]) => {
      const { text } = converted(v01(all, order))
      assert.equal(text, converted(v01(all, [...all.keys()])).text)
      assert.equal(converted(text).text, text)
    }),
  )
})

const VALID = [
  v01(
    [
      { server: 1, devices: [0, 1] },
      { server: 0, devices: [4, 5] },
    ],
    [1, 0],
  ),
  converted(v01([{ server: 0, devices: [0, 1, 2, 3] }], [0])).text,
  JSON.stringify({
    ...{ board_id: '0x0000', chip_info: '910', deploy_mode: 'lab', group_count: '1' },
    group_list: [
      {
        ...{ device_num: '2', server_num: '1', group_name: '', instance_count: '2' },
        instance_list: [0, 1].map((rank) => ({
          devices: [{ device_id: String(rank), device_ip: `192.168.10${rank}.1` }],
          rank_id: String(rank),
          server_id: '10.0.0.1',
        })),
      },
    ],
    ...{ para_plane_nic_location: 'device', para_plane_nic_name: ['eth0'], para_plane_nic_num: '1' },
    status: 'completed',
  }),
  JSON.stringify({
    ...{ status: 'completed', version: '1.2', server_count: '2' },
    server_list: [0, 1].map((server) => ({
      server_id: `10.0.0.${server}`,
      device: [0, 1].map((die) => ({
        ...{ device_id: String(die), super_device_id: String(2 * server + die), device_port: '16666' },
        rank_id: String(2 * server + die),
      })),
    })),
    super_pod_list: [
      { super_pod_id: '0', server_list: [{ server_id: '10.0.0.0' }, { server_id: '10.0.0.1' }] },
    ],
  }),
  JSON.stringify({
    ...{ status: 'completed', version: '2.0', rank_count: 1 },
    rank_list: [
      {
        ...{ rank_id: 0, local_id: 0, device_id: 0, device_port: 16666 },
        level_list: [
          {
            ...{ net_layer: 0, net_instance_id: 'a', net_type: 'CLOS', net_attr: '' },
            rank_addr_list: [{ addr_type: 'IPV4', addr: '10.0.0.1', ports: ['0/1'], plane_id: 'p' }],
          },
        ],
      },
    ],
  }),
]

test('each form of table that is broken below is a valid one', () => {
  const versions = VALID.map((text) => converted(text).sourceVersion)
  assert.deepEqual(versions, ['0.1', '1.0', 'lab', '1.2', '2.0'])
})

test('every prefix of a valid table is waited on, and none is taken for a table', () => {
  for (const text of VALID) {
    const bytes = Buffer.from(text)
    for (let length = 0; length < bytes.length; length++) {
      const readiness = tableReadiness({ kind: 'content', content: bytes.subarray(0, length) })
      assert.equal(readiness.state, 'waiting', `${length} bytes: ${readiness.detail}`)
    }
    assert.equal(tableReadiness({ kind: 'content', content: bytes }).state, 'completed')
  }
})

test('a valid table with any byte changed is taken or refused in words, and never crashes', () => {
  for (const text of VALID) {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at++) {
      for (const byte of [0x00, 0x22, 0x2c, 0x30, 0x39, 0x5d, 0x7b, 0xff, bytes[at]! ^ 1]) {
        const broken = Buffer.from(bytes)
        broken[at] = byte
        try {
          const result = convertRankTable(parseRankTable(broken))
          if (result.ok) assert.doesNotThrow(() => JSON.parse(result.converted.text))
          else assert.ok(result.findings.length > 0)
        } catch (error) {
          assert.ok(error instanceof RankTableError, `byte ${at} as ${byte}: ${String(error)}`)
        }
      }
    }
  }
})

test('any JSON at all is answered in words', () => {
  const version = fc.constantFrom('1.0', '1.1', '1.2', '2.0', undefined)
  const key = fc.constantFrom(
    ...[
      'group_list',
      'instance_list',
      'devices',
      'server_list',
      'device',
      'rank_list',
      'super_pod_list',
      'level_list',
    ],
    ...[
      'server_id',
      'pod_name',
      'device_id',
      'device_ip',
      'rank_id',
      'deploy_mode',
      'group_count',
      '__proto__',
    ],
  )
  const value = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 6 }, fc.string(), fc.integer(), fc.constant(null), tie('list'), tie('object')),
    list: fc.array(tie('node'), { maxLength: 4 }),
    object: fc.dictionary(key, tie('node'), { maxKeys: 6 }),
  }))
  fc.assert(
    fc.property(version, value.object, (form, object) => {
      const text = JSON.stringify({
        ...(object as object),
        ...(form ? { version: form } : {}),
        status: 'completed',
      })
      const result = convertRankTable(parseRankTable(text))
      assert.ok(result.ok || result.findings.length > 0)
    }),
    { numRuns: 500 },
  )
})
