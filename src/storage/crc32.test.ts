import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { combineCrc32, crc32Text, parseCrc32 } from './crc32.ts'

test('the crc32 of any two pieces gives that of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (one, two) => {
      assert.equal(combineCrc32(crc32(one), crc32(two), two.length), crc32(Buffer.concat([one, two])))
    }),
  )
})

test('a crc32 is spelled as S3 spells it and read again', () => {
  assert.equal(crc32Text(crc32(Buffer.from('hello'))), 'NhCmhg==')
  assert.deepEqual([parseCrc32('NhCmhg=='), parseCrc32('NhCm')], [0x3610a686, undefined])
})
