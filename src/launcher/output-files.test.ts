// Which files go out when, and what people are told of transfers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leftOutSentence } from './left-out.ts'
import { type FileFacts, filesToSend, isMarker, markerName } from './output-files.ts'
import { progressText } from './transfer-progress.ts'

const file = (name: string, size: number, modifiedMs: number): FileFacts => ({ name, size, modifiedMs })
const mapOf = (...files: FileFacts[]) => new Map(files.map((one) => [one.name, one]))

test('a file goes out when it changed since it was sent and rests, and at the end in any case', () => {
  const nowMs = 10_000
  const found = [
    file('sent', 1, 100),
    file('grown', 2, 100),
    file('rewritten', 1, 200),
    file('young and the same as before', 1, 9_500),
    file('young and changing', 2, 9_500),
    file('young and new', 1, 9_500),
    file('.ropeway-complete.json', 1, 100),
  ]
  const sent = mapOf(file('sent', 1, 100), file('grown', 1, 100), file('rewritten', 1, 100))
  const before = mapOf(file('young and the same as before', 1, 9_500), file('young and changing', 1, 9_400))
  const names = (look: ReadonlyMap<string, FileFacts> | null) =>
    filesToSend(found, sent, look, nowMs).map(({ name }) => name)
  assert.deepEqual(names(before), ['grown', 'rewritten', 'young and the same as before'])
  assert.deepEqual(names(null), [
    'grown',
    'rewritten',
    'young and the same as before',
    'young and changing',
    'young and new',
  ])
})

test('markers are known by their names, one per task where there are several', () => {
  assert.equal(markerName('worker-0', 1), '.ropeway-complete.json')
  assert.equal(markerName('worker-1', 2), '.ropeway-complete.worker-1.json')
  for (const name of ['.ropeway-complete.json', '.ropeway-complete.worker-12.json']) assert.ok(isMarker(name))
  for (const name of ['x/.ropeway-complete.json', 'ropeway-complete.json', '.ropeway-complete.x.json'])
    assert.ok(!isMarker(name), name)
})

test('progress says files, bytes, speed and what is left', () => {
  assert.equal(
    progressText({ files: 12, bytes: 2 ** 30, totalFiles: 300, totalBytes: 3 * 2 ** 30 }, 10_000),
    '12 of 300 files, 1.0 GiB of 3.0 GiB, 102.4 MiB/s, about 20 s left',
  )
  assert.equal(
    progressText({ files: 0, bytes: 0, totalFiles: 1, totalBytes: 0 }, 0),
    '0 of 1 files, 0 bytes of 0 bytes, 0 bytes/s',
  )
})

test('what was left out is told by reason, with a few names', () => {
  assert.equal(leftOutSentence([], 'files'), null)
  const long = ['a', 'b', 'c', 'd'].map((name) => ({ name, reason: 'not a regular file' }))
  assert.equal(
    leftOutSentence([...long, { name: 'x\ny', reason: 'name is not UTF-8' }], 'files'),
    '4 files were left out (not a regular file): "a", "b", "c" and 1 more; 1 files were left out (name is not UTF-8): "x\\ny"',
  )
})
