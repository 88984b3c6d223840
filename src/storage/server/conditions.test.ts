import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkReadConditions, parseRange } from './conditions.ts'
import { StorageError } from './storage-error.ts'

const ranges: Array<
  [header: string | undefined, size: number, found: [number, number] | undefined | 'InvalidRange']
> = [
  [undefined, 10, undefined],
  ['bytes=0-3', 10, [0, 4]],
  ['bytes=4-', 10, [4, 10]],
  ['bytes=-3', 10, [7, 10]],
  ['bytes=-30', 10, [0, 10]],
  ['bytes=0-99', 10, [0, 10]],
  ['bytes=9-9', 10, [9, 10]],
  ['bytes=10-', 10, 'InvalidRange'],
  ['bytes=-0', 10, 'InvalidRange'],
  ['bytes=0-0', 0, 'InvalidRange'],
  ['bytes=5-2', 10, undefined],
  ['bytes=0-1,3-4', 10, undefined],
  ['lines=0-1', 10, undefined],
  ['bytes=-', 10, undefined],
]
for (const [header, size, found] of ranges) {
  test(`Range ${header} of ${size} bytes means ${JSON.stringify(found) ?? 'the whole object'}`, () => {
    if (found === 'InvalidRange')
      assert.throws(
        () => parseRange(header, size),
        (error) => error instanceof StorageError && error.status === 416,
      )
    else assert.deepEqual(parseRange(header, size), found && { start: found[0], end: found[1] })
  })
}

const object = { key: 'k', size: 1, etag: 'abc', modifiedMs: Date.parse('2026-01-31T10:00:00.500Z') }
const at = 'Sat, 31 Jan 2026 10:00:00 GMT'
const before = 'Sat, 31 Jan 2026 09:00:00 GMT'
const conditions: Array<[headers: Record<string, string>, code: string]> = [
  [{}, 'ok'],
  [{ 'if-match': '"abc"' }, 'ok'],
  [{ 'if-match': '"x", "abc"' }, 'ok'],
  [{ 'if-match': '*' }, 'ok'],
  [{ 'if-match': '"x"' }, 'PreconditionFailed'],
  [{ 'if-none-match': '"x"' }, 'ok'],
  [{ 'if-none-match': 'W/"abc"' }, 'NotModified'],
  [{ 'if-none-match': '*' }, 'NotModified'],
  [{ 'if-modified-since': at }, 'NotModified'],
  [{ 'if-modified-since': before }, 'ok'],
  [{ 'if-unmodified-since': at }, 'ok'],
  [{ 'if-unmodified-since': before }, 'PreconditionFailed'],
  [{ 'if-match': '"abc"', 'if-unmodified-since': before }, 'ok'],
  [{ 'if-none-match': '"x"', 'if-modified-since': at }, 'ok'],
  [{ 'if-modified-since': 'yesterday' }, 'ok'],
]
for (const [headers, code] of conditions) {
  test(`a read with ${JSON.stringify(headers)} is ${code}`, () => {
    let found = 'ok'
    try {
      checkReadConditions(headers, object)
    } catch (error) {
      assert.ok(error instanceof StorageError)
      found = error.code
    }
    assert.equal(found, code)
  })
}
