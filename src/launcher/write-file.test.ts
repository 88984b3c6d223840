// Files that others read while we write them.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { replaceFile } from './write-file.ts'

test('what a process of the same number in another container writes aside is left alone', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'rw-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const path = join(dir, 'table.json')
  writeFileSync(`${path}.${process.pid}.new`, 'half of it')
  replaceFile(path, 'one')
  replaceFile(path, 'two')
  assert.equal(readFileSync(path, 'utf8'), 'two')
  assert.deepEqual(readdirSync(dir).sort(), ['table.json', `table.json.${process.pid}.new`])
  assert.equal(readFileSync(`${path}.${process.pid}.new`, 'utf8'), 'half of it')
  assert.throws(() => replaceFile(dir, 'x'))
  assert.equal(readdirSync(dir).length, 2)
})
