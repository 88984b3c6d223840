import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loginFor } from '../job/registries.ts'
import { openDatabase } from './database.ts'
import { createIdentityStore } from './identity-store.ts'
import { createRegistryStore } from './registry-store.ts'

const secretKey = Buffer.alloc(32, 7)
const PASSWORD = 'p"ass wörd'

async function open() {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-registries-'))
  const database = await openDatabase(dir)
  const time = { nowMs: 1_000 }
  const clock = { now: () => new Date(time.nowMs) }
  const { projectId } = await createIdentityStore(database.db, { secretKey, clock }).ensureFirst()
  return {
    db: database.db,
    dir,
    projectId,
    time,
    make: (key = secretKey) => createRegistryStore(database.db, { secretKey: key, clock }),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

test('a login is kept, listed without its password, replaced and taken away', async () => {
  await using fixture = await open()
  const { projectId } = fixture
  const store = fixture.make()
  const host = 'harbor.example.com'
  assert.deepEqual(await store.put(projectId, { host, userName: 'ann', password: PASSWORD }), {
    host,
    userName: 'ann',
    updatedAtMs: 1_000,
  })
  await store.put(projectId, { host: '10.0.0.5:5000', userName: 'bob', password: 'x' })
  fixture.time.nowMs = 2_000
  await store.put(projectId, { host, userName: 'eve', password: PASSWORD })
  assert.deepEqual(await store.list(projectId), [
    { host: '10.0.0.5:5000', userName: 'bob', updatedAtMs: 1_000 },
    { host, userName: 'eve', updatedAtMs: 2_000 },
  ])
  assert.deepEqual(await store.find(projectId, host), { host, userName: 'eve', password: PASSWORD })
  assert.deepEqual([await store.remove(projectId, host), await store.remove(projectId, host)], [true, false])
  assert.equal(await store.find(projectId, host), null)
})

test('a pull gets the login of the registry its image names, and of its own project only', async () => {
  await using fixture = await open()
  const store = fixture.make()
  for (const host of ['docker.io', 'harbor.example.com', 'harbor.example.com:8443'])
    await store.put(fixture.projectId, { host, userName: `of ${host}`, password: 'x' })
  const userOf = async (image: string, project = fixture.projectId) =>
    (await loginFor(store, project, image))?.userName ?? null
  assert.deepEqual(
    await Promise.all(
      [
        'harbor.example.com/team/train:1',
        'HARBOR.example.com:8443/team/train',
        'team/train',
        'index.docker.io/team/train',
        'swr.cn-north-4.myhuaweicloud.com/org/name:tag',
        `sha256:${'a'.repeat(64)}`,
      ].map((image) => userOf(image)),
    ),
    ['of harbor.example.com', 'of harbor.example.com:8443', 'of docker.io', 'of docker.io', null, null],
  )
  assert.equal(await userOf('harbor.example.com/team/train:1', 'another project'), null)
})

test('no password stands in the database, and a sealed one opens in no other row and with no other key', async () => {
  await using fixture = await open()
  const { db, projectId } = fixture
  const store = fixture.make()
  await store.put(projectId, { host: 'a.example.com', userName: 'ann', password: PASSWORD })
  await store.put(projectId, { host: 'b.example.com', userName: 'ann', password: 'other' })
  const files = await Promise.all(
    (await readdir(fixture.dir)).map((name) => readFile(join(fixture.dir, name))),
  )
  const holds = (text: string): boolean => files.some((bytes) => bytes.includes(text))
  assert.deepEqual([holds('b.example.com'), holds(PASSWORD)], [true, false])
  await assert.rejects(fixture.make(Buffer.alloc(32, 8)).find(projectId, 'a.example.com'), /does not open/)
  const { password } = await db
    .selectFrom('registries')
    .select('password')
    .where('host', '=', 'a.example.com')
    .executeTakeFirstOrThrow()
  assert.equal(password.includes(PASSWORD), false)
  await db.updateTable('registries').set({ password }).where('host', '=', 'b.example.com').execute()
  await assert.rejects(store.find(projectId, 'b.example.com'), /login .* b\.example\.com does not open/)
})
