import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { NewConnection } from '../job/storage-connections.ts'
import { openDatabase } from './database.ts'
import { createIdentityStore } from './identity-store.ts'
import { createStorageConnectionStore } from './storage-connection-store.ts'

const secretKey = Buffer.alloc(32, 7)
const SECRET = 's"ecret of the störe'

async function open() {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-connections-'))
  const database = await openDatabase(dir)
  const time = { nowMs: 1_000 }
  const clock = { now: () => new Date(time.nowMs) }
  const { projectId } = await createIdentityStore(database.db, { secretKey, clock }).ensureFirst()
  return {
    dir,
    projectId,
    time,
    make: (key = secretKey) => createStorageConnectionStore(database.db, { secretKey: key, clock }),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

const connection: NewConnection = {
  name: 'obs',
  endpoint: 'https://obs.example.com',
  region: 'r1',
  dialect: 'obs',
  addressing: 'host',
  buckets: ['alpha', 'beta'],
  accessKey: 'AK',
  ca: null,
  secretKey: SECRET,
  sessionToken: 'token',
}

test('a connection is kept, found by its buckets, listed without secret, replaced and taken away', async () => {
  await using fixture = await open()
  const { projectId, time } = fixture
  const store = fixture.make()
  const { secretKey: _, sessionToken: __, ...shown } = connection
  const kept = { ...shown, hasSessionToken: true, updatedAtMs: 1_000 }
  assert.deepEqual(await store.put(projectId, connection), kept)
  assert.deepEqual(await store.list(projectId), [kept])
  const opened = { ...kept, secretKey: SECRET, sessionToken: 'token' }
  assert.deepEqual(await store.findByBucket(projectId, 'beta'), opened)
  assert.equal(await store.findByBucket('another', 'beta'), null)
  time.nowMs = 2_000
  await store.put(projectId, { ...connection, buckets: ['beta', 'gamma'], sessionToken: null })
  assert.equal(await store.findByBucket(projectId, 'alpha'), null)
  assert.deepEqual((await store.find(projectId, 'obs'))?.buckets, ['beta', 'gamma'])
  assert.deepEqual(
    [await store.remove(projectId, 'obs'), await store.remove(projectId, 'obs')],
    [true, false],
  )
  assert.equal(await store.findByBucket(projectId, 'beta'), null)
})

test('a bucket that another connection has is refused, and nothing of the new one is kept', async () => {
  await using fixture = await open()
  const { projectId } = fixture
  const store = fixture.make()
  await store.put(projectId, connection)
  await assert.rejects(store.put(projectId, { ...connection, name: 'other', buckets: ['gamma', 'beta'] }), {
    code: 'StorageBucketTaken',
    message: /beta is in the connection obs already/,
  })
  assert.deepEqual(
    (await store.list(projectId)).map(({ name }) => name),
    ['obs'],
  )
})

test('the secret stands in no file as it is, and opens with its own key only', async () => {
  await using fixture = await open()
  const { projectId } = fixture
  await fixture.make().put(projectId, connection)
  for (const name of await readdir(fixture.dir))
    assert.ok(!(await readFile(join(fixture.dir, name))).includes(SECRET), name)
  await assert.rejects(fixture.make(Buffer.alloc(32, 8)).find(projectId, 'obs'), { name: 'DataFolderError' })
})
