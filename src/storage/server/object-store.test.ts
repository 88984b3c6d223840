import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupCommit } from './group-commit.ts'
import { ObjectIndex } from './object-index.ts'
import { bodies, bytes, open, put, putInParts, refused, tempDir, text } from './store-fixture.ts'

test('what was stored is there after closing and opening again, keys of any kind included', async () => {
  await using temp = await tempDir()
  const keys = ['a', '../up', '/slash', 'a//b', 'a/', '训练/\n', 'x'.repeat(1024)]
  {
    await using store = await open(temp.dir)
    await store.createBucket('bkt')
    for (const key of keys) await put(store, key, key)
  }
  await using store = await open(temp.dir)
  for (const key of keys) assert.equal(await text(store, key), key)
  assert.deepEqual((await store.head('bkt', 'a')).metadata, { of: 'a' })
  assert.equal((await bodies(temp.dir)).length, keys.length)
})

test('overwriting and deleting leave no body behind, and a reader keeps what it began to read', async () => {
  await using temp = await tempDir()
  await using store = await open(temp.dir)
  await store.createBucket('bkt')
  await put(store, 'k', 'old')
  {
    await using reader = await store.read('bkt', 'k')
    await put(store, 'k', 'newer')
    await store.delete('bkt', ['k', 'never there'])
    assert.equal(Buffer.concat(await Array.fromAsync(reader.stream())).toString(), 'old')
  }
  assert.deepEqual(await bodies(temp.dir), [])
  await assert.rejects(store.head('bkt', 'k'), refused('NoSuchKey'))
})

test('an upload whose source fails leaves the old object and nothing else', async () => {
  await using temp = await tempDir()
  await using store = await open(temp.dir)
  await store.createBucket('bkt')
  await put(store, 'k', 'old')
  const body = async function* () {
    yield Buffer.alloc(3_000_000)
    throw new Error('the client died')
  }
  await assert.rejects(store.put({ bucket: 'bkt', key: 'k', body: body() }), /client died/)
  await assert.rejects(
    store.put({ bucket: 'bkt', key: 'k', body: bytes('x'), md5: '0'.repeat(32) }),
    refused('BadDigest'),
  )
  await assert.rejects(
    store.put({ bucket: 'bkt', key: 'k', body: bytes('x'), onlyIf: { ifNoneMatch: '*' } }),
    refused('PreconditionFailed'),
  )
  assert.equal(await text(store, 'k'), 'old')
  assert.equal((await bodies(temp.dir)).length, 1)
})

test('of many conditional creations of one key exactly one succeeds', async () => {
  await using temp = await tempDir()
  await using store = await open(temp.dir)
  await store.createBucket('bkt')
  const onlyIf = { ifNoneMatch: '*' }
  const tries = Array.from({ length: 20 }, (_, at) =>
    store.put({ bucket: 'bkt', key: 'k', body: bytes(String(at)), onlyIf }),
  )
  const results = await Promise.allSettled(tries)
  assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
  assert.equal((await bodies(temp.dir)).length, 1)
})

test('an object of parts reads as one, in any range, and its parts go with it', async () => {
  await using temp = await tempDir()
  await using store = await open(temp.dir)
  await store.createBucket('bkt')
  const { target, parts } = await putInParts(store, 'big')
  const info = await store.completeUpload({ ...target, parts })
  assert.equal(info.size, 204_803)
  assert.match(info.etag, /^[0-9a-f]{32}-3$/)
  assert.equal(await text(store, 'big', 102_398, 102_402), '0011')
  assert.equal(await text(store, 'big', 204_799), '1222')
  assert.deepEqual(
    await store.completeUpload({ ...target, parts }),
    info,
    'a client that did not hear the answer asks again',
  )
  await store.delete('bkt', ['big'])
  assert.deepEqual(await bodies(temp.dir), [])
})

test('parts that are absent, changed, out of order or too small do not make an object', async () => {
  await using temp = await tempDir()
  await using store = await open(temp.dir)
  await store.createBucket('bkt')
  const { target, parts } = await putInParts(store, 'big')
  const [one, two, three] = parts as [(typeof parts)[0], (typeof parts)[0], (typeof parts)[0]]
  const attempt = (listed: typeof parts) => store.completeUpload({ ...target, parts: listed })
  await assert.rejects(attempt([two, one]), refused('InvalidPartOrder'))
  await assert.rejects(attempt([one, { ...two, etag: 'x' }]), refused('InvalidPart'))
  await assert.rejects(attempt([one, { ...two, number: 9 }]), refused('InvalidPart'))
  await store.putPart({ ...target, number: 4, body: bytes('tail') })
  const four = (await store.listParts(target)).parts.at(-1)!
  await assert.rejects(attempt([one, three, four]), refused('EntityTooSmall'))
  await assert.rejects(store.deleteBucket('bkt'), refused('BucketNotEmpty'))
  await store.abortUpload(target)
  await assert.rejects(attempt(parts), refused('NoSuchUpload'))
  assert.deepEqual(await bodies(temp.dir), [])
  await store.deleteBucket('bkt')
})

test('concurrent small writes share transactions, and one that fails does not take the others along', async () => {
  using index = new ObjectIndex(':memory:')
  await using commits = new GroupCommit(index.db)
  const jobs = Array.from({ length: 100 }, (_, at) =>
    commits.run([], () => {
      index.addBucket({ name: `b${at}`, createdMs: 0, project: '' })
      if (at === 50) throw new Error('mine alone')
      return at
    }),
  )
  const results = await Promise.allSettled(jobs)
  assert.equal(results.filter((result) => result.status === 'fulfilled').length, 99)
  assert.equal(index.buckets().length, 99)
  assert.ok(commits.rounds <= 2, `${commits.rounds} rounds`)
})
