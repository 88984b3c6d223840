import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from 'undici'
import { systemClock } from '../../lib/clock.ts'
import { authorizeAlways } from './authorize.ts'
import { createObjectHandler } from './object-handler.ts'
import { listenObjectServer } from './object-server-fixture.ts'
import { type ObjectStore, openObjectStore } from './object-store.ts'
import { bodies, open, put, refused, tempDir, text } from './store-fixture.ts'

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
      refused('InsufficientStorage'),
    )
    assert.equal((await bodies(temp.dir)).length, before)
    assert.equal(await text(store, 'small'), 'small')
    await put(store, 'fits', big)
    await store.delete('bkt', ['fits'])
    // Fill it in small steps, so that the index meets the end of the disk too.
    const failure = await fill(store).catch((error: unknown) => error)
    assert.ok(refused('InsufficientStorage')(failure), String(failure))
    const listed = (await store.list({ bucket: 'bkt' })).objects
    assert.equal((await bodies(temp.dir)).length, listed.length)
    for (const { key, size } of listed) assert.equal((await text(store, key)).length, size)
    await store.delete(
      'bkt',
      listed.map((object) => object.key).filter((key) => key !== 'small'),
    )
    await put(store, 'fits again', big)
    assert.equal(await text(store, 'small'), 'small')
  } finally {
    spawnSync('umount', [temp.dir])
  }
  assert.ok((await stat(temp.dir)).isDirectory())
})

test('on a disk without a free byte, writing is refused and deleting makes room', {
  skip: notRoot,
}, async () => {
  await using temp = await tempDir()
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', temp.dir]).status, 0)
  try {
    {
      await using store = await open(temp.dir)
      await store.createBucket('bkt')
      await put(store, 'k', 'x'.repeat(500_000))
    }
    // Opened anew: the log of the index is empty and has to grow for whatever comes next.
    await using store = await open(temp.dir)
    spawnSync('dd', ['if=/dev/zero', `of=${join(temp.dir, 'filler')}`, 'bs=4096'])
    await assert.rejects(put(store, 'more', 'x'), refused('InsufficientStorage'))
    assert.equal((await text(store, 'k')).length, 500_000)
    await store.delete('bkt', ['k'])
    await put(store, 'more', 'x'.repeat(100_000))
    assert.equal((await text(store, 'more')).length, 100_000)
  } finally {
    spawnSync('umount', [temp.dir])
  }
})

async function fill(store: ObjectStore): Promise<void> {
  for (let at = 0; at < 5000; at += 1) await put(store, `fill${at}`, 'y'.repeat(1000))
}

test('a full disk is answered 507, and the server goes on', { skip: notRoot }, async () => {
  const small = await mkdtemp(join(tmpdir(), 'ropeway-small-'))
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small]).status, 0)
  try {
    await using full = await openObjectStore({ dir: small, clock: systemClock })
    const failures: string[] = []
    const handler = createObjectHandler({
      store: full,
      authorize: authorizeAlways(''),
      onFailure: (error) => failures.push(error.code),
    })
    await using server = await listenObjectServer(handler, { host: '127.0.0.1', port: 0 })
    await full.createBucket('bkt')
    const big = await request(`${server.endpoint}/bkt/big`, { method: 'PUT', body: Buffer.alloc(8_000_000) })
    assert.deepEqual(
      [big.statusCode, /<Code>(\w+)/.exec(await big.body.text())?.[1]],
      [507, 'InsufficientStorage'],
    )
    const fits = await request(`${server.endpoint}/bkt/fits`, {
      method: 'PUT',
      body: Buffer.alloc(1_000_000),
    })
    assert.equal(fits.statusCode, 200)
    await fits.body.dump()
    assert.deepEqual(failures, ['InsufficientStorage'])
  } finally {
    spawnSync('umount', [small])
    await rm(small, { recursive: true })
  }
})
