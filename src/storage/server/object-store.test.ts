import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { GroupCommit } from './group-commit.ts'
import { ObjectIndex } from './object-index.ts'
import { type ObjectStore, openObjectStore } from './object-store.ts'
import { rebuildIndex } from './rebuild-index.ts'
import { StorageError } from './storage-error.ts'

const open = (dir: string) => openObjectStore({ dir, clock: systemClock })

async function tempDir() {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-store-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

async function* bytes(...pieces: Array<string | Buffer>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece)
}

const put = (store: ObjectStore, key: string, ...pieces: Array<string | Buffer>) =>
  store.put({ bucket: 'bkt', key, body: bytes(...pieces), metadata: { of: key } })

async function text(store: ObjectStore, key: string, start?: number, end?: number): Promise<string> {
  await using reader = await store.read('bkt', key)
  return Buffer.concat(await Array.fromAsync(reader.stream(start, end))).toString()
}

async function bodies(dir: string): Promise<string[]> {
  const entries = await readdir(join(dir, 'bodies'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

const refused = (code: string) => (error: unknown) => error instanceof StorageError && error.code === code

/** An object of three parts: two of 100 KiB and a short one. */
async function putInParts(store: ObjectStore, key: string) {
  const target = {
    bucket: 'bkt',
    key,
    uploadId: await store.startUpload({ bucket: 'bkt', key, headers: {}, metadata: {} }),
  }
  const parts = []
  for (const [at, size] of [102_400, 102_400, 3].entries()) {
    const { number, etag } = await store.putPart({
      ...target,
      number: at + 1,
      body: bytes(String(at).repeat(size)),
    })
    parts.push({ number, etag })
  }
  return { target, parts }
}

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

test('opening sweeps bodies without a row and uploads nobody finished, and nothing else', async () => {
  await using temp = await tempDir()
  let kept = ''
  {
    await using store = await open(temp.dir)
    await store.createBucket('bkt')
    await put(store, 'k', 'kept')
    kept = (await bodies(temp.dir))[0]!
    await putInParts(store, 'unfinished')
  }
  await writeFile(join(kept, '..', 'orphan'), 'x')
  {
    await using store = await open(temp.dir)
    assert.equal((await store.listUploads('bkt')).length, 1, 'a young upload goes on after a restart')
  }
  assert.equal((await bodies(temp.dir)).length, 4)
  await using store = await openObjectStore({
    dir: temp.dir,
    clock: { now: () => new Date(Date.now() + 8 * 24 * 3600_000) },
  })
  assert.deepEqual(await bodies(temp.dir), [kept])
  assert.equal(await text(store, 'k'), 'kept')
})

test('a lost index is rebuilt from the bodies: newest versions, parts, headers and empty buckets', async () => {
  await using temp = await tempDir()
  let before: unknown
  {
    await using store = await open(temp.dir)
    await store.createBucket('bkt')
    await store.createBucket('empty')
    for (const key of ['a', 'b', '训']) await put(store, key, `old ${key}`)
    await put(store, 'a', 'new a')
    await store.delete('bkt', ['b'])
    const { target, parts } = await putInParts(store, 'big')
    await store.completeUpload({ ...target, parts })
    before = await Promise.all(['a', '训', 'big'].map((key) => store.head('bkt', key)))
  }
  for (const suffix of ['', '-wal', '-shm'])
    await rm(join(temp.dir, `objects.sqlite${suffix}`), { force: true })
  await using store = await open(temp.dir)
  assert.deepEqual(await Promise.all(['a', '训', 'big'].map((key) => store.head('bkt', key))), before)
  assert.deepEqual(
    (await store.list({ bucket: 'bkt' })).objects.map((object) => object.key),
    ['a', 'big', '训'],
  )
  assert.equal(await text(store, 'big', 204_799), '1222')
  assert.deepEqual(
    (await store.listBuckets()).map((bucket) => bucket.name),
    ['bkt', 'empty'],
  )
})

test('rebuilding names torn bodies, takes the higher number of two versions, and refuses while the store is open', async () => {
  await using temp = await tempDir()
  {
    await using store = await open(temp.dir)
    await store.createBucket('bkt')
    await put(store, 'torn', 'x'.repeat(1000))
    const [torn] = await bodies(temp.dir)
    await put(store, 'k', 'old')
    // The crash between the commit of the new row and the removal of the old body.
    await using reader = await store.read('bkt', 'k')
    await put(store, 'k', 'new')
    await assert.rejects(rebuildIndex(temp.dir), /in use/)
    await truncate(torn!, 500)
    assert.equal(reader.info.size, 3)
    spawnSync('cp', ['-r', join(temp.dir, 'bodies'), join(temp.dir, 'copy')])
  }
  await rm(join(temp.dir, 'bodies'), { recursive: true })
  spawnSync('mv', [join(temp.dir, 'copy'), join(temp.dir, 'bodies')])
  const report = await rebuildIndex(temp.dir)
  assert.deepEqual([report.objects, report.damaged.length], [1, 1])
  await using store = await open(temp.dir)
  assert.equal(await text(store, 'k'), 'new')
})

test('a second process is kept out of an open store', async () => {
  await using temp = await tempDir()
  await using store = await open(temp.dir)
  await assert.rejects(open(temp.dir), /in use by another process/)
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', childScript(temp.dir)])
  assert.match(child.stderr.toString(), /in use by another process/)
  await store.createBucket('bkt')
})

test('concurrent small writes share transactions, and one that fails does not take the others along', async () => {
  using index = new ObjectIndex(':memory:')
  await using commits = new GroupCommit(index.db)
  const jobs = Array.from({ length: 100 }, (_, at) =>
    commits.run([], () => {
      index.addBucket(`b${at}`, 0)
      if (at === 50) throw new Error('mine alone')
      return at
    }),
  )
  const results = await Promise.allSettled(jobs)
  assert.equal(results.filter((result) => result.status === 'fulfilled').length, 99)
  assert.equal(index.buckets().length, 99)
  assert.ok(commits.rounds <= 2, `${commits.rounds} rounds`)
})

/** A process that stores objects and prints each key once it is acknowledged. */
const childScript = (dir: string): string => `
  import { openObjectStore } from ${JSON.stringify(import.meta.resolve('./object-store.ts'))}
  const store = await openObjectStore({ dir: ${JSON.stringify(dir)}, clock: { now: () => new Date() } })
  await store.createBucket('bkt')
  const body = async function* (text) { yield Buffer.from(text) }
  const writer = async (name) => {
    for (let at = 0; ; at += 1) {
      const key = name + at
      await store.put({ bucket: 'bkt', key, body: body(key.repeat(1 + at % 9 * 3000)) })
      await store.put({ bucket: 'bkt', key: 'shared', body: body(key) })
      if (at % 5 === 4) await store.delete('bkt', [key])
      process.stdout.write((at % 5 === 4 ? '-' : '+') + key + '\\n')
    }
  }
  await Promise.all(['a', 'b', 'c', 'd'].map(writer))`

test('a process killed while it writes loses no acknowledged object and leaves no orphan', async () => {
  await using temp = await tempDir()
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', childScript(temp.dir)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    const told: string[] = []
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => {
      told.push(line)
      if (told.length === 60 + round * 17) child.kill('SIGKILL')
    })
    await Promise.all([exited, once(lines, 'close')])
    await using store = await open(temp.dir)
    for (const line of told) {
      const key = line.slice(1)
      if (line.startsWith('-')) await assert.rejects(store.head('bkt', key), refused('NoSuchKey'))
      else assert.equal(await text(store, key), key.repeat(1 + (Number(key.slice(1)) % 9) * 3000))
    }
    const { objects } = await store.list({ bucket: 'bkt' })
    assert.equal((await bodies(temp.dir)).length, objects.length)
    assert.equal((await store.head('bkt', 'shared')).size, (await text(store, 'shared')).length)
    await store.delete(
      'bkt',
      objects.map((object) => object.key),
    )
  }
})

const notRoot = process.getuid?.() === 0 ? false : 'needs root to mount a small tmpfs'

test('a full disk refuses the upload cleanly, keeps what was there, and the store works on', {
  skip: notRoot,
}, async () => {
  await using temp = await tempDir()
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', temp.dir])
  assert.equal(mounted.status, 0, mounted.stderr.toString())
  try {
    await using store = await open(temp.dir)
    await store.createBucket('bkt')
    await put(store, 'small', 'small')
    const before = (await bodies(temp.dir)).length
    const big = Buffer.alloc(1024 * 1024, 'x')
    await assert.rejects(
      put(store, 'big', ...Array.from({ length: 8 }, () => big)),
      (error) => error instanceof Error && 'code' in error && error.code === 'ENOSPC',
    )
    assert.equal((await bodies(temp.dir)).length, before)
    assert.equal(await text(store, 'small'), 'small')
    await put(store, 'fits', big)
    await store.delete('bkt', ['fits'])
    // Fill it in small steps, so that the index meets the end of the disk too.
    const failure = await fill(store).catch((error: unknown) => error)
    assert.ok(failure instanceof Error, 'the disk is full at last')
    const listed = (await store.list({ bucket: 'bkt' })).objects
    assert.equal((await bodies(temp.dir)).length, listed.length)
    for (const { key, size } of listed) assert.equal((await text(store, key)).length, size)
  } finally {
    spawnSync('umount', [temp.dir])
  }
  assert.ok((await stat(temp.dir)).isDirectory())
})

async function fill(store: ObjectStore): Promise<void> {
  for (let at = 0; at < 5000; at += 1) await put(store, `fill${at}`, 'y'.repeat(1000))
}
