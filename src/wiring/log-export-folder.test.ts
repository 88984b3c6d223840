import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { folderLogSink, writeLogFile } from './log-export-folder.ts'

function setUp() {
  const root = mkdtempSync(join(tmpdir(), 'rw-folder-'))
  const write = async (folder: string, log: string, allowed = [root]) => {
    const source = {
      nameOf: (part: number) => (part === 0 ? 'job.log' : 'never'),
      endBytes: log.length,
      read: async (offset: number, limit: number) => Buffer.from(log).subarray(offset, offset + limit),
    }
    return Array.fromAsync(folderLogSink(folder, allowed).write(source, 0, new AbortController().signal))
  }
  return { root, write, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) }
}

const openHere = (root: string): string[] =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root)
    } catch {
      return false
    }
  })

test('a log grows in its file, from where that ends, and the file can be read by everybody', async () => {
  using it = setUp()
  const folder = join(it.root, 'a', 'b')
  const file = join(folder, 'job.log')
  const umask = process.umask(0o077)
  try {
    assert.deepEqual(await it.write(folder, 'one\n'), [4])
  } finally {
    process.umask(umask)
  }
  assert.deepEqual(await it.write(folder, 'one\ntwo\n'), [8])
  assert.deepEqual(await it.write(folder, 'one\ntwo\n'), [8])
  truncateSync(file, 5)
  await it.write(folder, 'one\ntwo\n3\n')
  assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n3\n')
  assert.equal(statSync(file).mode & 0o777, 0o644)
  rmSync(file)
  await it.write(folder, 'one\ntwo\n3\n')
  assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n3\n', 'a file that was taken away is made again')
  assert.deepEqual(openHere(it.root), [])
})

test('nobody who may write in the folder can make us write elsewhere', async (t) => {
  const cases: [string, (root: string, outside: string) => void, RegExp][] = [
    [
      'a link in place of a folder',
      (root, outside) => symlinkSync(outside, join(root, 'sub')),
      /sub is a link/,
    ],
    [
      'a link in place of the log',
      (root, outside) => {
        mkdirSync(join(root, 'sub'))
        symlinkSync(join(outside, 'victim'), join(root, 'sub', 'job.log'))
      },
      /job\.log is a link/,
    ],
    [
      'a second name of another file',
      (root, outside) => {
        mkdirSync(join(root, 'sub'))
        linkSync(join(outside, 'victim'), join(root, 'sub', 'job.log'))
      },
      /not a plain file of its own/,
    ],
    [
      'a pipe that nobody reads',
      (root) => {
        mkdirSync(join(root, 'sub'))
        execFileSync('mkfifo', [join(root, 'sub', 'job.log')])
      },
      /job\.log cannot be opened \(ENXIO\)/,
    ],
    [
      'a folder in place of the log',
      (root) => mkdirSync(join(root, 'sub', 'job.log'), { recursive: true }),
      /job\.log cannot be opened \(EISDIR\)/,
    ],
    [
      'a file in place of a folder',
      (root) => writeFileSync(join(root, 'sub'), ''),
      /sub is a link or no folder/,
    ],
  ]
  for (const [title, prepare, expected] of cases)
    await t.test(title, async () => {
      using it = setUp()
      const outside = mkdtempSync(join(tmpdir(), 'rw-outside-'))
      try {
        writeFileSync(join(outside, 'victim'), 'v')
        prepare(it.root, outside)
        await assert.rejects(it.write(join(it.root, 'sub'), 'much longer'), expected)
        assert.deepEqual(readdirSync(outside), ['victim'])
        assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'v')
        assert.deepEqual(openHere(it.root), [])
      } finally {
        rmSync(outside, { recursive: true, force: true })
      }
    })
})

test('a log file of a task is written piece by piece, made anew from its beginning, and never through a link', async () => {
  using it = setUp()
  const write = (name: string, offset: number, text: string) =>
    writeLogFile({ folder: join(it.root, 'to'), allowed: [it.root], name }, offset, Buffer.from(text))
  const read = (name: string) => readFileSync(join(it.root, 'to', name), 'utf8')
  await write('job/rank_0/plog.log', 0, 'one,')
  await write('job/rank_0/plog.log', 4, 'two')
  assert.equal(read('job/rank_0/plog.log'), 'one,two')
  await assert.rejects(write('job/rank_0/plog.log', 9, 'x'), /plog\.log has 7 bytes there, and not 9/)
  await write('job/rank_0/plog.log', 0, '')
  assert.equal(read('job/rank_0/plog.log'), '')
  const outside = mkdtempSync(join(tmpdir(), 'rw-outside-'))
  try {
    symlinkSync(outside, join(it.root, 'to', 'job', 'rank_1'))
    await assert.rejects(write('job/rank_1/plog.log', 0, 'x'), /rank_1 is a link/)
    assert.deepEqual(readdirSync(outside), [])
  } finally {
    rmSync(outside, { recursive: true, force: true })
  }
  assert.deepEqual(openHere(it.root), [])
})

test('a folder that is not allowed any more, or is not mounted, is said', async () => {
  using it = setUp()
  await assert.rejects(it.write('/somewhere', 'x', [it.root]), /\/somewhere is not below a folder/)
  await assert.rejects(
    it.write(join(it.root, 'm/x'), 'x', [join(it.root, 'm')]),
    /m cannot be opened \(ENOENT\)/,
  )
  assert.ok(!existsSync(join(it.root, 'm')), 'the allowed folder itself is never made')
})

test('a file that is longer than its log is left alone', async () => {
  using it = setUp()
  writeFileSync(join(it.root, 'job.log'), 'somebody wrote here')
  await assert.rejects(it.write(it.root, 'short'), /has 19 bytes there, more than the log has \(5\)/)
  assert.equal(readFileSync(join(it.root, 'job.log'), 'utf8'), 'somebody wrote here')
})
