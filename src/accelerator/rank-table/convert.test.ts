// Conversion of v0.1 tables: order, merging, counts, bytes; after the vectors of ascend.md §7 (numbers in brackets).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConvertOptions, convertRankTable } from './convert.ts'
import { describeFinding } from './finding.ts'
import { findOwnDevices } from './own-devices.ts'
import { parseRankTable } from './parse.ts'

/** The document's two examples, tabs and all. */
const SEED_V01 = `{
	"group_count": "1",
	"group_list": [{
		"device_count": "1",
		"group_name": "job-trainjob",
		"instance_count": "1",
		"instance_list": [{
			"devices": [{
				"device_id": "4",
				"device_ip": "192.1.10.254"
			}],
			"pod_name": "jobxxxxxxxx-job-trainjob-0",
			"server_id": "192.168.0.25"
		}]
	}],
	"status": "completed"
}
`
const SEED_V10 = `{
	"server_count": "1",
	"server_list": [{
		"device": [{
			"device_id": "4",
			"device_ip": "192.1.10.254",
			"rank_id": "0"
		}],
		"server_id": "192.168.0.25"
	}],
	"status": "completed",
	"version": "1.0"
}
`

type Pod = { pod: string; server: string; ids: unknown[]; ips?: (string | null | undefined)[]; more?: object }
const group = (pods: Pod[], over: object = {}) => ({
  group_name: 'worker',
  device_count: String(pods.reduce((sum, pod) => sum + pod.ids.length, 0)),
  instance_count: String(pods.length),
  instance_list: pods.map(({ pod, server, ids, ips, more }) => ({
    pod_name: pod,
    server_id: server,
    devices: ids.map((id, i) => ({
      device_id: id,
      device_ip: ips ? ips[i] : `192.168.${100 + i}.${hash(pod)}`,
    })),
    ...more,
  })),
  ...over,
})
const hash = (name: string) =>
  ([...name].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 249, 7) % 249) + 1
const table = (groups: object[], over: object = {}) =>
  JSON.stringify({ group_count: String(groups.length), group_list: groups, status: 'completed', ...over })
const one = (pods: Pod[]) => table([group(pods)])

const convert = (text: string, options: ConvertOptions = {}) => {
  const result = convertRankTable(parseRankTable(text), options)
  const lines = result.findings.map(describeFinding)
  assert.ok(result.ok, lines.join('\n'))
  return { ...result.converted, lines }
}
const refuse = (text: string, options: ConvertOptions = {}) => {
  const result = convertRankTable(parseRankTable(text), options)
  assert.ok(!result.ok, 'should have been refused')
  return result.findings.map(describeFinding).join('\n')
}
/** `server:id,id` with ranks running on. */
const outline = (text: string, options: ConvertOptions = {}) => {
  const { servers } = convert(text, options)
  assert.deepEqual(
    servers.flatMap((s) => s.devices.map((d) => d.rankId)),
    [...Array(servers.flatMap((s) => s.devices).length).keys()],
  )
  return servers.map(
    (server) => `${server.serverId}:${server.devices.map((device) => device.physicalId).join(',')}`,
  )
}

test("the document's v0.1 example becomes its v1.0 example, and its one process has rank 0 on device 0 (01)", () => {
  const converted = convert(SEED_V01)
  assert.equal(
    converted.text,
    '{"status": "completed", "version": "1.0", "server_count": "1", "server_list": [{"server_id": "192.168.0.25", ' +
      '"device": [{"device_id": "4", "device_ip": "192.1.10.254", "rank_id": "0"}]}]}',
  )
  assert.deepEqual(JSON.parse(converted.text), JSON.parse(SEED_V10))
  assert.deepEqual(converted.lines, [])
  assert.deepEqual(findOwnDevices(converted, { podName: 'jobxxxxxxxx-job-trainjob-0' }), {
    ok: true,
    rankSize: 1,
    devices: [{ rankId: 0, physicalId: 4, logicalId: 0, serverId: '192.168.0.25' }],
  })
})

test('pods are ordered by the number at the end of their name, not by list or address (02, 03, 04, 05)', () => {
  const eight = ['0', '1', '2', '3', '4', '5', '6', '7']
  assert.deepEqual(
    outline(
      one([
        { pod: 'job-1', server: 'a', ids: eight },
        { pod: 'job-0', server: 'b', ids: eight },
      ]),
    ),
    ['b:0,1,2,3,4,5,6,7', 'a:0,1,2,3,4,5,6,7'],
  )
  const twelve = Array.from({ length: 12 }, (_, i) => ({
    pod: `job-${11 - i}`,
    server: `s${11 - i}`,
    ids: ['0'],
  }))
  assert.deepEqual(
    outline(one(twelve)),
    Array.from({ length: 12 }, (_, i) => `s${i}:0`),
  )
  assert.deepEqual(
    outline(
      one([
        { pod: 'j-0', server: '10.0.0.9', ids: ['0'] },
        { pod: 'j-1', server: '10.0.0.10', ids: ['0'] },
      ]),
    ),
    ['10.0.0.9:0', '10.0.0.10:0'],
  )
  assert.deepEqual(
    outline(
      one([
        { pod: '1', server: 'a', ids: ['0'] },
        { pod: '0', server: 'b', ids: ['0'] },
      ]),
    ),
    ['b:0', 'a:0'],
  )
})

