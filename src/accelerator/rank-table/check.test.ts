// What a check says of a table.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkRankTable } from './check.ts'
import { convertRankTable } from './convert.ts'
import { describeFinding, isAcceptable } from './finding.ts'
import { parseRankTable } from './parse.ts'
import { check, server, v01, v10 } from './table-fixture.ts'

test('910A sets of devices are held against the rings', () => {
  for (const [ids, warned] of [
    [[0, 1, 2, 3], false],
    [[0, 1, 4, 5], false],
    [[0, 1, 2, 4], true],
    [[3, 4], true],
    [[2, 3], false],
    [[5], false],
    [[0, 1, 2], true],
    [[0, 1, 2, 3, 4, 5, 6, 7], false],
    [[8, 9, 10], false],
  ] as const) {
    const { ok, text } = check(v01({ a: [...ids] }))
    assert.equal(ok, true)
    assert.equal(/1, 2 or 4 devices of one ring/.test(text), warned, String(ids))
  }
  assert.equal(check(v01({ a: [0, 1, 2] }), { chip: '910b' }).text, '')
  assert.match(check(v10([server('a', [0, 1, 2])]), { chip: '910a' }).text, /warning EI0014 server_list\[0\]/)
  assert.equal(check(v10([server('a', [0, 1, 2])])).text, '')
})

test('a device id above what the chip has is refused', () => {
  assert.match(
    check(v01({ a: [8] }), { chip: '910a' }).text,
    /error EI0014 .*device_id: got "8"; valid: 0 to 7 on 910a/,
  )
  assert.equal(check(v01({ a: [8] }), { chip: '910b' }).ok, true)
})

test('servers with different numbers of devices are warned of, and refused on a 910A', () => {
  const text = v01({ a: [0, 1, 2, 3, 4, 5, 6, 7], b: [0, 1, 2, 3] })
  assert.match(check(text).text, /warning .*got 4 devices in server "b" and 8 in "a"/)
  assert.equal(check(text).ok, true)
  assert.equal(check(text, { chip: '910a' }).ok, false)
  assert.equal(check(text, { chip: '910b' }).ok, true)
})

test('a server_id has 1 to 64 bytes', () => {
  assert.equal(check(v01({ ['x'.repeat(64)]: [0] })).ok, true)
  assert.match(
    check(v01({ ['x'.repeat(65)]: [0] })).text,
    /error EI0014 .*server_id: got 65 bytes; valid: 1 to 64 bytes/,
  )
  assert.match(check(v01({ '': [0] })).text, /error EI0014 .*server_id: got ""/)
  assert.equal(check(v10([server('x'.repeat(65), [0])])).ok, false)
})

test('a missing key or one of the wrong type is named with the code HCCL would give', () => {
  const good = JSON.parse(v01({ a: [0] }))
  const [group] = good.group_list
  const [pod] = group.instance_list
  for (const [change, pattern] of [
    [{ ...good, group_list: undefined }, /error EI0017 group_list: got nothing/],
    [{ ...good, group_list: ['x'] }, /error EI0017 group_list\[0\]: got "x"; valid: an object/],
    [
      { ...good, group_list: [{ ...group, instance_list: {} }] },
      /error EI0017 group_list\[0\]\.instance_list: got {}/,
    ],
    [
      { ...good, group_list: [{ ...group, instance_list: [7] }] },
      /error EI0017 group_list\[0\]\.instance_list\[0\]: got 7/,
    ],
    [
      { ...good, group_list: [{ ...group, instance_list: [{ ...pod, pod_name: 3 }] }] },
      /error EI0017 .*pod_name: got 3/,
    ],
    [
      { ...good, group_list: [{ ...group, instance_list: [{ ...pod, devices: undefined }] }] },
      /error EI0017 .*devices: got nothing/,
    ],
    [
      { ...good, group_list: [{ ...group, group_name: undefined }] },
      /warning EI0017 .*group_name: got nothing/,
    ],
    [{ ...good, group_count: 'one' }, /error EI0014 group_count: got "one"/],
    [{ ...good, status: undefined }, /error EI0017 status: got nothing; valid: "completed"/],
    [{ ...good, status: 'initializing' }, /error status: got "initializing"/],
  ] as const) {
    assert.match(check(JSON.stringify(change)).text, pattern)
  }
})

test('a v1.0 or v1.2 table passes through byte for byte after its check, shuffled ranks too', () => {
  const shuffled = v10([server('b', [3, 2]), server('a', [0, 1], { container_ip: '1.1.1.1' })])
  const superPod = v10([server('a', [0]), server('b', [1])], {
    version: '1.2',
    super_pod_list: [{ super_pod_id: '0', server_list: [{ server_id: 'a' }, { server_id: 'b' }] }],
  })
  for (const text of [shuffled, superPod]) {
    const result = convertRankTable(parseRankTable(`\uFEFF${text}\n`))
    assert.ok(result.ok)
    assert.equal(result.converted.text, `${text}\n`)
  }
})

