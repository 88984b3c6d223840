// When a waiting task may use the table.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTable } from './build.ts'
import { tableReadiness } from './readiness.ts'

const see = (content: string | Uint8Array) => tableReadiness({ kind: 'content', content })
const COMPLETE = buildTable('0.1', {
  groupName: 'job-trainjob',
  tasks: [
    { podName: 'é-0', serverId: '192.168.0.25', devices: [{ physicalId: 4, deviceIp: '192.1.10.254' }] },
  ],
})

test('a complete table is handed over', () => {
  const seen = see(COMPLETE)
  assert.equal(seen.state, 'completed')
  assert.equal(seen.state === 'completed' && seen.table.version, '0.1')
  assert.equal(see('{"version":"2.0","rank_list":[]}').state, 'completed')
})

test('no beginning of a table is ever taken for the whole, at any byte', () => {
  for (const text of [
    COMPLETE,
    `\uFEFF${JSON.stringify(JSON.parse(COMPLETE), null, '\t')}`,
    '{"status":"completed","pod":"é作"}',
  ]) {
    const bytes = new TextEncoder().encode(text)
    for (let end = 0; end < bytes.length; end += 1) {
      const seen = see(bytes.subarray(0, end))
      assert.equal(seen.state, 'waiting', `${end} of ${bytes.length}: ${seen.detail}`)
    }
    assert.equal(see(bytes).state, 'completed')
  }
})

test('every status but completed, spelled exactly so, means waiting, and the reason says what it is', () => {
  for (const [text, detail] of [
    ['{"status":"initializing"}', /status: got "initializing"; valid: "completed"/],
    ['{"status":"Completed"}', /got "Completed"/],
    ['{"status":null}', /got null/],
    ['{}', /got nothing/],
    ['', /empty/],
    ['{"status":"completed"}\0', /NUL/],
  ] as const) {
    const seen = see(text)
    assert.equal(seen.state, 'waiting')
    assert.match(seen.detail, detail)
  }
})

test('a file that is not there is missing, and one that waiting will not mend says why', () => {
  assert.deepEqual(tableReadiness({ kind: 'absent' }), {
    state: 'missing',
    detail: 'the file does not exist yet',
  })
  for (const [code, detail] of [
    ['EACCES', /no permission/],
    ['EISDIR', /it is a folder/],
    ['NOT_A_FILE', /not a regular file/],
    ['EIO', /cannot be read: EIO/],
    ['constructor', /cannot be read: constructor/],
  ] as const) {
    const seen = tableReadiness({ kind: 'unreadable', code })
    assert.equal(seen.state, 'unreadable')
    assert.match(seen.detail, detail)
  }
  assert.equal(see('{"version":"9"}').state, 'unreadable')
  assert.equal(see(new Uint8Array(40 * 2 ** 20 + 1)).state, 'unreadable')
})
