import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDatabase, openDatabaseFile } from './database.ts'
import { createIdentityStore } from './identity-store.ts'
import { checkUpgrade } from './identity-upgrade-fixture.ts'

const secretKey = Buffer.alloc(32, 7)

async function open() {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-identity-'))
  const database = await openDatabase(dir)
  const fixture = {
    db: database.db,
    nowMs: 1_000,
    make: (key = secretKey) =>
      createIdentityStore(database.db, { secretKey: key, clock: { now: () => new Date(fixture.nowMs) } }),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
  return fixture
}

type Fixture = Awaited<ReturnType<typeof open>>

async function begin(fixture: Fixture) {
  const store = fixture.make()
  const { projectId, key } = await store.ensureFirst()
  assert.ok(key)
  return { store, projectId, key }
}

test('a project, its administrator and a key are made on the first start and found again on the next', async () => {
  await using fixture = await open()
  const { store, projectId, key } = await begin(fixture)
  assert.match(projectId, /^[0-9a-f]{32}$/)
  assert.ok(key.secret.length >= 40)
  assert.deepEqual(await fixture.make().ensureFirst(), { projectId, key })
  const { users, memberships, keys } = await store.read()
  assert.deepEqual(
    users.map((user) => [user.name, user.administrator, user.passwordHash]),
    [['admin', true, null]],
  )
  assert.deepEqual(memberships, [{ userId: key.userId, projectId, role: 'admin' }])
  assert.deepEqual(keys, [key])
})

test('a key that has expired is followed by a new one; administrators that were taken away stay away', async () => {
  await using fixture = await open()
  const { store, projectId, key } = await begin(fixture)
  await store.changeKey(key.accessKey, { expiresAtMs: 2_000 })
  assert.equal((await store.ensureFirst()).key?.accessKey, key.accessKey)
  fixture.nowMs = 2_000
  const next = await store.ensureFirst()
  assert.ok(next.key && next.key.accessKey !== key.accessKey)
  await store.changeUser(key.userId, { enabled: false })
  assert.deepEqual(await store.ensureFirst(), { projectId, key: null })
  const other = await store.addUser({ name: 'root', administrator: true, passwordHash: null })
  assert.ok(other !== 'taken')
  await store.removeUser(key.userId)
  assert.deepEqual(await store.ensureFirst(), { projectId, key: null })
  await store.setMember({ userId: other.id, projectId, role: 'user' })
  const own = await store.addKey({ userId: other.id, projectId, description: '', expiresAtMs: null })
  assert.deepEqual((await store.ensureFirst()).key, own)
})

test('users, projects and members are added, changed and taken away, and names are theirs alone', async () => {
  await using fixture = await open()
  const { store, projectId } = await begin(fixture)
  const ann = await store.addUser({ name: 'ann', administrator: false, passwordHash: 'h' })
  assert.ok(ann !== 'taken')
  assert.equal(await store.addUser({ name: 'ann', administrator: true, passwordHash: null }), 'taken')
  const vision = await store.addProject({ name: 'vision', description: 'seeing' })
  assert.ok(vision !== 'taken')
  assert.equal(await store.addProject({ name: 'vision', description: '' }), 'taken')
  await store.setMember({ userId: ann.id, projectId: vision.id, role: 'viewer' })
  await store.setMember({ userId: ann.id, projectId: vision.id, role: 'user' })
  await store.changeProject(vision.id, { enabled: false })
  const snapshot = await store.read()
  assert.deepEqual(
    snapshot.memberships.filter(({ userId }) => userId === ann.id),
    [{ userId: ann.id, projectId: vision.id, role: 'user' }],
  )
  assert.deepEqual(
    snapshot.projects.map(({ name, enabled, description }) => [name, enabled, description]),
    [
      ['default', true, ''],
      ['vision', false, 'seeing'],
    ],
  )
  assert.equal(await store.removeMember(ann.id, projectId), false)
  assert.equal(await store.removeMember(ann.id, vision.id), true)
  assert.equal(await store.removeProject(vision.id), 'removed')
  assert.equal(await store.removeProject(vision.id), 'unknown')
  assert.equal(await store.changeProject(vision.id, { enabled: true }), false)
  assert.equal(await store.changeUser('nobody', { enabled: true }), false)
})

test('tokens of before are void after another password and after being disabled, not after a change of rights', async () => {
  await using fixture = await open()
  const { store } = await begin(fixture)
  const ann = await store.addUser({ name: 'ann', administrator: false, passwordHash: 'h' })
  assert.ok(ann !== 'taken')
  const epoch = async () => (await store.read()).users.find(({ name }) => name === 'ann')?.epoch
  await store.changeUser(ann.id, { administrator: true })
  await store.changeUser(ann.id, { enabled: true })
  assert.equal(await epoch(), 0)
  await store.changeUser(ann.id, { enabled: false })
  assert.equal(await epoch(), 1)
  await store.changeUser(ann.id, { passwordHash: 'i' })
  assert.equal(await epoch(), 2)
})

test('keys go with their user and their project; their use and changes are kept', async () => {
  await using fixture = await open()
  const { store, projectId, key } = await begin(fixture)
  await store.noteUse(new Map([[key.accessKey, 1_500]]))
  await store.changeKey(key.accessKey, { enabled: false, description: 'old' })
  const [stored] = (await store.read()).keys
  assert.deepEqual(stored, { ...key, lastUsedAtMs: 1_500, enabled: false, description: 'old' })
  assert.equal(await store.changeKey('nobody', { enabled: true }), false)
  const ann = await store.addUser({ name: 'ann', administrator: false, passwordHash: null })
  assert.ok(ann !== 'taken')
  await store.addKey({ userId: ann.id, projectId, description: '', expiresAtMs: null })
  assert.equal((await store.read()).keys.length, 2)
  await store.removeUser(ann.id)
  assert.equal((await store.read()).keys.length, 1)
  assert.equal(await store.removeKey(key.accessKey), true)
  assert.equal(await store.removeKey(key.accessKey), false)
  await assert.rejects(store.addKey({ userId: 'nobody', projectId, description: '', expiresAtMs: null }))
})

test('a token that was given back is remembered until it would have expired', async () => {
  await using fixture = await open()
  const { store } = await begin(fixture)
  await store.revokeToken('t1', 5_000)
  await store.revokeToken('t1', 5_000)
  assert.deepEqual((await store.read()).revokedTokens, ['t1'])
  fixture.nowMs = 5_000
  assert.deepEqual((await store.read()).revokedTokens, [])
  await store.revokeToken('t2', 9_000)
  const rows = await fixture.db.selectFrom('revoked_tokens').select('id').execute()
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['t2'],
  )
})

test('with another secret.key the server says so instead of serving with wrong secrets', async () => {
  await using fixture = await open()
  const { key } = await begin(fixture)
  await assert.rejects(
    fixture.make(Buffer.alloc(32, 8)).ensureFirst(),
    new RegExp(`stored secret of access key ${key.accessKey} does not open`),
  )
})

test('what was one key of one project before there were users works on', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-upgrade-'))
  {
    await using database = openDatabaseFile(join(dir, 'rows.sqlite'))
    await checkUpgrade(database.db)
  }
  await rm(dir, { recursive: true })
})
