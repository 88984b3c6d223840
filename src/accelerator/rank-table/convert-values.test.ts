// What conversion makes of single values, of keys it does not know, and of very many (ascend.md §7, numbers in brackets).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConvertOptions, convertRankTable } from './convert.ts'
import { describeFinding } from './finding.ts'
import { parseRankTable } from './parse.ts'

type Pod = { pod: string; server: string; ids: unknown[]; ips?: (string | null | undefined)[]; more?: object }
const group = (pods: Pod[], over: object = {}) => ({
  group_name: 'worker',
  device_count: String(pods.flatMap((pod) => pod.ids).length),
  instance_count: String(pods.length),
  instance_list: pods.map(({ pod, server, ids, ips, more }, p) => ({
    pod_name: pod,
    server_id: server,
    devices: ids.map((id, i) => ({ device_id: id, device_ip: ips ? ips[i] : `192.168.${100 + i}.${p + 1}` })),
    ...more,
  })),
  ...over,
})
const table = (groups: object[], over: object = {}) =>
  JSON.stringify({ group_count: String(groups.length), group_list: groups, status: 'completed', ...over })
const one = (pods: Pod[]) => table([group(pods)])

const run = (text: string, options: ConvertOptions) => {
  const result = convertRankTable(parseRankTable(text), options)
  return { result, lines: result.findings.map(describeFinding) }
}
const convert = (text: string, options: ConvertOptions = {}) => {
  const { result, lines } = run(text, options)
  assert.ok(result.ok, lines.join('\n'))
  return { ...result.converted, lines }
}
const refuse = (text: string) => {
  const { result, lines } = run(text, {})
  assert.equal(result.ok, false, 'should have been refused')
  return lines.join('\n')
}

test('JSON integers pass for strings, come out as strings, and one warning says so (09)', () => {
  const converted = convert(
    table([group([{ pod: 'a-0', server: 'a', ids: [4] }], { device_count: 1, instance_count: 1 })], {
      group_count: 1,
    }),
  )
  assert.match(converted.text, /"device_id": "4"/)
  assert.equal(converted.lines.length, 1)
  assert.match(converted.lines[0]!, /warning EI0017 group_count: got 4 JSON numbers, the first here/)
})

test('a device id that is not a plain decimal is refused with its path (10)', () => {
  for (const id of [
    '04',
    ' 4 ',
    '4abc',
    '-1',
    '1e1',
    '４',
    '',
    '+4',
    '4.0',
    4.5,
    -1,
    true,
    null,
    [4],
    '99999999999999999999',
    1e300,
  ]) {
    const text = one([{ pod: 'a-0', server: 'a', ids: [id] }])
    assert.match(
      refuse(text),
      /error EI001[47] group_list\[0\]\.instance_list\[0\]\.devices\[0\]\.device_id: got /,
      String(id),
    )
  }
  assert.match(refuse(one([{ pod: 'a-0', server: 'a', ids: ['32'] }])), /got "32"; valid: 0 to 31/)
})

test('a missing or empty device_ip is left out on one server and refused on several (11, 12)', () => {
  for (const ip of [undefined, null, '']) {
    const single = convert(one([{ pod: 'a-0', server: 'a', ids: ['0'], ips: [ip] }]))
    assert.match(single.text, /"device": \[\{"device_id": "0", "rank_id": "0"\}\]/)
    const pods = [
      { pod: 'a-0', server: 'a', ids: ['0'], ips: ['1.2.3.4'] },
      { pod: 'a-1', server: 'b', ids: ['0'], ips: [ip] },
    ]
    assert.match(
      refuse(one(pods)),
      /group_list\[0\]\.instance_list\[1\]\.devices\[0\]\.device_ip: got nothing, in server "b"/,
    )
  }
})

test('-1 for an address is refused, and loopback is right on a single server only (12)', () => {
  const two = (ip: string) =>
    one([
      { pod: 'a-0', server: 'a', ids: ['0'], ips: ['1.2.3.4'] },
      { pod: 'a-1', server: 'b', ids: ['0'], ips: [ip] },
    ])
  const single = (ip: string) => one([{ pod: 'a-0', server: 'a', ids: ['0'], ips: [ip] }])
  assert.match(refuse(single('-1')), /got "-1"; valid: an IP address; -1 means/)
  assert.match(convert(single('127.0.0.1')).text, /127\.0\.0\.1/)
  assert.match(refuse(two('127.0.0.1')), /not loopback/)
  assert.match(refuse(two('::1')), /not loopback/)
})

