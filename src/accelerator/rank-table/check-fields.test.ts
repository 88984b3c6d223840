// What a check says of groups, ports, backup addresses and hosts, and where its codes come from.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkRankTable } from './check.ts'
import { describeFinding } from './finding.ts'
import { parseRankTable } from './parse.ts'
import { check, server, v01, v10 } from './table-fixture.ts'

test('a finding says which part of HCCL would have given its code', () => {
  const findings = checkRankTable(parseRankTable(v10([server('a', [0])], { server_count: '3' })))
  assert.deepEqual(findings, [
    {
      severity: 'error',
      path: 'server_count',
      got: '"3"',
      valid: '"1", the length of server_list',
      code: 'EI0014',
      source: 'HCCL Config_Error_Ranktable, check of values',
    },
  ])
  assert.equal(
    describeFinding(findings[0]!),
    'error EI0014 server_count: got "3"; valid: "1", the length of server_list (HCCL Config_Error_Ranktable, check of values)',
  )
  const [advice] = checkRankTable(parseRankTable(v01({ a: [0, 1], b: [0] })))
  assert.deepEqual([advice?.code, advice?.source], [null, null])
})

test('groups that share a name are warned of, and refused in strict mode', () => {
  const table = JSON.parse(v01({ a: [0] }))
  const [group] = table.group_list
  const [pod] = group.instance_list
  const other = {
    ...pod,
    pod_name: 'x-0',
    server_id: 'b',
    devices: [{ device_id: '0', device_ip: '10.0.0.9' }],
  }
  const text = JSON.stringify({
    ...table,
    group_count: '2',
    group_list: [group, { ...group, instance_list: [other] }],
  })
  assert.match(
    check(text).text,
    /warning EI0014 group_list\[1\]\.group_name: got "w"; valid: a name of its own; group_list\[0\] has this one/,
  )
  assert.equal(check(text).ok, true)
  assert.equal(check(text, { mode: 'strict' }).ok, false)
})

test('device ids that no chip has, and ports that are none, are refused in a v1.0 table', () => {
  const withField = (more: object) => {
    const one = server('a', [0])
    one.device[0] = { ...one.device[0], ...more }
    return v10([one])
  }
  for (const [more, words] of [
    [{ device_id: '9999' }, /error EI0014 .*device_id: got "9999"; valid: 0 to 31/],
    [{ device_port: '0' }, /error EI0014 .*device_port: got "0"; valid: a port from "1" to "65535"/],
    [{ device_vnic_port: '65536' }, /error EI0014 .*device_vnic_port/],
    [{ host_port: 'x' }, /error EI0014 .*host_port: got "x"/],
    [{ host_port: null }, /error EI0017 .*host_port: got null/],
  ] as const)
    assert.match(check(withField(more)).text, words)
  for (const more of [
    { device_port: '1' },
    { host_port: '65535', backup_device_port: '16667', backup_device_ip: '' },
  ])
    assert.equal(check(withField(more), { mode: 'strict' }).text, '')
})

test('a backup address is one of the sister die: advice, and in strict mode a must', () => {
  const dies = (backup: unknown, more: object = {}) => {
    const one = server('a', [0, 1])
    one.device[0] = { ...one.device[0], backup_device_ip: backup, ...more }
    return v10([one, server('b', [2, 3])])
  }
  const strict = (text: string) => check(text, { mode: 'strict' }).text
  assert.equal(strict(dies('192.168.1.1')), '')
  assert.equal(strict(dies('172.16.0.1')), '')
  for (const [text, words] of [
    [dies('x'), /error EI0014 server_list\[0\]\.device\[0\]\.backup_device_ip: got "x"; valid: an IPv4/],
    [dies(7), /error EI0017 .*backup_device_ip: got 7/],
    [dies('172.16.0.1,172.16.0.1'), /an address of its own/],
    [dies('192.168.0.1'), /sister die \(device 1 of the same server\); server_list\[0\]\.device\[0\] has/],
    [dies('192.168.2.1'), /sister die .*server_list\[1\]\.device\[0\] has/],
    [dies('172.16.0.1', { backup_device_port: '0' }), /error EI0014 .*backup_device_port: got "0"/],
  ] as const) {
    assert.match(strict(text), words)
    assert.equal(check(text).ok, true)
  }
})

test('several servers whose devices have no address go through the hosts, if all have one and it is no 910B', () => {
  const bare = (id: string, rank: number, more: object) => ({
    ...server(id, [rank], more),
    device: [{ device_id: '0', rank_id: String(rank) }],
  })
  const hosts = v10([bare('a', 0, { host_ip: '10.0.0.1' }), bare('b', 1, { host_ip: '10.0.0.2' })])
  assert.deepEqual(check(hosts, { mode: 'strict', chip: '910a' }), {
    ok: true,
    text: 'warning server_list: got no address of any device; valid: an address of each device; without, all goes through the network of the hosts, and not at all on a 910b',
  })
  assert.equal(check(hosts, { chip: '910b' }).ok, false)
  assert.match(
    check(v10([bare('a', 0, { host_ip: '10.0.0.1' }), bare('b', 1, {})])).text,
    /error EI0014 server_list\[1\]\.host_ip: got nothing, in server "b"; valid: an address of every host/,
  )
  assert.match(check(v10([bare('a', 0, {}), bare('b', 1, {})])).text, /device_ip: got nothing, in server "b"/)
  const half = v10([server('a', [0], { host_ip: '10.0.0.1' }), bare('b', 1, { host_ip: '10.0.0.2' })])
  assert.match(check(half).text, /error EI0014 server_list\[1\].*device_ip: got nothing/)
})

test('on a 300I Duo several servers are warned of', () => {
  assert.match(
    check(v01({ a: [0], b: [0] }), { chip: '310p' }).text,
    /warning \(table\): got 2 servers; valid: one server: a 300I Duo trains on one only/,
  )
  assert.equal(check(v01({ a: [0, 31] }), { chip: '310p' }).text, '')
  assert.doesNotMatch(check(v01({ a: [0], b: [0] }), { chip: '910b' }).text, /300I/)
})
