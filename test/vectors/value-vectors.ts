// 10 to 15, 31, 32, 34 to 36, 39 and 41 to 43: single values, other forms, and bytes.
import assert from 'node:assert/strict'
import { tableFolder } from '../../src/launcher/places.ts'
import { convert, one, refuse, SEED, two, type Vector } from './vector.ts'

const single = (id: unknown, ip?: string | null): string =>
  one({ pod: 'a-0', server: 'a', ids: [id], ...(ip === undefined ? {} : { ips: [ip] }) })

type Server = { readonly server_id: string; readonly device: readonly object[] }
const server = (id: string, ranks: readonly number[]): Server => ({
  server_id: id,
  device: ranks.map((rank, i) => ({
    device_id: String(i),
    device_ip: `192.168.${rank}.1`,
    rank_id: String(rank),
  })),
})
const v10 = (servers: readonly Server[], over: object = {}): string =>
  JSON.stringify({
    ...{ status: 'completed', version: '1.0', server_count: String(servers.length), server_list: servers },
    ...over,
  })

/** Servers of a v0.1 table by the numbers of their devices. */
const withDevices = (...counts: readonly (readonly number[])[]): string =>
  one(...counts.map((ids, s) => ({ pod: `w-${s}`, server: `s${s}`, ids: ids.map(String) })))

