import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planDownload } from './plan-download.ts'
import { TransferError } from './transfer-error.ts'

const plan = (keys: readonly string[], prefix = 'p/', dest = '/dest') =>
  planDownload(
    keys.map((key) => ({ key, size: key.includes('full') ? 1 : 0, etag: 'e' })),
    prefix,
    dest,
  )

test('the contents of the folder land in the destination, markers are folders, parents come first', () => {
  const { files, folders, skipped } = plan(['p/', 'p/a', 'p/b/c/d', 'p/empty/', 'p/训练/x'])
  assert.deepEqual(
    files.map((file) => file.path),
    ['a', 'b/c/d', '训练/x'],
  )
  assert.deepEqual([folders, skipped], [['b', 'b/c', 'empty', '训练'], []])
})

const long = 'n'.repeat(256)
const left: Array<[key: string, reason: string]> = [
  [`p/${long}`, 'name longer than 255 bytes'],
  [`p/${long}/x`, 'name longer than 255 bytes'],
  [`p/${'训'.repeat(86)}`, 'name longer than 255 bytes'],
  ['p//x', 'empty name between slashes'],
  ['p/a//b', 'empty name between slashes'],
  ['p/full/', 'folder marker with content'],
]
for (const [key, reason] of left) {
  test(`the key ${key.slice(0, 20)} is left out and reported: ${reason}`, () => {
    const { files, skipped } = plan([key, 'p/ok'])
    assert.deepEqual(skipped, [{ name: key, reason }])
    assert.deepEqual(
      files.map((file) => file.path),
      ['ok'],
    )
  })
}

test('a name of exactly 255 bytes is a file, a path beyond the limit of Linux is not', () => {
  assert.equal(plan([`p/${'n'.repeat(255)}`]).files.length, 1)
  assert.equal(plan(['p/x'], 'p/', `/${'d'.repeat(4095)}`).skipped[0]?.reason, 'path longer than 4095 bytes')
})

for (const key of ['p/../x', 'p/a/../../x', 'p/..', 'p/a/../b', 'p/./x', 'p/a/..', 'p/a/../', 'p/a\0b']) {
  test(`the key ${JSON.stringify(key)} is refused, because it would leave the folder`, () => {
    assert.throws(
      () => plan(['p/ok', key]),
      (error) => error instanceof TransferError && error.code === 'UnsafeKey',
    )
  })
}

for (const keys of [
  ['p/a', 'p/a/b'],
  ['p/a/', 'p/a'],
  ['p/a/b/c', 'p/a/b'],
]) {
  test(`${keys.join(' and ')} cannot both be on disk`, () => {
    assert.throws(
      () => plan(keys),
      (error) => error instanceof TransferError && error.code === 'NameConflict',
    )
  })
}
