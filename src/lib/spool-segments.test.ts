import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  listSegments,
  listSpool,
  listStreams,
  parseSegmentName,
  readFrom,
  segmentName,
  spoolReader,
} from './spool-segments.ts'

function spool(files: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), 'rw-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) }
}

test('a segment is named by its stream and the offset of its first byte', () => {
  assert.equal(segmentName('rank-3', 70), 'rank-3.00000000000000000070')
  assert.deepEqual(parseSegmentName('rank-3.00000000000000000070'), { stream: 'rank-3', start: 70 })
  for (const name of [
    'task',
    'task.7',
    'task.99999999999999999999',
    '../x.00000000000000000000',
    'task.00000000000000000000.new',
  ])
    assert.equal(parseSegmentName(name), null, name)
})

test('a stream reads on across segments, and says what is missing between them', async () => {
  using place = spool({
    [segmentName('task', 0)]: 'abc',
    [segmentName('task', 3)]: 'defg',
    [segmentName('task', 9)]: 'z',
    [segmentName('rank-0', 0)]: 'r',
  })
  assert.deepEqual(await listStreams(place.dir), ['rank-0', 'task'])
  const table = [
    [0, 10, 'abcdefg', 0],
    [0, 4, 'abcd', 0],
    [1, 1, 'b', 0],
    [3, 10, 'defg', 0],
    [7, 10, 'z', 2],
    [10, 10, '', 0],
    [99, 10, '', 0],
  ] as const
  for (const [offset, max, expected, gap] of table) {
    const { bytes, gapBytes } = await readFrom(place.dir, 'task', offset, max)
    assert.deepEqual([offset, bytes.toString(), gapBytes], [offset, expected, gap])
  }
})

test('links, folders and foreign files in the folder are never read', async () => {
  using place = spool({ 'notes.txt': 'x' })
  symlinkSync('/etc/passwd', join(place.dir, segmentName('task', 0)))
  mkdirSync(join(place.dir, segmentName('task', 5)))
  assert.deepEqual(await listSegments(place.dir, 'task'), [])
  assert.equal((await readFrom(place.dir, 'task', 0, 100)).bytes.length, 0)
})

test('a folder that is not there has no streams', async () => {
  assert.deepEqual(await listStreams('/nowhere/at/all'), [])
})

test('a stream in many tiny files is read in a few large pieces, in one look at the folder', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 3_000 }, (_, n) => [segmentName('task', n * 3), String(1000 + (n % 1000)).slice(1)]),
  )
  using place = spool({ ...files, [segmentName('rank-1', 0)]: 'r' })
  const found = await listSpool(place.dir)
  assert.deepEqual([...found.keys()], ['rank-1', 'task'])
  const read = spoolReader(place.dir, found.get('task') ?? [])
  const pieces: string[] = []
  for (let offset = 0; ; ) {
    const { gapBytes, bytes } = await read(offset, 4_000)
    assert.equal(gapBytes, 0)
    if (bytes.length === 0) break
    pieces.push(bytes.toString())
    offset += bytes.length
  }
  assert.deepEqual(
    pieces.map(({ length }) => length),
    [4_000, 4_000, 1_000],
  )
  assert.equal(pieces.join(''), Object.values(files).join(''))
  assert.equal((await read(1, 4)).bytes.toString(), '0000', 'going back is possible')
})

test('a piece ends where bytes are missing, and the next one says how many', async () => {
  using place = spool({
    [segmentName('task', 2)]: 'ab',
    [segmentName('task', 4)]: 'c',
    [segmentName('task', 4 + 6)]: 'z',
    [segmentName('task', 3)]: 'overlap',
  })
  const read = spoolReader(place.dir, await listSegments(place.dir, 'task'))
  const first = await read(0, 100)
  assert.deepEqual([first.gapBytes, first.bytes.toString()], [2, 'abverlapz'])
  assert.equal((await read(11, 100)).bytes.length, 0)
})
