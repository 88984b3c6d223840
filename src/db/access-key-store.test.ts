import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAccessKeyStore } from './access-key-store.ts'
import { openDatabase } from './database.ts'

const secretKey = Buffer.alloc(32, 7)

async function open() {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-keys-'))
  const database = await openDatabase(dir)
  const fixture = {
    db: database.db,
    nowMs: 1_000,
    make: (key = secretKey) =>
      createAccessKeyStore(database.db, { secretKey: key, clock: { now: () => new Date(fixture.nowMs) } }),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
  return fixture
}

test('a project and a key are made on the first start and found again on the next', async () => {
  await using fixture = await open()
  const { created, ...first } = await fixture.make().ensureFirst()
  assert.equal(created, true)
  assert.match(first.projectId, /^[0-9a-f]{32}$/)
  assert.ok(first.secret.length >= 40)
  const again = fixture.make()
  assert.deepEqual(await again.ensureFirst(), { ...first, created: false })
  assert.deepEqual(again.findSecret(first.accessKey), first)
  assert.equal(again.findSecret('nobody'), undefined)
})

test('a key that has expired is followed by a new one of the same project', async () => {
  await using fixture = await open()
  const store = fixture.make()
  const first = await store.ensureFirst()
  await store.remove(first.accessKey)
  const short = await store.add({ projectId: first.projectId, userName: 'ann', expiresAtMs: 2_000 })
  assert.equal((await fixture.make().ensureFirst()).accessKey, short.accessKey)
  fixture.nowMs = 2_000
  const next = await store.ensureFirst()
  assert.deepEqual([next.created, next.projectId], [true, first.projectId])
  assert.equal(store.findSecret(short.accessKey)?.expiresAtMs, 2_000)
})

test('keys that were added are found at once, removed ones no more', async () => {
  await using fixture = await open()
  const store = fixture.make()
  const { projectId } = await store.ensureFirst()
  const key = await store.add({ projectId, userName: 'ann', expiresAtMs: null })
  assert.deepEqual(store.findSecret(key.accessKey), key)
  assert.deepEqual((await fixture.make().load()).get(key.accessKey), key)
  assert.equal(await store.remove(key.accessKey), true)
  assert.equal(await store.remove(key.accessKey), false)
  assert.equal(store.findSecret(key.accessKey), undefined)
  await assert.rejects(store.add({ projectId: 'no such project', userName: 'x', expiresAtMs: null }))
})

test('with another secret.key the server says so instead of serving with wrong secrets', async () => {
  await using fixture = await open()
  const { accessKey } = await fixture.make().ensureFirst()
  await assert.rejects(
    fixture.make(Buffer.alloc(32, 8)).ensureFirst(),
    new RegExp(`stored secret of access key ${accessKey} does not open`),
  )
})
