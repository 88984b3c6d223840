// What is read as a rank table and what is not.
import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import { parseIp } from './ip.ts'
import { MAX_TABLE_BYTES, parseRankTable } from './parse.ts'
import { RankTableError, type RankTableFault } from './rank-table-error.ts'

const refused = (content: string | Uint8Array, fault: RankTableFault, message: RegExp) =>
  assert.throws(
    () => parseRankTable(content),
    (error) => error instanceof RankTableError && error.fault === fault && message.test(error.message),
  )

test('the form of a table is told by its version and by deploy_mode', () => {
  for (const [text, version] of [
    ['{"status":"initializing"}', '0.1'],
    ['{"version":"1.0"}', '1.0'],
    ['{"version":"1.1"}', '1.1'],
    ['{"version":"1.2"}', '1.2'],
    ['{"version":"2.0"}', '2.0'],
    ['{"deploy_mode":"lab"}', 'lab'],
  ] as const) {
    assert.equal(parseRankTable(text).version, version)
  }
  for (const version of ['"3.0"', '"0.1"', '1.0', 'null'])
    refused(`{"version":${version}}`, 'version', /version: got .*; valid: "1\.0"/)
})

test('a byte order mark, CRLF and trailing blank lines do no harm, NUL bytes are refused', () => {
  const text = '\uFEFF{\r\n"status": "completed"\r\n}\r\n\r\n\n'
  assert.deepEqual({ ...parseRankTable(text).table }, { status: 'completed' })
  assert.deepEqual({ ...parseRankTable(new TextEncoder().encode(text)).table }, { status: 'completed' })
  assert.equal(parseRankTable(text).text, text.slice(1))
  refused('{"status":"completed"}\0\0\0', 'encoding', /NUL byte at character 22/)
  refused(new Uint8Array([0x7b, 0xff, 0x7d]), 'encoding', /not UTF-8/)
})

test('more than 40 MiB are not read', () => {
  refused(new Uint8Array(MAX_TABLE_BYTES + 1), 'size', /at most 41943040 \(40 MiB\)/)
  refused(' '.repeat(MAX_TABLE_BYTES + 1), 'size', /40 MiB/)
})

test('what is no JSON object is refused with what came', () => {
  refused('', 'syntax', /the file is empty/)
  refused(' \n', 'syntax', /the file is empty/)
  refused('{"status":', 'syntax', /not complete JSON/)
  refused('{"status":"completed"}}', 'syntax', /not complete JSON/)
  refused('[1]', 'shape', /got \[1\]; valid: a JSON object/)
  refused('"completed"', 'shape', /a JSON object/)
})

test('of repeated keys the last wins, deep nesting is bounded, and __proto__ is inert', () => {
  assert.equal(parseRankTable('{"status":"x","status":"completed"}').table['status'], 'completed')
  refused(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'depth', /more than 32 levels/)
  refused('{"a":'.repeat(5_000_000), 'depth', /more than 32 levels/)
  assert.equal(parseRankTable(`{"a":"${'['.repeat(99)}\\"${'{'.repeat(99)}"}`).version, '0.1')
  const { version, table } = parseRankTable('{"__proto__":{"version":"1.0","status":"completed"}}')
  assert.equal(version, '0.1')
  assert.equal(table['status'], undefined)
})

test('addresses of both families are told from other text, and two spellings are one address', () => {
  for (const good of [
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    '1:2:3:4:5:6:7:8',
    '::ffff:1.2.3.4',
    '1::8',
  ]) {
    assert.ok(parseIp(good), good)
  }
  for (const bad of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4 ',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'g::1',
    '12345::',
    '1.2.3.4::',
    '::1.2.3',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7::8',
  ]) {
    assert.equal(parseIp(bad), undefined, bad)
  }
  // Node's own opinion, on every short text of these pieces.
  const pieces = ['', '1', 'ffff', ':', '::', '.', '1.2.3.4', '256.1.1.1', '0:0:0', '1:2:3:4:5:6']
  for (const a of pieces) {
    for (const b of pieces) {
      for (const c of pieces) {
        for (const text of [`${a}${b}${c}`, `${a}:${b}:${c}`, `${a}::${b}:${c}`]) {
          assert.equal(parseIp(text)?.family ?? 0, isIP(text), text)
        }
      }
    }
  }
  assert.equal(parseIp('FE80::0001')?.key, parseIp('fe80:0:0:0:0:0:0:1')?.key)
  assert.equal(parseIp('::ffff:1.2.3.4')?.key, parseIp('::ffff:102:304')?.key)
})
