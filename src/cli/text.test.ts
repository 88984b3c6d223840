import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineCutter } from '../client/line-cutter.ts'
import { nearestName } from '../lib/nearest-name.ts'
import { exitCodeOf } from './job/exit-code.ts'
import { formatDuration, formatFields, formatSize, formatTable } from './table.ts'
import { jsonLine, visible } from './terminal-text.ts'

test('control characters and direction marks are spelled out', () => {
  assert.equal(visible('a\u001b[31mb\n\u009bc\u202ed'), 'a\\x1b[31mb\\x0a\\x9bc\\u202ed')
  const line = jsonLine({ a: '\u001b\u009b\u202e' })
  assert.equal(line, '{"a":"\\u001b\\u009b\\u202e"}\n')
  assert.deepEqual(JSON.parse(line), { a: '\u001b\u009b\u202e' })
})

test('tables are aligned, wide characters and right-aligned columns too', () => {
  assert.equal(
    formatTable(
      ['NAME', '>N'],
      [
        ['训练', '5'],
        ['abc', '10'],
      ],
    ),
    'NAME   N\n训练   5\nabc   10\n',
  )
  assert.equal(
    formatFields([
      ['A', '1'],
      ['Longer', 'x'],
      ['No', undefined],
    ]),
    'A:      1\nLonger: x\n',
  )
})

test('times and sizes read as people write them', () => {
  const durations = [0, 2400, 61_000, 3_723_000].map(formatDuration)
  assert.deepEqual(durations, ['', '2.4s', '1m 1s', '1h 2m 3s'])
  assert.deepEqual([0, 1023, 1536, 3 * 2 ** 30].map(formatSize), ['0 B', '1023 B', '1.5 KiB', '3.0 GiB'])
})

test('lines are cut at newlines only, however the bytes come', () => {
  const cutter = new LineCutter()
  const bytes = Buffer.from('eins\nzw\u00f6lf\n\nrest')
  const lines = [...bytes].flatMap((byte) => cutter.push(Buffer.from([byte])).map(String))
  assert.deepEqual([...lines, String(cutter.end())], ['eins\n', 'zw\u00f6lf\n', '\n', 'rest'])
  assert.equal(cutter.end().length, 0)
})

test('a mistyped name finds the nearest one', () => {
  const known = ['code_dir', 'command', 'boot_file']
  assert.deepEqual(
    ['codeDir', 'comand', 'BOOT-FILE', 'ocde_dir'].map((name) => nearestName(name, known)),
    ['code_dir', 'command', 'boot_file', 'code_dir'],
  )
  assert.equal(nearestName('x', []), undefined)
})

test('a job’s end becomes an exit code, and a failure is never 0', () => {
  const codes = (
    [
      ['Completed', 0],
      ['Failed', 7],
      ['Failed', 0],
      ['Failed', null],
      ['Terminated', 0],
      ['Abnormal', 0],
    ] as const
  ).map(([phase, exit_code]) => exitCodeOf({ phase, exit_code }))
  assert.deepEqual(codes, [0, 7, 1, 1, 143, 70])
})
