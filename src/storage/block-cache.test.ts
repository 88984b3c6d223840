// Blocks that are kept between tasks and jobs.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Block, type CachedObject, openBlockCache } from './block-cache.ts'

async function folder(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-blocks-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

const object = (more: Partial<CachedObject> = {}): CachedObject => ({
  ...{ store: 'https://obs', bucket: 'b', key: 'k', etag: 'e' },
  ...more,
})
const block = (text: string, objectSize = 100): Block => ({ bytes: Buffer.from(text), objectSize })

/** A loader that counts. */
function source(text: string) {
  const asked = { count: 0 }
  return {
    asked,
    load: async () => {
      asked.count += 1
      return block(text)
    },
  }
}

test('a block is fetched once, by whoever asks at the same time and after a restart', async () => {
  await using place = await folder()
  const { asked, load } = source('first')
  const cache = await openBlockCache({ dir: place.dir, budgetBytes: 1000, minFreeBytes: 0 })
  const eight = await Promise.all(Array.from({ length: 8 }, () => cache.read(object(), 0, load)))
  assert.deepEqual(
    new Set(eight.map(({ bytes, objectSize }) => `${bytes} ${objectSize}`)),
    new Set(['first 100']),
  )
  const again = await openBlockCache({ dir: place.dir, budgetBytes: 1000, minFreeBytes: 0 })
  assert.equal((await again.read(object(), 0, load)).bytes.toString(), 'first')
  assert.deepEqual([asked.count, again.bytes], [1, 17])
})

test('another block, key, ETag, bucket or store is another one', async () => {
  await using place = await folder()
  const cache = await openBlockCache({ dir: place.dir, budgetBytes: 1000, minFreeBytes: 0 })
  await cache.read(object(), 0, source('kept').load)
  const others: [CachedObject, number][] = [
    [object(), 1],
    [object({ key: 'k2' }), 0],
    [object({ etag: 'e2' }), 0],
    [object({ bucket: 'bk', key: '' }), 0],
    [object({ store: 'https://other' }), 0],
  ]
  for (const [one, index] of others)
    assert.equal((await cache.read(one, index, source('other').load)).bytes.toString(), 'other')
})

test('what was not asked for the longest goes when the budget is used up; too much for the budget is not kept', async () => {
  await using place = await folder()
  const cache = await openBlockCache({ dir: place.dir, budgetBytes: 40, minFreeBytes: 0 })
  const a = source('aaaaaaaa')
  const b = source('bbbbbbbb')
  await cache.read(object(), 0, a.load)
  await cache.read(object(), 1, b.load)
  await cache.read(object(), 0, a.load)
  await cache.read(object(), 2, source('cccccccc').load)
  assert.equal(cache.bytes, 40)
  await cache.read(object(), 0, a.load)
  await cache.read(object(), 1, b.load)
  assert.deepEqual([a.asked.count, b.asked.count], [1, 2])
  await cache.read(object(), 9, source('x'.repeat(100)).load)
  assert.equal(cache.bytes, 40)
  assert.equal((await readdir(place.dir)).length, 2)
})

test('a damaged, a shortened and a half written block are fetched again', async () => {
  await using place = await folder()
  const cache = await openBlockCache({ dir: place.dir, budgetBytes: 1000, minFreeBytes: 0 })
  const { asked, load } = source('content')
  for (const damage of [
    (path: string) => writeFile(path, 'conTent0123456789ab'),
    (path: string) => truncate(path, 3),
    (path: string) => rm(path),
  ]) {
    await cache.read(object(), 0, load)
    const [name = ''] = await readdir(place.dir)
    await damage(join(place.dir, name))
    assert.equal((await cache.read(object(), 0, load)).bytes.toString(), 'content')
  }
  assert.equal(asked.count, 4)
  await writeFile(join(place.dir, '.aside-x'), 'half')
  await openBlockCache({ dir: place.dir, budgetBytes: 1000, minFreeBytes: 0 })
  assert.equal((await readdir(place.dir)).length, 1)
})

test('a failed load is told to all who wait and tried again by the next', async () => {
  await using place = await folder()
  const cache = await openBlockCache({ dir: place.dir, budgetBytes: 1000, minFreeBytes: 0 })
  const failing = Promise.withResolvers<Block>()
  const both = [0, 1].map(() => cache.read(object(), 0, () => failing.promise))
  failing.reject(new Error('the store is away'))
  for (const one of both) await assert.rejects(one, /the store is away/)
  assert.equal((await cache.read(object(), 0, source('now').load)).bytes.toString(), 'now')
})

test('a folder that cannot be written to makes no failure', async () => {
  await using place = await folder()
  const cache = await openBlockCache({ dir: place.dir, budgetBytes: 1000, minFreeBytes: 0 })
  await rm(place.dir, { recursive: true })
  const { asked, load } = source('content')
  for (let time = 0; time < 2; time += 1)
    assert.equal((await cache.read(object(), 0, load)).bytes.toString(), 'content')
  assert.deepEqual([asked.count, cache.bytes], [2, 0])
})

test('on a disk with less free than it has to keep, nothing stays', async () => {
  await using place = await folder()
  const cache = await openBlockCache({ dir: place.dir, budgetBytes: 1000, minFreeBytes: 2 ** 60 })
  assert.equal((await cache.read(object(), 0, source('content').load)).bytes.toString(), 'content')
  assert.deepEqual([cache.bytes, (await readdir(place.dir)).length], [0, 0])
})
