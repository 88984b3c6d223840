// The small files of a data folder: secret.key, instance.json, serve.lock, and what they seal.
import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDatabase } from './database.ts'
import { readServeId } from './instance.ts'
import { seal, unseal } from './seal.ts'
import { readSecretKey } from './secret-key.ts'
import { takeServeLock } from './serve-lock.ts'

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-data-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

test('the secret key is made once, for its owner only, and stays the same', async () => {
  await using made = await folder()
  const key = await readSecretKey(made.dir)
  assert.equal(key.length, 32)
  const path = join(made.dir, 'secret.key')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  await chmod(path, 0o644)
  assert.deepEqual(await readSecretKey(made.dir), key)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(made.dir), ['secret.key'])
})

test('a secret key of the wrong length is refused and left alone', async () => {
  await using made = await folder()
  const path = join(made.dir, 'secret.key')
  for (const bytes of ['', 'short', 'x'.repeat(33)]) {
    await writeFile(path, bytes)
    await assert.rejects(
      readSecretKey(made.dir),
      new RegExp(`secret\\.key holds ${bytes.length} bytes, it must hold 32`),
    )
    assert.equal(await readFile(path, 'utf8'), bytes)
  }
})

test('a sealed text opens with its own key and owner only, and no two look alike', () => {
  const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const sealed = seal(key, 'job a', 'geheim ✓')
  assert.equal(unseal(key, 'job a', sealed), 'geheim ✓')
  assert.equal(unseal(key, 'job a', seal(key, 'job a', '')), '')
  assert.notEqual(seal(key, 'job a', 'geheim ✓'), sealed)
  const flipped = `${sealed.slice(0, -4)}${sealed.at(-4) === 'A' ? 'B' : 'A'}${sealed.slice(-3)}`
  for (const open of [
    () => unseal(other, 'job a', sealed),
    () => unseal(key, 'job b', sealed),
    () => unseal(key, 'job a', flipped),
    () => unseal(key, 'job a', 'v1.AAAA'),
    () => unseal(key, 'job a', 'v2.AAAA'),
  ])
    assert.throws(open, (error: Error) => {
      assert.match(
        error.message,
        /^the stored secret of job [ab] does not open with this data folder's secret\.key/,
      )
      assert.ok(!error.message.includes('geheim'))
      return true
    })
})

test('a data folder keeps its serve id, and a damaged one is refused by name', async () => {
  await using made = await folder()
  const id = await readServeId(made.dir)
  assert.equal(await readServeId(made.dir), id)
  assert.deepEqual(JSON.parse(await readFile(join(made.dir, 'instance.json'), 'utf8')), { serve_id: id })
  for (const text of ['', '{', '{"serve_id":"x"}', 'null']) {
    await writeFile(join(made.dir, 'instance.json'), text)
    await assert.rejects(readServeId(made.dir), /instance\.json holds .*it must hold \{"serve_id": UUID\}/)
  }
})

test('the lock names no process that is gone', async () => {
  await using made = await folder()
  await using _lock = await takeServeLock(made.dir)
  assert.equal(await readFile(join(made.dir, 'serve.pid'), 'utf8'), `${process.pid}\n`)
  for (const text of ['4194303999\n', 'not a pid', '']) {
    await writeFile(join(made.dir, 'serve.pid'), text)
    await assert.rejects(takeServeLock(made.dir), (error: Error) => {
      assert.match(error.message, /is in use by another ropeway serve: stop that one/)
      return true
    })
  }
})

test('a data folder or database that is none is refused by name, and the lock is free again', async () => {
  await using made = await folder()
  await writeFile(join(made.dir, 'file'), '')
  await assert.rejects(openDatabase(join(made.dir, 'file')), /the data folder .*file cannot be made/)
  const dir = join(made.dir, 'data')
  {
    await using _database = await openDatabase(dir)
  }
  await writeFile(join(dir, 'ropeway.sqlite'), 'this is no database'.repeat(500))
  await assert.rejects(openDatabase(dir), /ropeway\.sqlite cannot be opened: file is not a database/)
  await using _lock = await takeServeLock(dir)
})
