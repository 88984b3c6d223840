// S3 on a task's loopback, asked with the client that signs.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openS3Endpoint, type S3Endpoint } from '../src/launcher/s3-endpoint.ts'
import { systemClock } from '../src/lib/clock.ts'
import { ObjectClient } from '../src/storage/object-client.ts'
import { authorizeAlways } from '../src/storage/server/authorize.ts'
import { createObjectHandler } from '../src/storage/server/object-handler.ts'
import { type ObjectStore, openObjectStore } from '../src/storage/server/object-store.ts'

const owned = new AsyncDisposableStack()
let store: ObjectStore
let endpoint: S3Endpoint
let socketPath: string

before(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'rw-s3-'))
  owned.defer(() => rm(dir, { recursive: true }))
  store = owned.use(await openObjectStore({ dir: join(dir, 'store'), clock: systemClock }))
  for (const bucket of ['named', 'other']) await store.createBucket(bucket)
  socketPath = join(dir, 'task.sock')
  const server = createServer(createObjectHandler({ store, authorize: authorizeAlways('') }))
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  owned.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  endpoint = owned.use(await openS3Endpoint({ socketPath, buckets: ['named'] }))
})
after(() => owned.disposeAsync())

function clientOf(more: { accessKey?: string; secretKey?: string } = {}): ObjectClient {
  const { AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = endpoint.environment
  const target = {
    endpoint: AWS_ENDPOINT_URL,
    accessKey: AWS_ACCESS_KEY_ID,
    secretKey: AWS_SECRET_ACCESS_KEY,
  }
  return new ObjectClient({ target: { ...target, ...more }, attempts: 1 })
}

test('objects of a bucket that the job names are written, listed, read in ranges and deleted', async () => {
  await using client = clientOf()
  const body = Buffer.alloc(3 << 20, 'ab')
  await client.put('named', 'a b/ü.bin', body)
  const { body: stream, facts } = await client.getStream('named', 'a b/ü.bin', {
    range: { start: 1, end: 4 },
  })
  assert.deepEqual([facts.size, (await stream.toArray()).join('')], [body.length, 'bab'])
  const keys: string[] = []
  for await (const entry of client.list('named', { prefix: 'a b/' }))
    if (entry.kind === 'object') keys.push(entry.key)
  assert.deepEqual(keys, ['a b/ü.bin'])
  await client.copy({ bucket: 'named', key: 'a b/ü.bin' }, { bucket: 'named', key: 'copy' })
  await client.deleteMany('named', ['a b/ü.bin', 'copy'])
  assert.equal(await client.head('named', 'copy'), undefined)
})

test('other buckets, also as the source of a copy, and other keys are refused', async () => {
  await using client = clientOf()
  const denied = { code: 'AccessDenied', message: /buckets its job names \(named\), not for "other"/ }
  await assert.rejects(client.put('other', 'k', Buffer.from('x')), denied)
  await assert.rejects(client.copy({ bucket: 'other', key: 'k' }, { bucket: 'named', key: 'k' }), denied)
  await assert.rejects(client.listBuckets(), { code: 'AccessDenied' })
  await using stranger = clientOf({ accessKey: 'AKOFSOMEBODY' })
  await assert.rejects(stranger.put('named', 'k', Buffer.from('x')), { code: 'InvalidAccessKeyId' })
  await using liar = clientOf({ secretKey: 'wrong' })
  await assert.rejects(liar.put('named', 'k', Buffer.from('x')), { code: 'SignatureDoesNotMatch' })
  assert.equal((await fetch(`${endpoint.environment['AWS_ENDPOINT_URL']}/named/k`)).status, 403)
})

test('with the server away requests are told to come again, and nothing hangs', async () => {
  await using away = await openS3Endpoint({ socketPath: `${socketPath}-none`, buckets: ['named'] })
  const { AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = away.environment
  const target = {
    endpoint: AWS_ENDPOINT_URL,
    accessKey: AWS_ACCESS_KEY_ID,
    secretKey: AWS_SECRET_ACCESS_KEY,
  }
  await using client = new ObjectClient({ target, attempts: 1 })
  await assert.rejects(client.head('named', 'k'), { status: 503 })
})
