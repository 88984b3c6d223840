// One object server in front of two stores: its own, and one elsewhere that is spoken to with keys.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { ObjectClient } from '../object-client.ts'
import { ObjectStoreError } from '../object-store-error.ts'
import { authorizeAlways, authorizeS3V4 } from '../server/authorize.ts'
import { createObjectHandler } from '../server/object-handler.ts'
import { listenObjectServer, type ObjectServer } from '../server/object-server-fixture.ts'
import { openObjectStore } from '../server/object-store.ts'
import { ask, onlyKey } from '../server/store-fixture.ts'
import { remoteObjects } from './remote-objects.ts'
import { routedObjects } from './routed-objects.ts'

const MIB = 1024 * 1024
const local = { host: '127.0.0.1', port: 0 }
const owned = new AsyncDisposableStack()
let far: ObjectServer
let near: ObjectServer
let client: ObjectClient
let farClient: ObjectClient

before(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-remote-'))
  owned.defer(() => rm(dir, { recursive: true, force: true }))
  const farStore = owned.use(await openObjectStore({ dir: join(dir, 'far'), clock: systemClock }))
  const authorize = authorizeS3V4({ lookup: onlyKey('FARKEY', 'farsecret'), clock: systemClock })
  far = owned.use(await listenObjectServer(createObjectHandler({ store: farStore, authorize }), local))
  const target = { endpoint: far.endpoint, accessKey: 'FARKEY', secretKey: 'farsecret' }
  farClient = owned.use(new ObjectClient({ target: { ...target, name: 'the storage connection far' } }))
  const refused = owned.use(
    new ObjectClient({ target: { ...target, secretKey: 'other', name: 'the storage connection bad' } }),
  )
  const gone = owned.use(
    new ObjectClient({ target: { ...target, endpoint: 'http://127.0.0.1:1' }, attempts: 1 }),
  )
  await farClient.createBucket('far')
  const nearStore = owned.use(await openObjectStore({ dir: join(dir, 'near'), clock: systemClock }))
  const remotes: Record<string, ReturnType<typeof remoteObjects>> = {
    far: remoteObjects(farClient, ['far']),
    refused: remoteObjects(refused, ['refused']),
    gone: remoteObjects(gone, ['gone']),
  }
  const objects = routedObjects(nearStore.within(''), {
    find: async (bucket) => remotes[bucket],
    buckets: async () => ['far'],
  })
  const handler = createObjectHandler({ store: { within: () => objects }, authorize: authorizeAlways('') })
  near = owned.use(await listenObjectServer(handler, local))
  client = owned.use(
    new ObjectClient({ target: { endpoint: near.endpoint, accessKey: 'x', secretKey: 'y' } }),
  )
  await client.createBucket('near')
})
after(() => owned.disposeAsync())

const read = async (bucket: string, key: string, range?: { start: number; end: number }): Promise<Buffer> => {
  const { body } = await client.getStream(bucket, key, { range })
  return Buffer.concat(await body.toArray())
}
const failed = (code: string, status: number) => (error: unknown) =>
  error instanceof ObjectStoreError && error.code === code && error.status === status

for (const key of ['plain', 'a b+c', '训练/数据', "(it's)*!~", 'line\nbreak', 'd/../e']) {
  test(`the key ${JSON.stringify(key)} is the same on both sides`, async () => {
    await client.put('far', key, Buffer.from(key), { contentType: 'x/y', metadata: { note: '训' } })
    const facts = await farClient.head('far', key)
    assert.deepEqual([facts?.size, facts?.contentType], [Buffer.byteLength(key), 'x/y'])
    assert.equal((await read('far', key)).toString(), key)
    const seen = await client.head('far', key)
    assert.deepEqual([seen?.etag, seen?.metadata], [facts?.etag, facts?.metadata])
    await client.delete('far', key)
    assert.equal(await farClient.head('far', key), undefined)
  })
}

