import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loaderOf, PATH, scratch, TestProcess, tableText, testRuntime } from './launcher-fixture.ts'
import { prepareRuntime } from './runtime.ts'
import { TestServer } from './task-server-fixture.ts'

const runtime = await testRuntime()

/** A task in a root file system that has one static program and nothing else, no libc for one. */
function emptyRoot(dir: string, ...program: string[]): TestProcess {
  const name = loaderOf(runtime).split('/').at(-1)!
  const own = [
    '/opt/ropeway/tini',
    '--',
    `/opt/ropeway/lib/${name}`,
    '--library-path',
    '/opt/ropeway/lib',
    '/opt/ropeway/node',
    '/opt/ropeway/launcher.js',
  ]
  const root = [
    '--tmpfs',
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--tmpfs',
    '/tmp',
    '--dir',
    '/home/work',
    '--dir',
    '/user/config',
  ]
  const binds = [
    '--ro-bind',
    '/bin/busybox',
    '/bin/busybox',
    '--symlink',
    'busybox',
    '/bin/sh',
    '--symlink',
    'busybox',
    '/bin/python',
    '--ro-bind',
    runtime,
    '/opt/ropeway',
    '--bind',
    dir,
    '/run/ropeway',
  ]
  const isolation = [
    '--unshare-pid',
    '--unshare-uts',
    '--unshare-ipc',
    '--as-pid-1',
    '--unshare-user',
    '--uid',
    '1101',
    '--gid',
    '1101',
  ]
  return new TestProcess(
    ['bwrap', ...root, ...binds, ...isolation, ...(program.length > 0 ? program : [...own, 'task'])],
    { PATH: '/bin' },
  )
}

test('a task runs in a root with busybox and nothing else, without a shell and with one', async () => {
  for (const [command, expected] of [
    [{ mode: 'exec', argv: ['/bin/busybox', 'echo', 'no libc'] }, 'no libc\n'],
    [{ mode: 'shell', command: 'echo pid $$ > /dev/stderr; id -u; exit 0', args: [] }, /^pid \d+\n1101\n$/],
  ] as const) {
    using place = scratch()
    await using server = await new TestServer(place.dir, {
      command: command.mode === 'exec' ? { mode: 'exec', argv: [...command.argv] } : { ...command, args: [] },
      working_dir: null,
    }).listen()
    await using task = emptyRoot(place.dir)
    const { code, output } = await task.ended
    assert.equal(code, 0, output)
    if (typeof expected === 'string') assert.equal(server.text(), expected)
    else assert.match(server.text(), expected)
  }
})

test('in such a root the command that needs a missing program exits 127', async () => {
  using place = scratch()
  await using server = await new TestServer(place.dir, {
    command: { mode: 'exec', argv: ['/bin/bash', 'x'] },
  }).listen()
  await using task = emptyRoot(place.dir)
  assert.equal((await task.ended).code, 127)
  assert.match(server.text(), /\/bin\/bash does not exist in the image/)
})

test('run_train.sh runs under busybox sh and waits for a table the server pushes', async () => {
  using place = scratch()
  const environment = {
    RANK_TABLE_FILE: '/user/config',
    MA_SCRIPT_INTERPRETER: '/bin/sh',
    BATCH_TASK_CURRENT_INSTANCE: 'p-0',
  }
  const command = {
    mode: 'shell',
    command: 'sh /opt/ropeway/run_train.sh /run/ropeway/net net/boot.sh /tmp/log/train.log',
    args: ['--a=1'],
  } as const
  mkdirSync(join(place.dir, 'net'))
  writeFileSync(join(place.dir, 'net/boot.sh'), 'echo "rank $RANK_ID of $RANK_SIZE $1 $RANK_TABLE_FILE"\n')
  await using server = await new TestServer(place.dir, {
    command: { ...command, args: ['--a=1'] },
    environment,
    rank_table_dir: '/user/config',
    working_dir: null,
  }).listen()
  server.setTable('{"status":"initializing"}')
  await using task = emptyRoot(place.dir)
  await server.saw(/Wait for Rank table file ready/)
  server.setTable(tableText({ 'p-0': [4, 5], 'p-1': [0, 1] }))
  assert.equal((await task.ended).code, 0, server.text())
  assert.match(server.text('rank-0'), /^rank 0 of 4 --a=1 \/\S+\/rank_table\/jobstart_hccl\.json\n$/)
  assert.match(server.text('rank-1'), /^rank 1 of 4 /)
})

test('the folder is made once, also when several make it at the same time', async () => {
  using place = scratch()
  const options = { cacheDir: place.dir, nodePath: process.execPath }
  const made = await Promise.all([1, 2, 3].map(() => prepareRuntime(options)))
  assert.equal(new Set(made.map(({ dir }) => dir)).size, 1)
  assert.deepEqual(readdirSync(place.dir), [`runtime-${made[0]!.hash}`])
  const { dir } = made[0]!
  for (const name of ['node', 'tini', 'launcher', 'launcher.js', 'run_train.sh', 'moxing', 'lib/libc.so.6'])
    assert.ok(existsSync(join(dir, name)), name)
})

test('a folder that a power cut left in pieces is made again', async () => {
  using place = scratch()
  const options = { cacheDir: place.dir, nodePath: process.execPath }
  const { dir } = await prepareRuntime(options)
  const whole = readFileSync(join(dir, 'launcher.js'))
  truncateSync(join(dir, 'launcher.js'), 10)
  assert.equal((await prepareRuntime(options)).dir, dir)
  assert.deepEqual(readFileSync(join(dir, 'launcher.js')), whole)
})

test('without tini-static the message names the package', async () => {
  using place = scratch()
  const options = { cacheDir: place.dir, nodePath: process.execPath, tiniPath: join(place.dir, 'none') }
  await assert.rejects(prepareRuntime(options), /install the Debian package tini/)
})

test('a call without a command says how it is used', async () => {
  await using process = new TestProcess([join(runtime, 'launcher')], { PATH, ROPEWAY_RUNTIME_DIR: runtime })
  const { code, output } = await process.ended
  assert.equal(code, 2)
  assert.match(output, /usage: launcher task/)
})
