// S3 on a task's loopback, asked with the client that signs.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { openS3Endpoint, type S3Endpoint } from '../src/launcher/s3-endpoint.ts'
import { systemClock } from '../src/lib/clock.ts'
import { signS3V2 } from '../src/lib/signature/s3-v2.ts'
import { ObjectClient } from '../src/storage/object-client.ts'
import type { Dialect } from '../src/storage/object-target.ts'
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

function clientOf(more: { accessKey?: string; secretKey?: string; dialect?: Dialect } = {}): ObjectClient {
  const { AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = endpoint.environment
  const target = {
    endpoint: AWS_ENDPOINT_URL,
    accessKey: AWS_ACCESS_KEY_ID,
    secretKey: AWS_SECRET_ACCESS_KEY,
  }
  return new ObjectClient({ target: { ...target, ...more }, attempts: 1 })
}

for (const dialect of ['v4', 'v2', 'obs'] as const) {
  test(`objects of a bucket that the job names are written, listed, read in ranges and deleted, ${dialect}`, async () => {
    await using client = clientOf({ dialect })
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
    await client.put('named', 'noted', Buffer.from('x'), { metadata: { Note: 'n' } })
    assert.equal((await client.head('named', 'noted'))?.metadata['note'], 'n')
    assert.equal(await (await fetch(await client.presign('named', 'noted', 60))).text(), 'x')
  })

  test(`other buckets, also as the source of a copy, and other keys are refused, ${dialect}`, async () => {
    await using client = clientOf({ dialect })
    const denied = { code: 'AccessDenied', message: /buckets its job names \(named\), not for "other"/ }
    await assert.rejects(client.put('other', 'k', Buffer.alloc(8 << 20)), denied)
    await assert.rejects(client.copy({ bucket: 'other', key: 'k' }, { bucket: 'named', key: 'k' }), denied)
    await assert.rejects(client.listBuckets(), { code: 'AccessDenied' })
    await using stranger = clientOf({ dialect, accessKey: 'AKOFSOMEBODY' })
    await assert.rejects(stranger.put('named', 'k', Buffer.from('x')), { code: 'InvalidAccessKeyId' })
    await using liar = clientOf({ dialect, secretKey: 'wrong' })
    await assert.rejects(liar.put('named', 'k', Buffer.from('x')), { code: 'SignatureDoesNotMatch' })
    assert.equal((await fetch(`${endpoint.environment['AWS_ENDPOINT_URL']}/named/k`)).status, 403)
  })
}

test("a source in the other dialect's header is not looked at, or not taken", async () => {
  await store.put({ bucket: 'other', key: 'secret', body: Readable.from([Buffer.from('secret')]) })
  const { AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = endpoint.environment
  const credentials = { accessKey: AWS_ACCESS_KEY_ID, secretKey: AWS_SECRET_ACCESS_KEY }
  for (const [dialect, name] of [
    ['v2', 'x-obs-copy-source'],
    ['obs', 'x-amz-copy-source'],
  ] as const) {
    const request = { method: 'PUT', path: '/named/taken', query: '', headers: {} }
    const signed = signS3V2({ dialect, request, credentials, now: new Date() })
    const headers = { ...signed, [name]: '/other/secret' }
    assert.equal((await fetch(`${AWS_ENDPOINT_URL}/named/taken`, { method: 'PUT', headers })).status, 200)
    assert.equal((await store.head('named', 'taken')).size, 0)
  }
})

test('each client finds what it reads: TensorFlow a host without a scheme, the others an address; keys under every name', () => {
  const { environment } = endpoint
  const url = new URL(environment['AWS_ENDPOINT_URL'] ?? '')
  assert.deepEqual(
    [url.protocol, environment['S3_ENDPOINT'], environment['S3_USE_HTTPS']],
    ['http:', url.host, '0'],
  )
  for (const family of ['AWS_', 'S3_', 'OBS_', '']) {
    assert.equal(environment[`${family}ACCESS_KEY_ID`], environment['AWS_ACCESS_KEY_ID'])
    assert.equal(environment[`${family}SECRET_ACCESS_KEY`], environment['AWS_SECRET_ACCESS_KEY'])
  }
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