export const VALUE_VECTORS: readonly Vector[] = [
  {
    id: '10',
    what: 'a device id that is not a plain decimal is refused with its path',
    run: () => {
      const path = /error EI001[47] group_list\[0\]\.instance_list\[0\]\.devices\[0\]\.device_id: got /
      const texts = ['04', ' 4 ', '4abc', '-1', '1e1', '４', '', '+4', '4.0', '99999999999999999999']
      for (const id of [...texts, 4.5, -1, true, null, [4], 1e300])
        assert.match(refuse(single(id)), path, String(id))
      assert.match(refuse(single('32')), /got "32"; valid: 0 to 31/)
    },
  },
  {
    id: '11',
    what: 'a missing device_ip is left out on one server and refused on two, naming the instance',
    run: () => {
      const alone = one({ pod: 'a-0', server: 'a', ids: ['0'], ips: [undefined] })
      assert.match(convert(alone).text, /"device": \[\{"device_id": "0", "rank_id": "0"\}\]/)
      const words = /group_list\[0\]\.instance_list\[1\]\.devices\[0\]\.device_ip: got nothing, in server "b"/
      assert.match(refuse(two('1.2.3.4', undefined)), words)
    },
  },
  {
    id: '12',
    what: 'an empty device_ip is as one that is missing, -1 is refused, loopback is right on a single server only',
    run: () => {
      for (const nothing of ['', null]) {
        assert.doesNotMatch(convert(single('0', nothing)).text, /device_ip/)
        assert.match(refuse(two('1.2.3.4', nothing)), /got nothing, in server "b"/)
      }
      assert.match(refuse(single('0', '-1')), /got "-1"; valid: an IP address; -1 means/)
      assert.match(convert(single('0', '127.0.0.1')).text, /127\.0\.0\.1/)
      for (const loopback of ['127.0.0.1', '::1'])
        assert.match(refuse(two('1.2.3.4', loopback)), /not loopback/)
    },
  },
  {
    id: '13',
    what: 'addresses are unique in any spelling, well-formed, and of one family on several servers',
    run: () => {
      const first = /an address of its own; group_list\[0\]\.instance_list\[0\]\.devices\[0\]\.device_ip/
      assert.match(refuse(two('1.2.3.4', '1.2.3.4')), first)
      assert.match(refuse(two('fe80::1', 'fe80:0:0::0001')), first)
      assert.match(
        refuse(two('1.2.3.4', '192.168.200.1000')),
        /got "192\.168\.200\.1000"; valid: an IPv4 or IPv6/,
      )
      assert.match(convert(two('fe80::1', 'fe80::2')).text, /fe80::2/)
      assert.match(refuse(two('1.2.3.4', 'fe80::1')), /an IPv6 address beside IPv4/)
    },
  },
  {
    id: '14',
    what: 'several addresses per device are kept when every device has as many',
    run: () => {
      const pair = (b: string) =>
        one({ pod: 'a-0', server: 'a', ids: ['0', '1'], ips: ['1.0.0.1,1.0.1.1', b] })
      assert.match(convert(pair('1.0.0.2,1.0.1.2')).text, /"device_ip": "1\.0\.0\.1,1\.0\.1\.1"/)
      assert.match(refuse(pair('1.0.0.2')), /got 1 addresses; valid: 2, as in/)
    },
  },
  {
    id: '15',
    what: 'one device twice on a server is refused, in one pod or in two',
    run: () => {
      const twice = one({ pod: 'a-0', server: 'a', ids: ['1', '1'] })
      assert.match(refuse(twice), /devices\[1\]\.device_id: got "1", as in .*each device once/)
      const apart = one({ pod: 'a-0', server: 'a', ids: ['1'] }, { pod: 'a-1', server: 'a', ids: ['1'] })
      assert.match(refuse(apart), /also of server "a"/)
    },
  },
  {
    id: '31',
    what: 'v1.0, with shuffled ranks too, and v1.2 pass byte for byte; 2.0 passes unchanged, 1.1 is refused by name',
    run: () => {
      const list = [{ super_pod_id: '0', server_list: [{ server_id: 'a' }, { server_id: 'b' }] }]
      for (const text of [
        v10([server('b', [3, 2]), server('a', [0, 1])]),
        v10([server('a', [0]), server('b', [1])], { version: '1.2', super_pod_list: list }),
        '{"version":"2.0","status":"completed","rank_count":1,"rank_list":[{"rank_id":0,"local_id":0,"device_id":0,"level_list":[]}]}',
      ])
        assert.equal(convert(`\uFEFF${text}\n`).text, `${text}\n`)
      assert.match(refuse('{"version":"1.1","status":"completed"}'), /version: got "1\.1".*heterogeneous/)
      assert.match(
        refuse('{"deploy_mode":"lab","status":"completed","group_list":[]}'),
        /got no device|group_list/,
      )
    },
  },
  {
    id: '32',
    what: 'a v1.0 table may leave out server_count, but not be wrong in it',
    run: () => {
      convert(v10([server('a', [0])], { server_count: undefined }))
      assert.match(
        refuse(v10([server('a', [0])], { server_count: '2' })),
        /error EI0014 server_count: got "2"; valid: "1"/,
      )
    },
  },
  {
    id: '34',
    what: 'sets of devices of a 910A are held against its rings',
    run: () => {
      for (const [ids, isWarned] of [
        [[0, 1, 2, 3], false],
        [[0, 1, 4, 5], false],
        [[0, 1, 2, 4], true],
        [[3, 4], true],
      ] as const)
        assert.equal(
          /1, 2 or 4 devices of one ring/.test(convert(withDevices(ids)).findings),
          isWarned,
          String(ids),
        )
    },
  },
  {
    id: '35',
    what: 'servers with eight and four devices are warned of, and refused on a 910A',
    run: () => {
      const text = withDevices([0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3])
      assert.match(convert(text).findings, /warning .*got 4 devices in server "s1" and 8 in "s0"/)
      assert.match(refuse(text, { chip: '910a' }), /error EI0014 .*got 4 devices/)
    },
  },
  {
    id: '36',
    what: 'a server_id has 1 to 64 bytes',
    run: () => {
      const named = (name: string) => one({ pod: 'a-0', server: name, ids: ['0'] })
      convert(named('x'.repeat(64)))
      assert.match(
        refuse(named('x'.repeat(65))),
        /error EI0014 .*server_id: got 65 bytes; valid: 1 to 64 bytes/,
      )
      assert.match(refuse(named('')), /error EI0014 .*server_id: got ""/)
    },
  },
  {
    id: '39',
    what: 'host_ip goes along, other unknown keys only when asked for, and never over our own',
    run: () => {
      const more = {
        host_ip: '10.9.8.7',
        container_ip: '172.0.0.1',
        super_pod_id: '1',
        device: 'x',
        server_id: 'a',
      }
      const text = one({ pod: 'a-0', server: 'a', ids: ['0'], ips: ['1.2.3.4'], more })
      assert.match(
        convert(text).text,
        /\[\{"server_id": "a", "host_ip": "10\.9\.8\.7", "device": \[\{[^{}]*\}\]\}\]/,
      )
      const [kept] = JSON.parse(convert(text, { keepExtraKeys: true }).text).server_list
      const device = [{ device_id: '0', device_ip: '1.2.3.4', rank_id: '0' }]
      assert.deepEqual(kept, { ...more, device })
    },
  },
  {
    id: '41',
    what: 'the same table gives the same bytes, however its own bytes are laid out',
    run: () => {
      const text = one(
        { pod: 'a-1', server: 'é', ids: ['1', '0'] },
        { pod: 'a-0', server: 'b', ids: ['3', '2'] },
      )
      const laidOut = `\uFEFF${JSON.stringify(JSON.parse(text), null, 4).replaceAll('\n', '\r\n')}\r\n\r\n`
      assert.equal(convert(text).text, convert(text).text)
      assert.equal(convert(laidOut).text, convert(text).text)
      assert.match(convert(text).text, /"server_id": "\\u00e9"/)
    },
  },
  {
    id: '42',
    what: 'of repeated keys the last wins, nesting is bounded, __proto__ is inert, and a huge integer is refused',
    run: () => {
      assert.equal(convert(SEED.replace('"status"', '"status": "x", "status"')).rankSize, 1)
      assert.throws(
        () => convert(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
        /more than 32 levels/,
      )
      const poisoned = SEED.replace('"pod_name"', '"__proto__":{"device":[],"polluted":"1"},"pod_name"')
      assert.doesNotMatch(convert(poisoned, { keepExtraKeys: true }).text, /polluted|__proto__/)
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
      assert.match(refuse(single('123456789012345678901234567890')), /device_id: got "1234567890/)
    },
  },
  {
    id: '43',
    what: 'the converted table never lands on a path with .json before its end, which HCCL could not read',
    run: () => {
      const folder = tableFolder({ MA_HOME: '/tmp/x.json.d', HOME: '/tmp/y.json' }, 'MA_HOME')
      assert.doesNotMatch(folder ?? '', /\.json/)
    },
  },
]