test('addresses are unique, well-formed and of one family (13)', () => {
  const two = (a: string, b: string) =>
    one([
      { pod: 'a-0', server: 'a', ids: ['0'], ips: [a] },
      { pod: 'a-1', server: 'b', ids: ['0'], ips: [b] },
    ])
  assert.match(
    refuse(two('1.2.3.4', '1.2.3.4')),
    /an address of its own; group_list\[0\]\.instance_list\[0\]\.devices\[0\]\.device_ip/,
  )
  assert.match(
    refuse(two('1.2.3.4', '192.168.200.1000')),
    /got "192\.168\.200\.1000"; valid: an IPv4 or IPv6 address/,
  )
  assert.match(convert(two('fe80::1', 'fe80::2')).text, /fe80::2/)
  assert.match(refuse(two('fe80::1', 'fe80:0:0::0001')), /an address of its own/)
  assert.match(refuse(two('1.2.3.4', 'fe80::1')), /an IPv6 address beside IPv4/)
})

test('several addresses per device are kept when every device has as many (14)', () => {
  const pods = (b: string) => one([{ pod: 'a-0', server: 'a', ids: ['0', '1'], ips: ['1.0.0.1,1.0.1.1', b] }])
  assert.match(convert(pods('1.0.0.2,1.0.1.2')).text, /"device_ip": "1\.0\.0\.1,1\.0\.1\.1"/)
  assert.match(refuse(pods('1.0.0.2')), /got 1 addresses; valid: 2, as in/)
})

test('one device twice on a server is refused, in one pod or in two (15)', () => {
  assert.match(
    refuse(one([{ pod: 'a-0', server: 'a', ids: ['1', '1'] }])),
    /devices\[1\]\.device_id: got "1", as in .*each device once/,
  )
  assert.match(
    refuse(
      one([
        { pod: 'a-0', server: 'a', ids: ['1'] },
        { pod: 'a-1', server: 'a', ids: ['1'] },
      ]),
    ),
    /also of server "a"/,
  )
})

test('host_ip goes along, other unknown keys only when asked for, and never over our own (39)', () => {
  const more = {
    host_ip: '10.9.8.7',
    container_ip: '172.0.0.1',
    super_pod_id: '1',
    device: 'x',
    server_id: 'a',
  }
  const text = one([{ pod: 'a-0', server: 'a', ids: ['0'], ips: ['1.2.3.4'], more }])
  assert.match(
    convert(text).text,
    /\[\{"server_id": "a", "host_ip": "10\.9\.8\.7", "device": \[\{[^{}]*\}\]\}\]/,
  )
  const kept = JSON.parse(convert(text, { keepExtraKeys: true }).text)
  assert.deepEqual(kept.server_list[0], {
    server_id: 'a',
    host_ip: '10.9.8.7',
    container_ip: '172.0.0.1',
    super_pod_id: '1',
    device: [{ device_id: '0', device_ip: '1.2.3.4', rank_id: '0' }],
  })
  assert.match(
    refuse(one([{ pod: 'a-0', server: 'a', ids: ['0'], more: { host_ip: 'nohost' } }])),
    /host_ip: got "nohost"/,
  )
})

test('the same table gives the same bytes, however its own bytes are laid out (41)', () => {
  const text = one([
    { pod: 'a-1', server: 'é', ids: ['1', '0'] },
    { pod: 'a-0', server: 'b', ids: ['3', '2'] },
  ])
  const laidOut = `\uFEFF${JSON.stringify(JSON.parse(text), null, 4).replaceAll('\n', '\r\n')}\r\n\r\n`
  assert.equal(convert(text).text, convert(text).text)
  assert.equal(convert(laidOut).text, convert(text).text)
  assert.match(convert(text).text, /"server_id": "\\u00e9"/)
})

test('a key named __proto__ changes nothing, also when unknown keys are kept (42)', () => {
  const text = one([{ pod: 'a-0', server: 'a', ids: ['0'] }]).replace(
    '"pod_name"',
    '"__proto__":{"device":[],"polluted":"1"},"pod_name"',
  )
  const kept = convert(text, { keepExtraKeys: true })
  assert.doesNotMatch(kept.text, /polluted|__proto__/)
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('ten thousand servers convert in well under the second that the launcher may take', () => {
  const pods = Array.from({ length: 10_000 }, (_, i) => ({
    pod: `job-worker-${9_999 - i}`,
    server: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    ids: ['0', '1', '2', '3', '4', '5', '6', '7'],
    ips: Array.from({ length: 8 }, (_, d) => `${11 + d}.${i >> 16}.${(i >> 8) & 255}.${i & 255}`),
  }))
  const text = one(pods)
  const started = performance.now()
  const converted = convert(text)
  assert.equal(converted.rankSize, 80_000)
  assert.ok(performance.now() - started < 5_000, `${performance.now() - started} ms`)
})
