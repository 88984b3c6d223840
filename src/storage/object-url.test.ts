import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bucketNameProblem,
  folderPrefix,
  formatObjectUrl,
  keyProblem,
  ObjectUrlError,
  parseObjectUrl,
} from './object-url.ts'

const good: Array<[text: string, bucket: string, key: string]> = [
  ['obs://training-bucket/digits/code/', 'training-bucket', 'digits/code/'],
  ['s3://b.1/k', 'b.1', 'k'],
  ['/bucket/a/b', 'bucket', 'a/b'],
  ['OBS://bucket', 'bucket', ''],
  ['/bucket/', 'bucket', ''],
  ['obs://bucket/../x', 'bucket', '../x'],
  ['obs://bucket//x', 'bucket', '/x'],
  ['obs://bucket/训练 数据\n', 'bucket', '训练 数据\n'],
]
for (const [text, bucket, key] of good) {
  test(`${JSON.stringify(text)} names an object`, () => {
    assert.deepEqual(parseObjectUrl(text), { bucket, key })
    assert.deepEqual(parseObjectUrl(formatObjectUrl({ bucket, key })), { bucket, key })
  })
}

const bad: Array<[text: string, says: RegExp]> = [
  ['bucket/key', /write obs:\/\/bucket\/key/],
  ['http://bucket/key', /write obs:\/\/bucket\/key/],
  ['', /no object name/],
  ['obs:///key', /3 to 63/],
  ['obs://Bucket/key', /lower-case/],
  ['obs://-bucket/key', /begin and end/],
  ['obs://a..b/key', /dot next to/],
  ['obs://10.0.0.1/key', /IP address/],
  ['obs://bucket/a\0b', /NUL/],
  [`obs://bucket/${'训'.repeat(342)}`, /1026 bytes, at most 1024/],
]
for (const [text, says] of bad) {
  test(`${JSON.stringify(text.slice(0, 30))} is refused with its reason`, () => {
    assert.throws(
      () => parseObjectUrl(text),
      (error) => error instanceof ObjectUrlError && says.test(error.message),
    )
  })
}

test('a key of exactly 1024 bytes and a bucket of 63 characters are possible', () => {
  assert.equal(keyProblem('k'.repeat(1024)), undefined)
  assert.equal(bucketNameProblem('b'.repeat(63)), undefined)
  assert.notEqual(keyProblem('\ud800'), undefined)
})

test('a folder prefix ends with a slash, that of a whole bucket is empty', () => {
  assert.deepEqual(['', 'a', 'a/'].map(folderPrefix), ['', 'a/', 'a/'])
})
