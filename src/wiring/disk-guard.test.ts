import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { measureDisks } from './disk-guard.ts'

test('a disk says how much is free of how much, and a place that is not there is left out', async () => {
  const places = [
    { name: 'data folder', path: tmpdir() },
    { name: 'folder for /cache', path: '/not/mounted' },
  ]
  const [state, ...more] = await measureDisks(places)
  assert.equal(more.length, 0)
  assert.ok(state && state.freeBytes > 0 && state.freeBytes < state.totalBytes)
})