test('big objects go through in streams, in parts and in ranges', async () => {
  const big = randomBytes(20 * MIB)
  await client.put('far', 'one', { size: big.length, open: () => [big] })
  assert.ok((await read('far', 'one')).equals(big))
  assert.ok((await read('far', 'one', { start: 7, end: 7 * MIB })).equals(big.subarray(7, 7 * MIB)))
  const upload = { bucket: 'far', key: 'parts', uploadId: await client.startUpload('far', 'parts') }
  const parts = []
  for (const number of [1, 2]) {
    const piece = big.subarray((number - 1) * 10 * MIB, number * 10 * MIB)
    parts.push({ number, etag: (await client.putPart(upload, number, piece)).etag })
  }
  await client.completeUpload(upload, parts)
  assert.ok((await read('far', 'parts')).equals(big))
  const dropped = { ...upload, key: 'dropped', uploadId: await client.startUpload('far', 'dropped') }
  await client.abortUpload(dropped)
  await assert.rejects(client.completeUpload(dropped, parts), failed('NoSuchUpload', 404))
})

test('lists of both generations go on over their pages, with folders and without', async () => {
  const names = Array.from({ length: 12 }, (_, at) => `list/${at % 3}/${String(at).padStart(2, '0')} +`)
  for (const name of names) await client.put('far', name, Buffer.from('x'))
  const all = await Array.fromAsync(client.list('far', { prefix: 'list/', pageSize: 5 }))
  assert.deepEqual(
    all.map((entry) => entry.kind === 'object' && entry.key),
    [...names].sort(),
  )
  const top = await Array.fromAsync(client.list('far', { prefix: 'list/', delimiter: '/', pageSize: 2 }))
  assert.deepEqual(
    top.map((entry) => entry.kind === 'prefix' && entry.prefix),
    ['list/0/', 'list/1/', 'list/2/'],
  )
  const found: string[] = []
  for (let token = ''; ; ) {
    const more = token === '' ? '' : `&continuation-token=${token}`
    const { text } = await ask(near.endpoint, 'GET', `/far?list-type=2&prefix=list/&max-keys=5${more}`)
    found.push(...[...text.matchAll(/<Key>([^<]+)<\/Key>/g)].map((match) => match[1] ?? ''))
    const next = /<NextContinuationToken>([^<]+)</.exec(text)?.[1]
    if (next === undefined) break
    token = next
  }
  assert.deepEqual(found, [...names].sort())
})

test('copies go from one store to the other and inside each, and buckets of both are listed', async () => {
  await client.put('near', 'here', Buffer.from('from here'), { metadata: { of: 'near' } })
  await client.copy({ bucket: 'near', key: 'here' }, { bucket: 'far', key: 'copied' })
  assert.deepEqual((await farClient.head('far', 'copied'))?.metadata, { of: 'near' })
  await client.copy({ bucket: 'far', key: 'copied' }, { bucket: 'far', key: 'again' })
  await client.copy({ bucket: 'far', key: 'again' }, { bucket: 'near', key: 'back' })
  assert.equal((await read('near', 'back')).toString(), 'from here')
  assert.deepEqual(
    (await client.listBuckets()).map(({ name }) => name),
    ['far', 'near'],
  )
})

test('conditions and wrong checksums are refused by the store that has the object', async () => {
  await client.put('far', 'kept', Buffer.from('first'))
  const never = { headers: { 'if-none-match': '*' } }
  await assert.rejects(
    client.put('far', 'kept', Buffer.from('second'), never),
    failed('PreconditionFailed', 412),
  )
  await assert.rejects(
    client.put('far', 'kept', Buffer.from('second'), {
      headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' },
    }),
    failed('BadDigest', 400),
  )
  assert.equal((await read('far', 'kept')).toString(), 'first')
})

test('what the store says comes through with code, status and the name of the connection, never with a secret', async () => {
  await assert.rejects(client.getStream('far', 'none'), failed('NoSuchKey', 404))
  await assert.rejects(client.put('refused', 'k', Buffer.from('x')), (error: Error) => {
    assert.match(error.message, /the store does not accept the storage connection bad or its secret key/)
    assert.doesNotMatch(error.message, /farsecret/)
    return failed('AccessDenied', 403)(error)
  })
  const away = await ask(near.endpoint, 'PUT', '/gone/k', { body: 'x' })
  assert.deepEqual([away.status, away.code], [503, 'ServiceUnavailable'])
})
