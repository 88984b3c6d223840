// Buckets belong to projects, and a project sees its own alone: over HTTP, over restarts, and from before there were any.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { authorizeAlways } from './authorize.ts'
import { createObjectHandler } from './object-handler.ts'
import { listenObjectServer } from './object-server-fixture.ts'
import { openObjectStore } from './object-store.ts'
import { ask, bytes, refused, tempDir } from './store-fixture.ts'

const text = (answer: { readonly text: string }): string => answer.text

/** One store, two projects: `a` owns bucket `mine` with object `key` and an unfinished upload. */
async function setUp() {
  const folder = await tempDir()
  const store = await openObjectStore({ dir: folder.dir, clock: systemClock })
  const listen = (projectId: string, writes = true) =>
    listenObjectServer(
      createObjectHandler({ store, authorize: () => ({ ok: true, principal: { projectId, writes } }) }),
      { host: '127.0.0.1', port: 0 },
    )
  const a = store.within('a')
  await a.createBucket('mine')
  await a.put({ bucket: 'mine', key: 'key', body: bytes('words of a') })
  const uploadId = await a.startUpload({ bucket: 'mine', key: 'big', headers: {}, metadata: {} })
  const servers = { a: await listen('a'), b: await listen('b'), viewer: await listen('a', false) }
  return {
    ...{ folder, store, servers, uploadId },
    async [Symbol.asyncDispose]() {
      for (const server of Object.values(servers)) await server[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const requests = (uploadId: string): [method: string, target: string, body?: string][] => [
  ['HEAD', '/mine'],
  ['GET', '/mine'],
  ['GET', '/mine?list-type=2'],
  ['GET', '/mine?location'],
  ['GET', '/mine?acl'],
  ['GET', '/mine?uploads'],
  ['GET', '/mine/key'],
  ['HEAD', '/mine/key'],
  ['GET', '/mine/key?acl'],
  ['GET', '/mine/key?tagging'],
  ['PUT', '/mine/key', 'x'],
  ['DELETE', '/mine/key'],
  ['DELETE', '/mine'],
  ['POST', '/mine?delete', '<Delete><Object><Key>key</Key></Object></Delete>'],
  ['POST', '/mine/new?uploads'],
  ['PUT', `/mine/big?uploadId=${uploadId}&partNumber=1`, 'x'],
  ['GET', `/mine/big?uploadId=${uploadId}`],
  ['DELETE', `/mine/big?uploadId=${uploadId}`],
  [
    'POST',
    `/mine/big?uploadId=${uploadId}`,
    '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>',
  ],
]

test('to another project a bucket, its objects and uploads are as ones that do not exist', async () => {
  await using all = await setUp()
  const { b } = all.servers
  for (const [method, target, body = ''] of requests(all.uploadId)) {
    const real = await ask(b.endpoint, method, target, { body })
    const none = await ask(b.endpoint, method, target.replace('/mine', '/none'), { body })
    const shown = (answer: typeof real) => [
      answer.status,
      text(answer)
        .replaceAll(/mine|none/g, '')
        .replace(/<RequestId>.*<\/RequestId>/, ''),
    ]
    assert.equal(real.status, 404, `${method} ${target}: ${text(real)}`)
    assert.deepEqual(shown(real), shown(none), `${method} ${target}`)
  }
  assert.doesNotMatch(text(await ask(b.endpoint, 'GET', '/')), /mine/)
  assert.match(text(await ask(all.servers.a.endpoint, 'GET', '/')), /mine/)
  assert.equal(text(await ask(all.servers.a.endpoint, 'GET', '/mine/key')), 'words of a')
})

test('an object of another project cannot be copied, and its bucket name not be taken', async () => {
  await using all = await setUp()
  const { b } = all.servers
  assert.equal((await ask(b.endpoint, 'PUT', '/own')).status, 200)
  for (const source of ['/mine/key', 'mine/key', '/none/key']) {
    const answer = await ask(b.endpoint, 'PUT', '/own/copy', { headers: { 'x-amz-copy-source': source } })
    assert.deepEqual([answer.status, /<Code>NoSuchBucket</.test(text(answer))], [404, true], source)
  }
  const taken = await ask(b.endpoint, 'PUT', '/mine')
  assert.equal(taken.status, 409)
  assert.match(text(taken), /<Code>BucketAlreadyExists</)
  assert.match(text(await ask(all.servers.a.endpoint, 'PUT', '/mine')), /<Code>BucketAlreadyOwnedByYou</)
})

test('who may only read reads everything of the project and changes nothing', async () => {
  await using all = await setUp()
  const { viewer } = all.servers
  for (const [method, target, body = ''] of [...requests(all.uploadId), ['PUT', '/new'] as const]) {
    const { status } = await ask(viewer.endpoint, method, target, { body })
    const reads = method === 'GET' || method === 'HEAD'
    assert.equal(status, reads ? 200 : 403, `${method} ${target}`)
  }
})

test('owners are known after a restart and when the index is lost', async () => {
  await using folder = await tempDir()
  const open = () => openObjectStore({ dir: folder.dir, clock: systemClock, heir: 'a' })
  {
    await using store = await open()
    await store.within('a').createBucket('of-a')
    await store.within('b').createBucket('of-b')
    await store.within('b').put({ bucket: 'of-b', key: 'k', body: bytes('x') })
  }
  const check = async () => {
    await using store = await open()
    assert.deepEqual(
      (await store.within('a').listBuckets()).map(({ name }) => name),
      ['of-a'],
    )
    assert.deepEqual(
      (await store.within('b').listBuckets()).map(({ name }) => name),
      ['of-b'],
    )
    await assert.rejects(store.within('a').head('of-b', 'k'), refused('NoSuchBucket'))
  }
  await check()
  for (const name of ['objects.sqlite', 'objects.sqlite-wal', 'objects.sqlite-shm'])
    await rm(join(folder.dir, name), { force: true })
  await check()
})

test('buckets made before there were projects are the first project’s', async () => {
  await using folder = await tempDir()
  {
    await using store = await openObjectStore({ dir: folder.dir, clock: systemClock })
    await store.createBucket('old')
  }
  const sqlite = new DatabaseSync(join(folder.dir, 'objects.sqlite'))
  sqlite.exec(
    'alter table buckets drop column project; alter table objects drop column crc32; alter table parts drop column crc32; pragma user_version = 1',
  )
  sqlite.close()
  await using store = await openObjectStore({ dir: folder.dir, clock: systemClock, heir: 'first' })
  const [bucket] = await store.within('first').listBuckets()
  assert.deepEqual([bucket?.name, bucket?.project], ['old', 'first'])
  assert.deepEqual(await store.within('other').listBuckets(), [])
})

test('a task’s socket opens the buckets of its job’s project', async () => {
  const asked = { request: { method: 'GET', path: '/', query: '', headers: {} }, bucket: '', key: '' }
  assert.deepEqual(await authorizeAlways('p')({ ...asked, operation: 'ListBuckets' }), {
    ok: true,
    principal: { projectId: 'p', writes: true },
  })
})
