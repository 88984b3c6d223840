import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../lib/clock.ts'
import { newUuid } from '../lib/id.ts'
import { openLogStore } from './log-store.ts'

const keyOf = () => ({ jobId: newUuid(), attempt: 1, task: 'worker-0', stream: 'task' })

async function open() {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-retention-'))
  const store = await openLogStore({ dir, clock: systemClock })
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

test('logs that expired leave a sentence, and removing the job removes that too', async () => {
  await using fixture = await open()
  const { store } = fixture
  const key = keyOf()
  const other = keyOf()
  for (const one of [key, { ...key, attempt: 2, stream: 'rank-0' }, other])
    await store.append(one, 0, Buffer.alloc(8192, 'x'))
  assert.deepEqual((await store.jobs()).sort(), [key.jobId, other.jobId].sort())
  assert.ok((await store.usage(key.jobId)) >= 2 * 8192)
  assert.equal(await store.expired(key.jobId), null)

  await store.expire(key.jobId, 'Gone after 30 days.')
  await store.expire(key.jobId, 'Gone after 30 days.')
  assert.equal(await store.expired(key.jobId), 'Gone after 30 days.')
  assert.deepEqual(await store.streams(key.jobId), [])
  assert.equal(await store.length(key), 0)
  assert.equal(await store.length(other), 8192)
  assert.ok((await store.usage(key.jobId)) < 8192)

  await store.remove(key.jobId)
  assert.equal(await store.expired(key.jobId), null)
  assert.deepEqual(await store.jobs(), [other.jobId])
  assert.equal(await store.usage(key.jobId), 0)
})

test('bytes that were removed are not read any more, not even by somebody who reads all the time', async () => {
  for (const how of ['expire', 'remove'] as const) {
    await using fixture = await open()
    const { store } = fixture
    const key = keyOf()
    await store.append(key, 0, Buffer.alloc(1 << 20, 'x'))
    const done = new AbortController()
    const reader = (async () => {
      while (!done.signal.aborted) await store.read(key, 0, 1)
    })()
    await store[how](key.jobId, 'gone')
    assert.equal((await store.read(key, 0, 10)).length, 0, how)
    done.abort()
    await reader
  }
})