test('a 1.1 table is refused by name', () => {
  assert.match(check('{"version":"1.1","status":"completed"}').text, /version: got "1\.1".*heterogeneous/)
})

test('server_count may be absent, but not wrong', () => {
  assert.equal(check(v10([server('a', [0])], { server_count: undefined })).ok, true)
  assert.match(
    check(v10([server('a', [0])], { server_count: '2' })).text,
    /error EI0014 server_count: got "2"; valid: "1"/,
  )
})

test('JSON numbers in a v1.0 table are taken and written as strings; strict refuses them, as HCCL does', () => {
  const numbers = server('a', [])
  numbers.device.push({ device_id: 4, device_ip: '192.168.0.1', rank_id: 0, device_port: 16667 })
  const text = v10([{ ...numbers, hardware_type: 'x' }], { server_count: 1 })
  const result = convertRankTable(parseRankTable(text))
  assert.ok(result.ok)
  assert.deepEqual(result.findings.map(describeFinding), [
    'warning EI0017 server_list[0].device[0].device_id: got 4 JSON numbers, the first here; valid: strings, which the converted table has; HCCL itself refuses numbers (HCCL Config_Error_Ranktable, reading of keys)',
  ])
  const [device] = JSON.parse(result.converted.text).server_list[0].device
  assert.deepEqual(device, { device_id: '4', device_ip: '192.168.0.1', rank_id: '0', device_port: '16667' })
  assert.match(check(text, { mode: 'strict' }).text, /^error EI0017/)
})

test('what HCCL would refuse in a v1.0 table is refused, because it is handed on as it is', () => {
  const [device] = server('a', [0]).device
  for (const [text, pattern] of [
    [v10([], { server_list: undefined }), /error EI0017 server_list: got nothing/],
    [v10([]), /error EI0014 server_list: got \[\]/],
    [v10([server('a', [])]), /error EI0014 server_list\[0\]\.device: got \[\]/],
    [
      v10([server('a', [0]), server('a', [1])]),
      /server_list\[1\]\.server_id: got "a"; valid: an id of its own/,
    ],
    [v10([server('a', [0]), server('b', [0])]), /rank_id: got "0"; valid: a rank of its own/],
    [v10([server('a', [0, 2])]), /rank_id: got "2"; valid: 0 to 1, without gaps/],
    [v10([{ server_id: 'a', device: [{ ...device, rank_id: -1 }] }]), /error EI0017 .*rank_id: got -1/],
    [
      v10([{ server_id: 'a', device: [{ ...device, device_id: '04' }] }]),
      /error EI0014 .*device_id: got "04"/,
    ],
    [
      v10([{ server_id: 'a', device: ['x'] as unknown as object[] }]),
      /error EI0017 server_list\[0\]\.device\[0\]: got "x"/,
    ],
    [v10([server('a', [0], { host_ip: 'x' })]), /host_ip: got "x"; valid: an IPv4 address/],
    [v10([server('a', [0], { host_ip: 7 })]), /error EI0017 server_list\[0\]\.host_ip: got 7/],
    [
      v10([server('a', [0])], {
        version: '1.2',
        super_pod_list: [{ super_pod_id: '0', server_list: [{ server_id: 'z' }] }],
      }),
      /super_pod_list\[0\]\.server_list\[0\]\.server_id: got "z"/,
    ],
    [v10([server('a', [0])], { version: '1.2', super_pod_list: {} }), /error EI0017 super_pod_list: got {}/],
  ] as const) {
    const result = check(text)
    assert.match(result.text, pattern)
    assert.equal(result.ok, false)
  }
})

test('ranks that interleave between servers are warned of', () => {
  const { ok, text } = check(v10([server('a', [0, 2]), server('b', [1, 3])]))
  assert.equal(ok, true)
  assert.match(text, /warning server_list\[0\]: got ranks 0, 2; valid: neighbouring ranks/)
})

test('a table that is wrong everywhere is answered with two hundred findings and a count', () => {
  const pods = Array.from({ length: 500 }, (_, i) => ({
    pod_name: `w-${i}`,
    server_id: `s${i}`,
    devices: [{ device_id: 'x', device_ip: 'y' }],
  }))
  const text = JSON.stringify({
    group_count: '1',
    group_list: [{ group_name: 'w', device_count: '500', instance_count: '500', instance_list: pods }],
    status: 'completed',
  })
  const findings = checkRankTable(parseRankTable(text))
  assert.ok(findings.length <= 202)
  assert.match(describeFinding(findings.at(-1)!), /further findings of this kind/)
  assert.equal(isAcceptable(findings), false)
})
