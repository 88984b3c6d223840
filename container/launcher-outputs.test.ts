// What goes out of a task, and what comes in: periodic uploads, markers, predownloads, names that are too long.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { scratch, startTask, testRuntime } from './launcher-fixture.ts'
import { output, TestServer } from './task-server-fixture.ts'

const runtime = await testRuntime()
const shell = (command: string) => ({ mode: 'shell' as const, command, args: [] })
const MARKER = 'bkt/out/.ropeway-complete.json'
const waitFor = (path: string): string => `until [ -e ${path} ]; do sleep 0.02; done`

type Marker = {
  attempt: number
  file_count: number
  byte_count: number
  files: { name: string; size: number }[]
}
const markerOf = (server: TestServer, key = MARKER): Marker =>
  JSON.parse(server.objects.get(key)?.toString() ?? 'null') as Marker

test('changed files go out while the program runs, the rest at its end, and the marker last', async () => {
  using place = scratch()
  const at = (name: string) => join(place.dir, name)
  await using server = await new TestServer(place.dir, {
    command: shell(
      `mkdir out/deep; echo one > out/deep/a; ${waitFor('second')}; echo two > out/deep/a; ${waitFor('third')}; echo last > out/z; mkdir out/empty`,
    ),
    outputs: [output('model', 'obs://bkt/out/', at('out'), { sync_s: 0.1 })],
    attempt: 3,
  }).listen()
  await using task = startTask(runtime, place.dir)
  await server.holds('bkt/out/deep/a', 'one\n')
  writeFileSync(at('second'), '')
  await server.holds('bkt/out/deep/a', 'two\n')
  assert.equal(server.objects.has(MARKER), false)
  writeFileSync(at('third'), '')
  assert.equal((await task.ended).code, 0)
  assert.equal(server.stored.at(-1), MARKER)
  const { attempt, file_count, byte_count, files } = markerOf(server)
  assert.deepEqual([attempt, file_count, byte_count], [3, 2, 9])
  assert.deepEqual(
    files.map(({ name, size }) => [name, size]),
    [
      ['deep/a', 4],
      ['z', 5],
    ],
  )
  assert.equal(server.stored.filter((key) => key === 'bkt/out/deep/a').length, 2)
  assert.ok(server.objects.has('bkt/out/empty/'))
})

test('a file that is being written is left until it rests', async () => {
  using place = scratch()
  await using server = await new TestServer(place.dir, {
    command: shell(
      'echo ready > out/rest; while [ ! -e enough ]; do echo more; sleep 0.01; done > out/growing',
    ),
    outputs: [output('model', 'obs://bkt/out/', join(place.dir, 'out'), { sync_s: 0.1 })],
  }).listen()
  await using task = startTask(runtime, place.dir)
  await server.holds('bkt/out/rest', 'ready\n')
  assert.equal(server.objects.has('bkt/out/growing'), false)
  writeFileSync(join(place.dir, 'enough'), '')
  assert.equal((await task.ended).code, 0)
  const local = readFileSync(join(place.dir, 'out/growing'), 'utf8')
  assert.equal(server.objects.get('bkt/out/growing')?.toString(), local)
})

test('after a failure what there is goes out, and no marker, not even an earlier one, says that it is whole', async () => {
  using place = scratch()
  await using server = await new TestServer(place.dir, {
    command: shell('echo half > out/f; exit 3'),
    outputs: [output('model', 'obs://bkt/out/', join(place.dir, 'out'))],
    attempt: 2,
  }).listen()
  server.objects.set(MARKER, Buffer.from('{}'))
  server.objects.set('bkt/out/old', Buffer.from('of attempt 1'))
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 3)
  assert.deepEqual([...server.objects.keys()].sort(), ['bkt/out/f', 'bkt/out/old'])
  await server.reported((report) => report.kind === 'problem' && report.reason === 'OutputNotEmpty')
})

test('with several tasks each has a marker of its own', async () => {
  using place = scratch()
  await using server = await new TestServer(place.dir, {
    command: shell('echo x > out/f'),
    outputs: [output('model', 'obs://bkt/out/', join(place.dir, 'out'))],
    task_count: 2,
    task: 'worker-1',
  }).listen()
  server.objects.set(MARKER, Buffer.from('of a run with one task'))
  server.objects.set('bkt/out/.ropeway-complete.worker-0.json', Buffer.from('of the other task'))
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 0)
  assert.deepEqual([...server.objects.keys()].sort(), [
    'bkt/out/.ropeway-complete.worker-0.json',
    'bkt/out/.ropeway-complete.worker-1.json',
    'bkt/out/f',
  ])
})

