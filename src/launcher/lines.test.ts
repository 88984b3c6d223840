import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineSplitter } from './lines.ts'

test('output comes out in whole lines, however it was cut', () => {
  const text = 'one\ntwo\n\nlonger line three\nno newline at the end'
  for (let size = 1; size <= text.length; size++) {
    const lines = new LineSplitter()
    const out: string[] = []
    for (let at = 0; at < text.length; at += size)
      out.push(lines.push(Buffer.from(text.slice(at, at + size))).toString())
    for (const piece of out) assert.ok(piece === '' || piece.endsWith('\n'), JSON.stringify(piece))
    assert.equal(out.join('') + lines.end().toString(), `${text}\n`)
  }
})

test('a line without end is cut, so that it cannot fill memory', () => {
  const lines = new LineSplitter(10)
  assert.equal(lines.push(Buffer.from('12345678')).length, 0)
  assert.equal(lines.push(Buffer.from('9012')).toString(), '123456789012\n')
  assert.equal(lines.end().length, 0)
})
