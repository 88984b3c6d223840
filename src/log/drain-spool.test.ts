import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../lib/clock.ts'
import { newUuid } from '../lib/id.ts'
import { readFrom, segmentName } from '../lib/spool-segments.ts'
import { drainSpool } from './drain-spool.ts'
import { openLogStore } from './log-store.ts'

async function open() {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-drain-'))
  const spool = join(dir, 'spool')
  await mkdir(spool)
  const store = await openLogStore({ dir: join(dir, 'logs'), clock: systemClock })
  const key = { jobId: newUuid(), attempt: 1, task: 'worker-0', stream: 'task' }
  return {
    store,
    key,
    write: (start: number, text: string | Buffer) =>
      writeFile(join(spool, segmentName(key.stream, start)), text),
    drain: (stream = 'task') =>
      drainSpool({
        store,
        key: { ...key, stream },
        read: (offset, max) => readFrom(spool, stream, offset, max),
      }),
    text: async () => (await store.read(key, 0, 64 << 20)).toString(),
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

test('what a task had not sent is taken from its spool, once, however often it is asked', async () => {
  await using fixture = await open()
  await fixture.store.append(fixture.key, 0, Buffer.from('one\ntw'))
  await fixture.write(4, 'two\n')
  await fixture.write(8, 'three\n')
  assert.deepEqual(await fixture.drain(), { appended: 8, lostBytes: 0 })
  assert.deepEqual(await fixture.drain(), { appended: 0, lostBytes: 0 })
  assert.equal(await fixture.text(), 'one\ntwo\nthree\n')
})

test('two drains at once take each byte once', async () => {
  await using fixture = await open()
  const body = Buffer.alloc(3 << 20, 'x')
  await fixture.write(0, body)
  const [a, b] = await Promise.all([fixture.drain(), fixture.drain()])
  assert.equal(a.appended + b.appended, body.length)
  assert.equal(await fixture.store.length(fixture.key), body.length)
})

test('bytes that are in neither place are told of where they are missing, and the rest keeps its offsets', async () => {
  await using fixture = await open()
  await fixture.store.append(fixture.key, 0, Buffer.from('begin\n'))
  await fixture.write(206, 'end\n')
  assert.deepEqual(await fixture.drain(), { appended: 4, lostBytes: 200 })
  assert.deepEqual(await fixture.drain(), { appended: 0, lostBytes: 0 })
  assert.equal((await fixture.store.read(fixture.key, 206, 9)).toString(), 'end\n')
  assert.ok(
    (await fixture.text()).endsWith('\0[ModelArts Service Log] 200 bytes of this log are lost\nend\n'),
  )
})

test('a spool that lies about its offsets or stream names takes no disk', async () => {
  await using fixture = await open()
  await fixture.write(9_000_000_000_000, 'far away')
  assert.deepEqual(await fixture.drain(), { appended: 0, lostBytes: 9_000_000_000_000 })
  assert.equal(await fixture.store.length(fixture.key), 0)
  assert.deepEqual(await fixture.drain('made-up'), { appended: 0, lostBytes: 0 })
  assert.deepEqual(await fixture.drain('../../etc'), { appended: 0, lostBytes: 0 })
})

test('a stream without a spool is left as it is', async () => {
  await using fixture = await open()
  assert.deepEqual(await fixture.drain(), { appended: 0, lostBytes: 0 })
  assert.deepEqual(await fixture.store.streams(fixture.key.jobId), [])
})
