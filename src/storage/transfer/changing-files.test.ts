import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs'
import { chmod, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { ObjectClient } from '../object-client.ts'
import { planUpload } from './plan-upload.ts'
import { runUpload } from './run-upload.ts'
import { bucket, failed, MIB, TransferSpace } from './transfer-fixture.ts'
import type { TransferEvent } from './transfer-types.ts'
import { uploadFile, uploadFolder } from './upload.ts'
import { walkFolder } from './walk-folder.ts'

let space: TransferSpace
let client: ObjectClient
let src: string

before(async () => {
  space = await TransferSpace.open()
  client = space.client
})
beforeEach(async () => {
  await space.nextRound()
  src = space.src
})
after(() => space[Symbol.asyncDispose]())

test('a file that changes while it goes up is sent again, and what arrives is one state of it', async () => {
  await space.makeFiles({ big: randomBytes(40 * MIB), small: 'one' })
  let cut: Promise<void> | undefined
  const told: TransferEvent[] = []
  const onProgress = () => {
    cut ??= truncate(join(src, 'big'), 1000)
  }
  const onEvent = (event: TransferEvent) => void told.push(event)
  const one = { client, bucket, key: 'k', path: join(src, 'big'), concurrency: 1, onProgress, onEvent }
  assert.equal((await uploadFile(one)).bytes, 1000)
  await cut
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['changed'],
  )
  assert.deepEqual([await space.keys(), await space.store.listUploads(bucket)], [['k'], []])
  assert.equal((await client.head(bucket, 'k'))?.size, 1000)
})

test('a file that is written all the time goes up as it was, one that is never the same is an error', async () => {
  const path = join(src, 'log')
  await writeFile(path, randomBytes(12 * MIB))
  const growing = { client, bucket, key: 'k', path, onProgress: () => appendFileSync(path, 'more') }
  assert.equal((await uploadFile(growing)).bytes, 12 * MIB)
  assert.equal((await client.head(bucket, 'k'))?.size, 12 * MIB)
  await client.delete(bucket, 'k')
  const file = openSync(path, 'r+')
  const changing = () => void writeSync(file, randomBytes(4), 0, 4, 0)
  await assert.rejects(uploadFile({ ...growing, onProgress: changing }), failed('FileChanged'))
  closeSync(file)
  assert.deepEqual([await space.keys(), await space.store.listUploads(bucket)], [[], []])
})

test('what cannot be read or vanished is left out and named, and ends the transfer when it is asked for by name', async () => {
  await space.makeFiles({ closed: 'x', gone: 'x' })
  const walk = await walkFolder(src, 'p/')
  await chmod(join(src, 'closed'), 0)
  await rm(join(src, 'gone'))
  const isRoot = process.getuid?.() === 0
  // Root reads everything, so the test is somebody else for a while.
  if (isRoot) process.seteuid?.(65534)
  try {
    const { files, skipped } = await runUpload(planUpload(walk, 'p/'), { client, bucket, source: src })
    assert.deepEqual(
      [files, skipped.map(({ name, reason }) => `${name}: ${reason}`).sort()],
      [0, ['closed: cannot be read', 'gone: vanished']],
    )
    const path = join(src, 'closed')
    await assert.rejects(uploadFile({ client, bucket, key: 'k', path }), { code: 'EACCES' })
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
  assert.deepEqual(await space.keys(), [])
})

test('a folder that is none, and a file that is none, are refused', async () => {
  await space.makeFiles({ file: 'x' })
  await assert.rejects(
    uploadFolder({ client, bucket, dir: join(src, 'file'), prefix: '' }),
    failed('NotAFolder'),
  )
  await assert.rejects(uploadFile({ client, bucket, key: 'k', path: src }), failed('NotAFile'))
})
