// The log store against the limits of a machine: open files and a full disk.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newUuid } from '../lib/id.ts'
import type { LogError } from './log-error.ts'
import { openLogStore } from './log-store.ts'

const MIB = 1 << 20
const clock = { now: () => new Date(1_000) }
const newKey = (task = 'worker-0') => ({ jobId: newUuid(), attempt: 1, task, stream: 'task' })

async function openFiles(dir: string): Promise<number> {
  const fds = await readdir('/proc/self/fd')
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(dir)).length
}

test('many streams are written at once with few files open, and none loses a byte', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-many-'))
  try {
    await using store = await openLogStore({ dir, clock, maxOpenStreams: 4 })
    const keys = Array.from({ length: 30 }, (_, n) => newKey(`worker-${n}`))
    for (let round = 0; round < 4; round++)
      await Promise.all(
        keys.map(async (key, n) => {
          await store.append(key, round * 3, Buffer.from(String(100 + n)))
          await store.read(key, 0, 3)
        }),
      )
    assert.ok((await openFiles(dir)) <= 8)
    for (const [n, key] of keys.entries())
      assert.equal((await store.read(key, 0, MIB)).toString(), String(100 + n).repeat(4))
    await store[Symbol.asyncDispose]()
    assert.equal(await openFiles(dir), 0)
    await assert.rejects(store.length(keys[0]!), /closed/)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

test('nothing of an append stays when the disk is full, and it goes on once there is room', {
  skip: process.getuid?.() === 0 || process.env['CI'] ? false : 'needs root to mount a small disk',
}, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-full-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir])
  try {
    await using store = await openLogStore({ dir, clock })
    const key = newKey()
    const begin = randomBytes(64 << 10)
    await store.append(key, 0, begin)
    await writeFile(join(dir, 'ballast'), Buffer.alloc(100 << 10))
    await assert.rejects(store.append(key, begin.length, randomBytes(200 << 10)), (error: LogError) => {
      assert.equal(error.code, 'DiskFull')
      assert.match(error.message, /the disk is full/)
      return true
    })
    assert.equal(await store.length(key), begin.length)
    assert.equal((await stat(join(dir, key.jobId, '1/worker-0/task.log'))).size, begin.length)
    await rm(join(dir, 'ballast'))
    const more = randomBytes(100 << 10)
    assert.deepEqual(await store.append(key, begin.length, more), {
      accepted: true,
      length: begin.length + more.length,
    })
    assert.deepEqual(await store.read(key, 0, MIB), Buffer.concat([begin, more]))
  } finally {
    execFileSync('umount', [dir])
    await rm(dir, { recursive: true, force: true })
  }
})
