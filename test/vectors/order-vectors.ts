// 01 to 09 and 16 to 20: which rank a device gets.
import assert from 'node:assert/strict'
import { convert, group, one, outline, own, type Pod, refuse, SEED, table, type Vector } from './vector.ts'

const EIGHT = ['0', '1', '2', '3', '4', '5', '6', '7']

/** Pods that share server x, with one on y between them. */
const SHARED = one(
  { pod: 'a-0', server: 'x', ids: ['0', '1'] },
  { pod: 'a-1', server: 'y', ids: ['0', '1', '2', '3'] },
  { pod: 'a-2', server: 'x', ids: ['4', '5'] },
)

export const ORDER_VECTORS: readonly Vector[] = [
  {
    id: '01',
    what: "the document's v0.1 example becomes its v1.0 example; its one process has rank 0 on device 0",
    run: () => {
      const { text, findings, rankSize } = convert(SEED)
      assert.equal(
        text,
        '{"status": "completed", "version": "1.0", "server_count": "1", "server_list": [{"server_id": "192.168.0.25", ' +
          '"device": [{"device_id": "4", "device_ip": "192.1.10.254", "rank_id": "0"}]}]}',
      )
      assert.equal(findings, '')
      assert.equal(rankSize, 1)
      assert.deepEqual(own(SEED, { podName: 'jobxxxxxxxx-job-trainjob-0' }), ['0/4/0'])
    },
  },
  {
    id: '02',
    what: 'of two pods listed 1 then 0, the server of pod 0 has ranks 0 to 7',
    run: () => {
      const text = one({ pod: 'job-1', server: 'a', ids: EIGHT }, { pod: 'job-0', server: 'b', ids: EIGHT })
      assert.deepEqual(outline(text), [`b:${EIGHT}`, `a:${EIGHT}`])
    },
  },
  {
    id: '03',
    what: 'pods 0 to 11 are in the order of their numbers: 2 before 10',
    run: () => {
      const pods = Array.from(
        { length: 12 },
        (_, i): Pod => ({ pod: `job-${11 - i}`, server: `s${11 - i}`, ids: ['0'] }),
      )
      assert.deepEqual(
        outline(one(...pods)),
        pods.map((_, i) => `s${i}:0`),
      )
    },
  },
  {
    id: '04',
    what: 'servers are in the order of their pods, not of their addresses as text',
    run: () => {
      const text = one(
        { pod: 'j-0', server: '10.0.0.9', ids: ['0'] },
        { pod: 'j-1', server: '10.0.0.10', ids: ['0'] },
      )
      assert.deepEqual(outline(text), ['10.0.0.9:0', '10.0.0.10:0'])
    },
  },
  {
    id: '05',
    what: 'a pod name may be its number alone',
    run: () => {
      const text = one({ pod: '1', server: 'a', ids: ['0'] }, { pod: '0', server: 'b', ids: ['0'] })
      assert.deepEqual(outline(text), ['b:0', 'a:0'])
    },
  },
  {
    id: '06',
    what: 'pods without distinct numbers keep their order with a warning; one name twice is refused',
    run: () => {
      for (const names of [
        ['xyz', 'abc'],
        ['b-0', 'a-0'],
      ] as const) {
        const text = one(
          { pod: names[0], server: 'b', ids: ['0'] },
          { pod: names[1], server: 'a', ids: ['0'] },
        )
        assert.deepEqual(outline(text), ['b:0', 'a:0'])
        assert.match(convert(text).findings, /^warning .*valid: pod names that end in distinct numbers/)
      }
      const twice = one({ pod: 'a-0', server: 'b', ids: ['0'] }, { pod: 'a-0', server: 'a', ids: ['0'] })
      assert.match(refuse(twice), /error EI0014 group_list\[0\]\.instance_list\[1\]\.pod_name: got "a-0"/)
    },
  },
  {
    id: '07',
    what: 'devices listed 5, 4 are sorted, and logical device 0 is physical 4',
    run: () => {
      const text = one({ pod: 'a-0', server: 'a', ids: ['5', '4'] })
      assert.deepEqual(outline(text), ['a:4,5'])
      assert.deepEqual(own(text, {}), ['0/4/0', '1/5/1'])
    },
  },
  {
    id: '08',
    what: 'devices are sorted as numbers: 9 before 10',
    run: () => assert.deepEqual(outline(one({ pod: 'a-0', server: 'a', ids: ['10', '9'] })), ['a:9,10']),
  },
  {
    id: '09',
    what: 'JSON numbers pass for strings and come out as strings, with one warning',
    run: () => {
      const counts = { device_count: 1, instance_count: 1 }
      const { text, findings } = convert(
        table([group([{ pod: 'a-0', server: 'a', ids: [4] }], counts)], { group_count: 1 }),
      )
      assert.match(text, /"device_id": "4"/)
      assert.match(findings, /^warning EI0017 group_count: got 4 JSON numbers, the first here[^\n]*$/)
    },
  },
  {
    id: '16',
    what: 'two pods of one server are merged with neighbouring ranks, and each starts only its own',
    run: () => {
      assert.deepEqual(outline(SHARED), ['x:0,1,4,5', 'y:0,1,2,3'])
      assert.deepEqual(own(SHARED, { podName: 'a-0' }), ['0/0/0', '1/1/1'])
      assert.deepEqual(own(SHARED, { podName: 'a-1' }), ['4/0/0', '5/1/1', '6/2/2', '7/3/3'])
      assert.deepEqual(own(SHARED, { podName: 'a-2' }), ['2/4/0', '3/5/1'])
    },
  },
  {
    id: '17',
    what: 'groups follow one another, those after the first as listed, and servers are merged across them',
    run: () => {
      const first = group([
        { pod: 'a-1', server: 'x', ids: ['0'] },
        { pod: 'a-0', server: 'y', ids: ['0'] },
      ])
      const second = [
        { pod: 'b-1', server: 'z', ids: ['0'] },
        { pod: 'b-0', server: 'y', ids: ['1'] },
      ]
      const text = table([first, group(second, { group_name: 'ps' }, 50)])
      assert.deepEqual(outline(text), ['y:0,1', 'x:0', 'z:0'])
    },
  },
  {
    id: '18',
    what: 'a group without instances is passed over; a table of nothing else is refused',
    run: () => {
      for (const empty of [null, []]) {
        const ps = { group_name: 'ps', device_count: '0', instance_count: '0', instance_list: empty }
        const text = table([group([{ pod: 'a-0', server: 'x', ids: ['0'] }]), ps])
        assert.deepEqual(outline(text), ['x:0'])
        assert.match(
          refuse(text, { mode: 'strict' }),
          /error EI0014 group_list\[1\]\.instance_list: got (null|\[\])/,
        )
        assert.match(refuse(table([ps])), /got no device/)
      }
    },
  },
  {
    id: '19',
    what: 'wrong counts are refused when strict, else warned of, and what is counted holds',
    run: () => {
      const pods = [{ pod: 'a-0', server: 'x', ids: ['0', '1'] }]
      for (const [text, words] of [
        [
          table([group(pods, { instance_count: '3' })]),
          /group_list\[0\]\.instance_count: got "3"; valid: "1"/,
        ],
        [table([group(pods, { device_count: '8' })]), /group_list\[0\]\.device_count: got "8"; valid: "2"/],
        [table([group(pods)], { group_count: '2' }), /group_count: got "2"; valid: "1"/],
      ] as const) {
        assert.match(refuse(text, { mode: 'strict' }), words)
        assert.match(convert(text).findings, words)
        assert.equal(convert(text).rankSize, 2)
      }
    },
  },
  {
    id: '20',
    what: 'the shape of the old controller for two tasks, all pods in the first group, works in compat mode',
    run: () => {
      const pods = [
        { pod: 'j-worker-0', server: 'x', ids: ['0'] },
        { pod: 'j-master-0', server: 'y', ids: ['0'] },
      ]
      const first = group(pods, { device_count: '1', instance_count: '1' })
      const second = { group_name: 'master', device_count: '1', instance_count: '1', instance_list: [] }
      assert.deepEqual(outline(table([first, second])), ['x:0', 'y:0'])
      assert.match(refuse(table([first, second]), { mode: 'strict' }), /instance_count/)
    },
  },
]
