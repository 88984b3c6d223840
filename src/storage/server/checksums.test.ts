// CRC-32 of what is stored: told where S3 tells it, of objects in one piece and in parts, and kept by the bodies too.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { crc32Text } from '../crc32.ts'
import { authorizeAlways } from './authorize.ts'
import { createObjectHandler } from './object-handler.ts'
import { listenObjectServer } from './object-server-fixture.ts'
import { ask, open, put, putInParts, tempDir } from './store-fixture.ts'

const textOf = (data: string): string => crc32Text(crc32(data))
const whole = `${'0'.repeat(102_400)}${'1'.repeat(102_400)}222`

test('a put and a part are answered with their checksum, reading with it when that is asked for', async () => {
  await using temp = await tempDir()
  await using store = await open(temp.dir)
  await store.createBucket('bkt')
  const handler = createObjectHandler({ store, authorize: authorizeAlways('') })
  await using server = await listenObjectServer(handler, { host: '127.0.0.1', port: 0 })
  const sent = await ask(server.endpoint, 'PUT', '/bkt/k', { body: 'hello' })
  assert.equal(sent.headers['x-amz-checksum-crc32'], textOf('hello'))
  const mode = { 'x-amz-checksum-mode': 'ENABLED' }
  const got = await ask(server.endpoint, 'GET', '/bkt/k', { headers: mode })
  assert.deepEqual(
    [got.headers['x-amz-checksum-crc32'], got.headers['x-amz-checksum-type']],
    [textOf('hello'), 'FULL_OBJECT'],
  )
  const part = await ask(server.endpoint, 'GET', '/bkt/k', { headers: { ...mode, range: 'bytes=0-1' } })
  assert.deepEqual([part.status, part.headers['x-amz-checksum-crc32']], [206, undefined])
  assert.equal((await ask(server.endpoint, 'GET', '/bkt/k')).headers['x-amz-checksum-crc32'], undefined)
})

test('an object in parts has the checksum of the whole, also after its index was lost', async () => {
  await using temp = await tempDir()
  {
    await using store = await open(temp.dir)
    await store.createBucket('bkt')
    await put(store, 'one', 'x')
    const { target, parts } = await putInParts(store, 'parts')
    const { crc32: found } = await store.completeUpload({ ...target, parts })
    assert.equal(found, textOf(whole))
  }
  await rm(join(temp.dir, 'objects.sqlite'))
  await using store = await open(temp.dir)
  assert.equal((await store.head('bkt', 'parts')).crc32, textOf(whole))
  assert.equal((await store.head('bkt', 'one')).crc32, textOf('x'))
})