test('pods without distinct numbers keep their order with a warning, and one name twice is refused (06)', () => {
  const named = convert(
    one([
      { pod: 'xyz', server: 'b', ids: ['0'] },
      { pod: 'abc', server: 'a', ids: ['0'] },
    ]),
  )
  assert.deepEqual(
    named.servers.map((server) => server.serverId),
    ['b', 'a'],
  )
  assert.match(
    named.lines.join(),
    /warning group_list\[0\]\.instance_list: got "xyz"; valid: pod names that end in distinct numbers/,
  )
  const same = convert(
    one([
      { pod: 'b-0', server: 'b', ids: ['0'] },
      { pod: 'a-0', server: 'a', ids: ['0'] },
    ]),
  )
  assert.deepEqual(
    same.servers.map((server) => server.serverId),
    ['b', 'a'],
  )
  assert.match(same.lines.join(), /end in the same number/)
  const twice = one([
    { pod: 'a-0', server: 'b', ids: ['0'], ips: ['1.0.0.1'] },
    { pod: 'a-0', server: 'a', ids: ['0'], ips: ['1.0.0.2'] },
  ])
  assert.match(refuse(twice), /error EI0014 group_list\[0\]\.instance_list\[1\]\.pod_name: got "a-0"/)
})

test('devices of a server are ordered by number, and the lowest is logical device 0 (07, 08)', () => {
  const converted = convert(one([{ pod: 'a-0', server: 'a', ids: ['5', '4'] }]))
  assert.deepEqual(
    converted.servers[0]!.devices.map((device) => device.physicalId),
    [4, 5],
  )
  const own = findOwnDevices(converted, {})
  assert.deepEqual(own.ok && own.devices.map((d) => [d.logicalId, d.physicalId, d.rankId]), [
    [0, 4, 0],
    [1, 5, 1],
  ])
  assert.deepEqual(outline(one([{ pod: 'a-0', server: 'a', ids: ['10', '9'] }])), ['a:9,10'])
})

test('two pods of one server are merged with neighbouring ranks, and each starts only its own (16)', () => {
  const text = one([
    { pod: 'a-0', server: 'x', ids: ['0', '1'] },
    { pod: 'a-1', server: 'y', ids: ['0', '1', '2', '3'] },
    { pod: 'a-2', server: 'x', ids: ['4', '5'] },
  ])
  assert.deepEqual(outline(text), ['x:0,1,4,5', 'y:0,1,2,3'])
  const own = (podName: string) => {
    const found = findOwnDevices(convert(text), { podName })
    assert.ok(found.ok)
    assert.equal(found.rankSize, 8)
    return found.devices.map((d) => [d.rankId, d.physicalId, d.logicalId])
  }
  assert.deepEqual(own('a-0'), [
    [0, 0, 0],
    [1, 1, 1],
  ])
  assert.deepEqual(own('a-2'), [
    [2, 4, 0],
    [3, 5, 1],
  ])
  assert.deepEqual(own('a-1'), [
    [4, 0, 0],
    [5, 1, 1],
    [6, 2, 2],
    [7, 3, 3],
  ])
})

test('groups follow one another, those after the first as listed, and servers are merged across them (17)', () => {
  const first = group([
    { pod: 'a-1', server: 'x', ids: ['0'] },
    { pod: 'a-0', server: 'y', ids: ['0'] },
  ])
  const second = group(
    [
      { pod: 'b-1', server: 'z', ids: ['0'] },
      { pod: 'b-0', server: 'y', ids: ['1'] },
    ],
    { group_name: 'ps' },
  )
  assert.deepEqual(outline(table([first, second])), ['y:0,1', 'x:0', 'z:0'])
})

test('a group without instances is passed over (18)', () => {
  const filled = group([{ pod: 'a-0', server: 'x', ids: ['0'] }])
  for (const empty of [null, []]) {
    const text = table([
      filled,
      { group_name: 'ps', device_count: '0', instance_count: '0', instance_list: empty },
    ])
    assert.deepEqual(outline(text), ['x:0'])
    assert.match(
      refuse(text, { mode: 'strict' }),
      /error EI0014 group_list\[1\]\.instance_list: got (null|\[\])/,
    )
  }
  assert.match(
    refuse(table([{ group_name: 'a', device_count: '0', instance_count: '0', instance_list: null }])),
    /got no device/,
  )
})

test('wrong counts are refused when strict, and otherwise warned of and counted (19)', () => {
  const pods = [{ pod: 'a-0', server: 'x', ids: ['0', '1'] }]
  for (const [text, pattern] of [
    [table([group(pods, { instance_count: '3' })]), /group_list\[0\]\.instance_count: got "3"; valid: "1"/],
    [table([group(pods, { device_count: '8' })]), /group_list\[0\]\.device_count: got "8"; valid: "2"/],
    [table([group(pods)], { group_count: '2' }), /group_count: got "2"; valid: "1"/],
  ] as const) {
    assert.match(refuse(text, { mode: 'strict' }), pattern)
    const compat = convert(text)
    assert.match(compat.lines.join(), pattern)
    assert.equal(compat.rankSize, 2)
  }
})

test('the shape of the old controller for two tasks, all pods in the first group, works in compat mode (20)', () => {
  const pods = [
    { pod: 'j-worker-0', server: 'x', ids: ['0'] },
    { pod: 'j-master-0', server: 'y', ids: ['0'] },
  ]
  const first = group(pods, { device_count: '1', instance_count: '1' })
  const second = { group_name: 'master', device_count: '1', instance_count: '1', instance_list: [] }
  const text = table([first, second])
  assert.deepEqual(outline(text), ['x:0', 'y:0'])
  assert.match(refuse(text, { mode: 'strict' }), /instance_count/)
})
