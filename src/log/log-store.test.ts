import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newUuid } from '../lib/id.ts'
import type { LogError } from './log-error.ts'
import { type LogStore, openLogStore } from './log-store.ts'
import type { StreamKey } from './stream-key.ts'

const MIB = 1 << 20

type Fixture = AsyncDisposable & { dir: string; nowMs: number; store: LogStore; reopen(): Promise<LogStore> }

async function open(): Promise<Fixture> {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-log-'))
  const clock = { now: () => new Date(fixture.nowMs) }
  const openStore = () => openLogStore({ dir, clock })
  const fixture: Fixture = {
    dir,
    nowMs: 1_000,
    store: await openStore(),
    reopen: async () => {
      await fixture.store[Symbol.asyncDispose]()
      fixture.store = await openStore()
      return fixture.store
    },
    [Symbol.asyncDispose]: async () => {
      await fixture.store[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
  return fixture
}

const keyOf = (parts: Partial<StreamKey> = {}): StreamKey => ({
  jobId: newUuid(),
  attempt: 1,
  task: 'worker-0',
  stream: 'task',
  ...parts,
})
const pathOf = (dir: string, key: StreamKey, end = 'log') =>
  join(dir, key.jobId, String(key.attempt), key.task, `${key.stream}.${end}`)
/** The index as it stands on disk: pairs of an offset and the time its bytes came. */
async function timesIn(dir: string, key: StreamKey): Promise<[number, number][]> {
  const bytes = await readFile(pathOf(dir, key, 'times'))
  return Array.from({ length: Math.floor(bytes.length / 16) }, (_, n) => [
    Number(bytes.readBigUInt64LE(n * 16)),
    Number(bytes.readBigUInt64LE(n * 16 + 8)),
  ])
}
const text = async (store: LogStore, key: StreamKey) => (await store.read(key, 0, MIB)).toString()

test('bytes are taken only at the end of a stream, and the answer says where that is', async () => {
  await using fixture = await open()
  const { store } = fixture
  const key = keyOf()
  assert.deepEqual(await store.append(key, 5, Buffer.from('x')), { accepted: false, length: 0 })
  assert.deepEqual(await store.append(key, 0, Buffer.from('')), { accepted: true, length: 0 })
  assert.deepEqual(await readdir(fixture.dir), [], 'nothing is made for a stream without bytes')
  assert.deepEqual(await store.append(key, 0, Buffer.from('hello ')), { accepted: true, length: 6 })
  assert.deepEqual(await store.append(key, 0, Buffer.from('hello ')), { accepted: false, length: 6 })
  assert.deepEqual(await store.append(key, 9, Buffer.from('x')), { accepted: false, length: 6 })
  assert.deepEqual(await store.append(key, 6, Buffer.from('world')), { accepted: true, length: 11 })
  assert.equal(await text(store, key), 'hello world')
  assert.equal((await store.read(key, 6, 3)).toString(), 'wor')
  assert.equal((await store.read(key, 11, 3)).length, 0)
  assert.equal((await store.read(key, 99, 3)).length, 0)
  assert.equal(await store.length(key), 11)
  assert.equal(await store.length({ ...key, attempt: 2 }), 0)
})

test('of many appends at one offset exactly one is taken', async () => {
  await using fixture = await open()
  const key = keyOf()
  for (let round = 0; round < 5; round++) {
    const offset = await fixture.store.length(key)
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => fixture.store.append(key, offset, Buffer.from(String(n)))),
    )
    assert.equal(answers.filter(({ accepted }) => accepted).length, 1)
  }
  assert.equal((await text(fixture.store, key)).length, 5)
})

test('a stream goes on after a restart where its raw file ends, whatever a crash left behind', async () => {
  await using fixture = await open()
  const key = keyOf()
  await fixture.store.append(key, 0, Buffer.from('first\n'))
  fixture.nowMs = 2_000
  await fixture.store.append(key, 6, Buffer.from('second\n'))
  await fixture.store[Symbol.asyncDispose]()
  await appendFile(pathOf(fixture.dir, key), 'third')
  fixture.nowMs = 3_000
  let store = await fixture.reopen()
  assert.equal(await store.length(key), 18)
  assert.deepEqual(await store.append(key, 18, Buffer.from('\n')), { accepted: true, length: 19 })
  const before = [
    [0, 1_000],
    [6, 2_000],
    [18, 3_000],
  ]
  assert.deepEqual(await timesIn(fixture.dir, key), before)

  await truncate(pathOf(fixture.dir, key), 6)
  store = await fixture.reopen()
  fixture.nowMs = 4_000
  assert.deepEqual(await store.append(key, 6, Buffer.from('again and longer than before\n')), {
    accepted: true,
    length: 35,
  })
  assert.equal(await text(await fixture.reopen(), key), 'first\nagain and longer than before\n')
  const after = [
    [0, 1_000],
    [6, 4_000],
  ]
  assert.deepEqual(await timesIn(fixture.dir, key), after, 'no time of bytes that are gone stays')

  await truncate(pathOf(fixture.dir, key, 'times'), 21)
  store = await fixture.reopen()
  await store.append(key, 35, Buffer.from('x'))
  const cut = [
    [0, 1_000],
    [35, 4_000],
  ]
  assert.deepEqual(await timesIn(fixture.dir, key), cut)
  await rm(pathOf(fixture.dir, key, 'times'))
  store = await fixture.reopen()
  assert.equal(await store.length(key), 36)
})

test('when bytes came is kept beside them and never stands among them', async () => {
  await using fixture = await open()
  const key = keyOf()
  for (let n = 0; n < 200; n++) {
    fixture.nowMs = 10_000 + n
    await fixture.store.append(key, n * 3, Buffer.from('abc'))
  }
  const times = Array.from({ length: 200 }, (_, n) => [n * 3, 10_000 + n])
  assert.deepEqual(await timesIn(fixture.dir, key), times)
  assert.equal((await readFile(pathOf(fixture.dir, key))).toString(), 'abc'.repeat(200))
})

test('a preview is the end of the log from a line, within its size and in whole characters', async (t) => {
  await using fixture = await open()
  const { store } = fixture
  const cases: { title: string; log: string | Buffer; max: number; content: string }[] = [
    { title: 'all of a short log', log: 'one\ntwo\n', max: 100, content: 'one\ntwo\n' },
    { title: 'exactly as long as the limit', log: 'one\ntwo\n', max: 8, content: 'one\ntwo\n' },
    { title: 'cut inside a line: from the next', log: 'one\ntwo\n', max: 6, content: 'two\n' },
    { title: 'cut at a line start: that line', log: 'one\ntwo\n', max: 4, content: 'two\n' },
    { title: 'one line longer than the limit', log: 'abcdefgh', max: 4, content: 'efgh' },
    { title: 'a character across the cut', log: '日本語', max: 7, content: '本語' },
    {
      title: 'a character not complete at the end',
      log: Buffer.from('日本').subarray(0, 5),
      max: 9,
      content: '日',
    },
    {
      title: 'bytes that are no text stay within the limit',
      log: Buffer.alloc(30, 0xff),
      max: 12,
      content: '\uFFFD'.repeat(4),
    },
    { title: 'a byte order mark is kept', log: '\uFEFFx', max: 9, content: '\uFEFFx' },
  ]
  for (const { title, log, max, content } of cases)
    await t.test(title, async () => {
      const key = keyOf()
      await store.append(key, 0, Buffer.from(log))
      assert.deepEqual(await store.preview(key, max), { content, fullSize: Buffer.from(log).length })
    })
  await t.test('5 MiB unless told, and nothing for a task that has not spoken', async () => {
    const key = keyOf()
    const line = `${'x'.repeat(1023)}\n`
    for (let n = 0; n < 6; n++) await store.append(key, n * MIB, Buffer.from(line.repeat(1024)))
    const { content, fullSize } = await store.preview(key)
    assert.deepEqual([content.length, fullSize], [5 * MIB, 6 * MIB])
    assert.deepEqual(await store.preview(keyOf()), { content: '', fullSize: 0 })
  })
})

test('whoever waits for more is woken by the next append, and not before', async () => {
  await using fixture = await open()
  const { store } = fixture
  const key = keyOf()
  const woken: string[] = []
  const first = store.waitForMore(key, 0, 60_000).then((more) => woken.push(`first ${more}`))
  const beyond = store.waitForMore(key, 4, 60_000).then((more) => woken.push(`beyond ${more}`))
  await store.append(keyOf(), 0, Buffer.from('another job'))
  await store.append(key, 9, Buffer.from('not taken'))
  assert.deepEqual(woken, [])
  await store.append(key, 0, Buffer.from('abcd'))
  await first
  assert.deepEqual(woken, ['first true'])
  await store.append(key, 4, Buffer.from('e'))
  await beyond
  assert.equal(await store.waitForMore(key, 2, 0), true)
  assert.equal(await store.waitForMore(key, 5, 0), false)
  assert.equal(await store.waitForMore(key, 5, 5), false)
})

test('a wait ends when it is cancelled and when the store closes', async () => {
  await using fixture = await open()
  const cancel = new AbortController()
  const cancelled = fixture.store.waitForMore(keyOf(), 0, 60_000, cancel.signal)
  const closed = fixture.store.waitForMore(keyOf(), 0, 60_000)
  cancel.abort()
  assert.equal(await cancelled, false)
  assert.equal(await fixture.store.waitForMore(keyOf(), 0, 60_000, cancel.signal), false)
  await fixture.store[Symbol.asyncDispose]()
  assert.equal(await closed, false)
})

test('streams of a job are listed with their length, and removing the job leaves nothing', async () => {
  await using fixture = await open()
  const { store } = fixture
  const jobId = newUuid()
  const keys = [
    keyOf({ jobId }),
    keyOf({ jobId, stream: 'rank-10' }),
    keyOf({ jobId, stream: 'rank-9' }),
    keyOf({ jobId, task: 'worker-10' }),
    keyOf({ jobId, task: 'worker-2' }),
    keyOf({ jobId, attempt: 2 }),
  ]
  for (const key of keys) await store.append(key, 0, Buffer.from(key.stream))
  const other = keyOf()
  await store.append(other, 0, Buffer.from('stays'))
  await writeFile(pathOf(fixture.dir, keys[0]!, 'tmp'), 'not ours')
  const names = [
    [1, 'worker-0', 'rank-9', 6],
    [1, 'worker-0', 'rank-10', 7],
    [1, 'worker-0', 'task', 4],
    [1, 'worker-2', 'task', 4],
    [1, 'worker-10', 'task', 4],
    [2, 'worker-0', 'task', 4],
  ]
  const list = async (from: LogStore) =>
    (await from.streams(jobId)).map(({ attempt, task, stream, length }) => [attempt, task, stream, length])
  assert.deepEqual(await list(store), names)
  assert.deepEqual(await list(await fixture.reopen()), names)
  await fixture.store.remove(jobId)
  await fixture.store.remove(jobId)
  assert.deepEqual(await fixture.store.streams(jobId), [])
  assert.equal(await fixture.store.length(keys[0]!), 0)
  assert.deepEqual(await readdir(fixture.dir), [other.jobId])
})

test('a name that could leave the folder or was never given is refused', async (t) => {
  await using fixture = await open()
  const cases: [keyof StreamKey, unknown][] = [
    ['jobId', '..'],
    ['jobId', 'A0000000-0000-0000-0000-000000000000'],
    ['jobId', ''],
    ['attempt', 0],
    ['attempt', 1.5],
    ['attempt', Number.NaN],
    ['attempt', '../1'],
    ['task', '../worker-0'],
    ['task', 'worker'],
    ['task', 'worker-0\0'],
    ['task', 'worker-0\n'],
    ['stream', 'rank-'],
    ['stream', 'task/../x'],
    ['stream', 'rank-123456'],
  ]
  for (const [field, value] of cases)
    await t.test(`${field} ${JSON.stringify(value)}`, async () => {
      const key = { ...keyOf(), [field]: value } as StreamKey
      await assert.rejects(fixture.store.append(key, 0, Buffer.from('x')), (error: LogError) => {
        assert.equal(error.code, 'InvalidKey')
        assert.ok(error.message.startsWith(`${field} is `), error.message)
        return true
      })
      await assert.rejects(fixture.store.read(key, 0, 1))
    })
  assert.deepEqual(await readdir(fixture.dir), [])
})
