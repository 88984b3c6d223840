import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { GroupCommit } from './group-commit.ts'

/** A table of numbers, a second connection that looks on, and the commits so far. */
function open() {
  const dir = mkdtempSync(join(tmpdir(), 'ropeway-group-'))
  const [writer, looker] = [1, 2].map(() => new DatabaseSync(join(dir, 'rows.sqlite'))) as [
    DatabaseSync,
    DatabaseSync,
  ]
  writer.exec('pragma journal_mode = wal; create table numbers (n integer primary key)')
  const exec = writer.exec.bind(writer)
  let commits = 0
  writer.exec = (text) => {
    exec(text)
    if (text === 'commit') commits++
  }
  const group = new GroupCommit(writer)
  const insert = (n: number) => group.run(() => writer.exec(`insert into numbers values (${n})`))
  const write = async (...numbers: number[]): Promise<number[]> => {
    await group.begin()
    try {
      for (const n of numbers) insert(n)
    } catch (error) {
      await group.rollback()
      throw error
    }
    await group.commit()
    return stored()
  }
  const stored = () =>
    looker
      .prepare('select n from numbers order by n')
      .all()
      .map((row) => row['n'] as number)
  return {
    ...{ group, writer, insert, write, stored, commits: () => commits },
    [Symbol.asyncDispose]: async () => {
      await group.close()
      looker.close()
      rmSync(dir, { recursive: true })
    },
  }
}

test('writes that wait together share one commit, and each has its own when it is told', async () => {
  await using rows = open()
  const seen = await Promise.all([rows.write(1), rows.write(2, 3), rows.write(4)])
  assert.deepEqual(seen, Array(3).fill([1, 2, 3, 4]))
  assert.equal(rows.commits(), 1)
  assert.deepEqual(await rows.write(5), [1, 2, 3, 4, 5])
  assert.equal(rows.commits(), 2)
})

test('nobody else sees a write before it is committed', async () => {
  await using rows = open()
  await rows.group.begin()
  rows.insert(1)
  const committed = rows.group.commit()
  assert.deepEqual(rows.stored(), [])
  await committed
  assert.deepEqual(rows.stored(), [1])
})

test('a write that fails leaves nothing, and those around it all', async () => {
  await using rows = open()
  const [before, failed, after] = await Promise.allSettled([rows.write(1), rows.write(2, 1), rows.write(3)])
  assert.equal(failed.status, 'rejected')
  assert.match(String(failed.reason), /UNIQUE/)
  assert.deepEqual([before.status, after.status], ['fulfilled', 'fulfilled'])
  assert.deepEqual(rows.stored(), [1, 3])
})

test('a full disk fails all that wait for it, by name, and what comes after it begins anew', async () => {
  await using rows = open()
  await rows.write(1)
  const pages = rows.writer.prepare('pragma page_count').get()?.['page_count'] as number
  rows.writer.exec(`pragma max_page_count = ${pages}`)
  const many = Array.from({ length: 5_000 }, (_, n) => n + 10)
  const answers = await Promise.allSettled([rows.write(2), rows.write(...many)])
  const codes = answers.map((answer) => answer.status === 'rejected' && answer.reason.code)
  rows.writer.exec('pragma max_page_count = 100000')
  assert.equal(codes[1], 'DiskFull')
  // SQLite ends the whole transaction for it, or only the statement.
  assert.deepEqual(rows.stored(), codes[0] === 'DiskFull' ? [1] : [1, 2])
  assert.ok((await rows.write(3)).includes(3))
})

test('a failed commit fails the whole group', async () => {
  await using rows = open()
  const exec = rows.writer.exec
  rows.writer.exec = (text) => {
    if (text === 'commit') throw Object.assign(new Error('database or disk is full'), { errcode: 13 })
    exec(text)
  }
  for (const answer of await Promise.allSettled([rows.write(1), rows.write(2)]))
    assert.equal(answer.status === 'rejected' && answer.reason.code, 'DiskFull')
  rows.writer.exec = exec
  assert.deepEqual(await rows.write(3), [3])
})

test('closing waits for what has begun', async () => {
  const rows = open()
  const written = rows.write(1)
  await rows.group.close()
  assert.deepEqual(await written, [1])
  await rows[Symbol.asyncDispose]()
})
