import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ReplayWindow } from './replay-window.ts'

const signature = (n: number): string => createHash('sha256').update(String(n)).digest('hex')
const QUARTER = 15 * 60_000

test('a hundred thousand requests are each known again, and none is taken for another', () => {
  const window = new ReplayWindow()
  for (let n = 0; n < 100_000; n++) assert.equal(window.note(signature(n), n, n, true), 'new')
  for (let n = 0; n < 100_000; n += 7) assert.equal(window.note(signature(n), n, 100_000, true), 'repeated')
})

test('a request is remembered for as long as its date is accepted, ahead or behind', () => {
  const window = new ReplayWindow()
  const dated = 10 * QUARTER - 1
  assert.equal(window.note(signature(1), dated, dated - QUARTER, true), 'new')
  assert.equal(window.note(signature(1), dated, dated + QUARTER, true), 'repeated')
})

test('memory has an end: past it requests wait for the next quarter of an hour', () => {
  const window = new ReplayWindow(100)
  for (let n = 0; n < 100; n++) assert.equal(window.note(signature(n), 0, 0, true), 'new')
  assert.equal(window.note(signature(100), 0, 0, true), 'full')
  assert.equal(window.note(signature(5), 0, 0, true), 'repeated')
  assert.equal(window.note(signature(100), QUARTER, QUARTER, true), 'new')
})