test('a predownload brings what is there, and only what changed goes out again', async () => {
  using place = scratch()
  await using server = await new TestServer(place.dir, {
    command: shell('cat out/checkpoint/1; echo new >> out/checkpoint/2; ls -A out'),
    outputs: [output('model', 'obs://bkt/out/', join(place.dir, 'out'), { prefetch: true })],
  }).listen()
  server.objects.set('bkt/out/checkpoint/1', Buffer.from('weights\n'))
  server.objects.set('bkt/out/checkpoint/2', Buffer.from('more\n'))
  server.objects.set(MARKER, Buffer.from('{}'))
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 0)
  assert.match(server.text(), /^weights\ncheckpoint$/m)
  assert.deepEqual(server.stored, ['bkt/out/checkpoint/2', MARKER])
  assert.equal(server.objects.get('bkt/out/checkpoint/2')?.toString(), 'more\nnew\n')
  assert.deepEqual(
    markerOf(server).files.map(({ name }) => name),
    ['checkpoint/1', 'checkpoint/2'],
  )
})

test('what a predownload leaves out is told, and files that it did not bring are sent', async () => {
  using place = scratch()
  const dir = join(place.dir, 'out')
  mkdirSync(dir)
  writeFileSync(join(dir, 'of the image'), 'local\n')
  await using server = await new TestServer(place.dir, {
    command: shell('true'),
    outputs: [output('model', 'obs://bkt/out/', dir, { prefetch: true })],
  }).listen()
  server.objects.set('bkt/out/old', Buffer.from('123456789'))
  server.objects.set(`bkt/out/${'n'.repeat(256)}`, Buffer.from('never'))
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 0)
  assert.equal(server.objects.get('bkt/out/of the image')?.toString(), 'local\n')
  assert.deepEqual(server.stored, ['bkt/out/of the image', MARKER])
  // The check value of CRC-32 (the one of every catalogue of such sums), and what the store said of the object.
  assert.deepEqual(markerOf(server).files[1], { name: 'old', size: 9, etag: 'e', crc32: 'y/Q5Jg==' })
  const told = await server.reported((one) => one.kind === 'problem' && one.reason === 'OutputObjectsLeftOut')
  assert.match(JSON.stringify(told), /Output model: 1 objects of obs:.* were left out \(name longer than 255/)
})

test('an output that fails takes no other with it, and each failure is named', async () => {
  using place = scratch()
  const outputs = ['a', 'b', 'c'].map((name) => output(name, `obs://bkt/${name}/`, join(place.dir, name)))
  const command = shell('for name in a b c; do echo $name > $name/f; done')
  await using server = await new TestServer(place.dir, { command, outputs }).listen()
  server.refuseObjects = /^PUT bkt\/[ac]\//
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 125)
  assert.deepEqual(server.stored, ['bkt/b/f', 'bkt/b/.ropeway-complete.json'])
  const failed = await server.reported((one) => one.kind === 'stage' && one.state === 'failed')
  assert.match(JSON.stringify(failed), /output a: .* obs:\/\/bkt\/a\/: .*; output c: .* obs:\/\/bkt\/c\/: /)
})

test('a file or folder that cannot be read holds up no other file, and the output is not whole', async (t) => {
  if (process.getuid?.() !== 0)
    return t.skip('only root can start it as somebody who may not read everything')
  using place = scratch()
  await using server = await new TestServer(place.dir, {
    command: shell(
      `mkdir out/closed out/d; for name in a closed/f d/z n; do echo x > out/$name; done; chmod 0 out/n out/closed; ${waitFor('go')}; echo last > out/last`,
    ),
    outputs: [output('model', 'obs://bkt/out/', join(place.dir, 'out'), { sync_s: 0.05 })],
  }).listen()
  spawnSync('chown', ['-R', '1101:1101', place.dir])
  await using task = startTask(runtime, place.dir, {}, 1101)
  await server.holds('bkt/out/d/z', 'x\n')
  await server.reported((one) => one.kind === 'problem' && one.reason === 'OutputSyncFailed')
  writeFileSync(join(place.dir, 'go'), '')
  assert.equal((await task.ended).code, 125)
  assert.deepEqual([...server.objects.keys()].sort(), ['bkt/out/a', 'bkt/out/d/z', 'bkt/out/last'])
  const failed = await server.reported((one) => one.kind === 'stage' && one.state === 'failed')
  assert.match(
    JSON.stringify(failed),
    /1 files or folders were left out \(cannot be read\): .*closed\/.*; 1 files or folders were left out \(cannot be read: EACCES\): .*n.*; the other 3 files are there/,
  )
})

