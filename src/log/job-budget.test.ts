// The budget of a job's logs: what is kept, what is said, and that the task's own count of bytes stays right.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newUuid } from '../lib/id.ts'
import { openLogStore } from './log-store.ts'

const clock = { now: () => new Date(1_000) }
const KIB = 1 << 10

async function open(limitBytes: number) {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-budget-'))
  const cuts: string[] = []
  const start = () =>
    openLogStore({ dir, clock, budget: { limitBytes, onCut: (jobId) => void cuts.push(jobId) } })
  let store = await start()
  const key = { jobId: newUuid(), attempt: 1, task: 'worker-0', stream: 'task' }
  return {
    key,
    dir,
    cuts,
    append: (offset: number, text: string, stream = 'task', attempt = 1) =>
      store.append({ ...key, stream, attempt }, offset, Buffer.from(text)),
    text: async (stream = 'task') => (await store.read({ ...key, stream }, 0, 1 << 20)).toString(),
    taken: (stream = 'task') => store.taken({ ...key, stream }),
    tell: () => store.tellLosses(key),
    usage: () => store.usage(key.jobId),
    remove: () => store.remove(key.jobId),
    restart: async () => {
      await store[Symbol.asyncDispose]()
      store = await start()
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

const CUT =
  '[ModelArts Service Log] the logs of this job take the 100 bytes that are kept of one job (disk.job_log_size); what this stream prints from here on is not kept\n'
const LOST = (bytes: number) =>
  `[ModelArts Service Log] ${bytes} bytes that this stream printed were not kept\n`

test('past the budget bytes are counted and not kept; the log says so, and how many, and its job hears of it once', async () => {
  await using logs = await open(100)
  await logs.append(0, 'a'.repeat(90))
  assert.deepEqual(await logs.append(90, 'b'.repeat(20)), { accepted: true, length: 110 })
  assert.deepEqual(await logs.append(110, 'c'), { accepted: true, length: 111 }, 'small ones neither')
  assert.deepEqual(await logs.append(90, 'b'), { accepted: false, length: 111 }, 'counted once')
  assert.equal(await logs.taken(), 111)
  const cut = `${'a'.repeat(90)}\n${CUT}`
  assert.equal(await logs.text(), cut)
  await logs.tell()
  await logs.tell()
  assert.equal(await logs.text(), cut + LOST(21))
  assert.deepEqual(logs.cuts, [logs.key.jobId])
})

test('the budget is of all streams and attempts of a job together, and holds over a restart', async () => {
  await using logs = await open(100)
  await logs.append(0, 'a\n')
  await logs.append(0, 'b'.repeat(60), 'rank-0')
  await logs.restart()
  await logs.append(2, 'c'.repeat(60))
  await logs.restart()
  assert.equal(await logs.taken(), 62)
  assert.deepEqual(await logs.append(62, 'd'.repeat(1000)), { accepted: true, length: 1062 })
  assert.deepEqual(await logs.append(60, 'e', 'rank-0'), { accepted: true, length: 61 }, 'no room for others')
  assert.deepEqual(await logs.append(0, 'f', 'task', 2), { accepted: true, length: 1 })
  await logs.tell()
  assert.equal(await logs.text(), `a\n${CUT}${LOST(1060)}`)
  assert.deepEqual(logs.cuts, [logs.key.jobId], 'said once, over restarts too')
})

test('a job that prints without end takes its budget and no more, and nothing is left of it when its logs go', async () => {
  await using logs = await open(64 * KIB)
  for (let offset = 0; offset < 4096 * KIB; offset += 16 * KIB)
    await logs.append(offset, 'x'.repeat(16 * KIB))
  assert.ok((await logs.usage()) < 80 * KIB)
  await logs.remove()
  assert.deepEqual(await readdir(logs.dir), [])
  assert.deepEqual(await logs.append(0, 'y'), { accepted: true, length: 1 })
  assert.equal(await logs.text(), 'y')
})
