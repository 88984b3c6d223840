import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PullProgress, pullLines } from './image-progress.ts'

const line = (status: string, id?: string, current?: number, total?: number) => ({
  status,
  ...(id === undefined ? {} : { id }),
  ...(current === undefined || total === undefined ? {} : { progressDetail: { current, total } }),
})

test('bytes and layers are counted as they come, and what the engine had counts as a layer without bytes', () => {
  const progress = new PullProgress()
  progress.note(line('Pulling from team/train', '1'))
  for (const id of ['a', 'b']) progress.note(line('Pulling fs layer', id))
  progress.note(line('Already exists', 'c'))
  progress.note(line('Downloading', 'a', 10, 100))
  assert.deepEqual(progress.counts, { doneBytes: 10, totalBytes: 100, doneLayers: 1, layers: 3 })
  progress.note(line('Download complete', 'a'))
  progress.note(line('Downloading', 'b', 50, 50))
  assert.equal(progress.isUnpacking, false)
  progress.note(line('Verifying Checksum', 'b'))
  assert.equal(progress.isUnpacking, true)
  progress.note(line('Extracting', 'a', 5, 100))
  progress.note(line('Pull complete', 'a'))
  assert.deepEqual(progress.counts, { doneBytes: 150, totalBytes: 150, doneLayers: 3, layers: 3 })
  assert.equal(progress.isCurrent, false)
  progress.note(line('Status: Image is up to date for team/train:1'))
  assert.equal(progress.isCurrent, true)
})

test('lines may come in any pieces, also cut inside a letter, and what is no JSON is skipped', async () => {
  const bytes = Buffer.from('{"status":"ü"}\r\nnoise\n{"error":"é"}')
  async function* cut() {
    for (const byte of bytes) yield Buffer.from([byte])
  }
  assert.deepEqual(await Array.fromAsync(pullLines(cut())), [{ status: 'ü' }, { error: 'é' }])
})