test('the longest key counts from the bucket on, not from the folder', async () => {
  using place = scratch()
  const folder = `${'p'.repeat(200)}/`.repeat(4)
  await using server = await new TestServer(place.dir, {
    command: shell(`echo x > out/${'n'.repeat(250)}; echo y > out/short`),
    outputs: [output('model', `obs://bkt/${folder}`, join(place.dir, 'out'))],
  }).listen()
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 0)
  assert.deepEqual(server.stored, [`bkt/${folder}short`, `bkt/${folder}.ropeway-complete.json`])
  const told = await server.reported((one) => one.kind === 'problem' && one.reason === 'OutputFilesLeftOut')
  assert.match(JSON.stringify(told), /1 files were left out \(key longer than 1024 bytes\)/)
})

test('a store that takes nothing for a while is told of once, and loses nothing', async () => {
  using place = scratch()
  await using server = await new TestServer(place.dir, {
    command: shell(`echo x > out/f; ${waitFor('go')}`),
    outputs: [output('model', 'obs://bkt/out/', join(place.dir, 'out'), { sync_s: 0.05 })],
  }).listen()
  server.refuseObjects = /^PUT /
  await using task = startTask(runtime, place.dir)
  const told = (reason: string) =>
    server.reported((report) => report.kind === 'problem' && report.reason === reason)
  await told('OutputSyncFailed')
  server.refuseObjects = null
  await told('OutputSyncResumed')
  writeFileSync(join(place.dir, 'go'), '')
  assert.equal((await task.ended).code, 0)
  assert.equal(server.objects.get('bkt/out/f')?.toString(), 'x\n')
  const failures = server.reports.filter((report) => report.kind === 'problem')
  assert.equal(failures.length, 2)
})

test('objects with names of more than 255 characters are not used, counted and named; the others are', async () => {
  using place = scratch()
  const inputs = [{ name: 'data_url', url: 'obs://bkt/data/', local_dir: join(place.dir, 'in') }]
  await using server = await new TestServer(place.dir, { command: shell('cat in/*'), inputs }).listen()
  server.objects.set(`bkt/data/${'n'.repeat(256)}`, Buffer.from('never'))
  server.objects.set(`bkt/data/${'m'.repeat(300)}.jpg`, Buffer.from('never'))
  server.objects.set(`bkt/data/${'k'.repeat(255)}`, Buffer.from('used\n'))
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 0)
  assert.match(server.text(), /^used$/m)
  const report = await server.reported(({ kind }) => kind === 'problem')
  assert.match(
    JSON.stringify(report),
    /"Warning".*Input data_url: 2 objects were left out \(name longer than 255 bytes\): .*mmm…mmm.*\.jpg.* uses the other 1 objects/,
  )
})

test('when no object has a name that can be used, the job fails with that sentence', async () => {
  using place = scratch()
  const inputs = [{ name: 'data_url', url: 'obs://bkt/data/', local_dir: join(place.dir, 'in') }]
  await using server = await new TestServer(place.dir, { command: shell('touch started'), inputs }).listen()
  for (let index = 0; index < 5; index += 1)
    server.objects.set(`bkt/data/${'n'.repeat(256)}${index}`, Buffer.from('never'))
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 120)
  assert.equal(existsSync(join(place.dir, 'started')), false)
  const report = await server.reported((seen) => seen.kind === 'problem' && seen.reason === 'NoUsableData')
  assert.match(
    JSON.stringify(report),
    /input data_url: no data of obs:\/\/bkt\/data\/ can be used for training; 5 objects were left out .* and 2 more/,
  )
})
