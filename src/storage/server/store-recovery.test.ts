import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { openObjectStore } from './object-store.ts'
import { rebuildIndex } from './rebuild-index.ts'
import { bodies, open, put, putInParts, refused, tempDir, text } from './store-fixture.ts'

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
