import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from '../errors.ts'
import { baseName, hasChanged, keyBelow, keyForOne, parsePlace, parseUrl } from './plan.ts'

test('obs:// names an object, everything else a local path', () => {
  assert.deepEqual(parsePlace('obs://bucket/a/b'), { kind: 'object', url: { bucket: 'bucket', key: 'a/b' } })
  assert.deepEqual(parsePlace('/bucket/a'), { kind: 'local', path: '/bucket/a' })
  assert.throws(() => parsePlace('obs://B/a'), CliError)
  assert.throws(() => parseUrl('bucket/a'), /is no object name/)
})

const keys: [destination: string, one: string, below: string][] = [
  ['obs://bucket', 'f.txt', 'f.txt'],
  ['obs://bucket/d/', 'd/f.txt', 'd/f.txt'],
  ['obs://bucket/d', 'd', 'd/f.txt'],
]
for (const [destination, one, below] of keys)
  test(`a file copied to ${destination} becomes ${one}, inside a folder ${below}`, () => {
    assert.equal(keyForOne(parseUrl(destination), 'f.txt'), one)
    assert.equal(keyBelow(parseUrl(destination), 'f.txt'), below)
  })

test('only the last part of a key that can name a file is taken for one', () => {
  assert.equal(baseName('a/b..c'), 'b..c')
  for (const bad of ['', 'a/', 'a/..', '.', 'a/\0']) assert.throws(() => baseName(bad), CliError, bad)
})

const etags = ['0'.repeat(32), '1'.repeat(32), `${'0'.repeat(32)}-2`] as const
const base = { size: 1, modifiedMs: 5000 }
const changes: [title: string, source: object, present: object | undefined, changed: boolean][] = [
  ['what is not there', {}, undefined, true],
  ['another size', {}, { size: 2 }, true],
  ['newer at the source', {}, { modifiedMs: 4000 }, true],
  ['the same second', { modifiedMs: 5900 }, {}, false],
  ['older at the source', {}, { modifiedMs: 6000 }, false],
  ['another digest', { etag: etags[0], modifiedMs: 0 }, { etag: etags[1] }, true],
  ['the same digest, though newer', { etag: etags[0], modifiedMs: 9000 }, { etag: etags[0] }, false],
  ['an etag of parts says nothing', { etag: etags[2], modifiedMs: 9000 }, { etag: etags[2] }, true],
]
for (const [title, source, present, changed] of changes)
  test(`sync ${changed ? 'copies' : 'leaves'}: ${title}`, () => {
    assert.equal(hasChanged({ ...base, ...source }, present && { ...base, ...present }), changed)
  })
