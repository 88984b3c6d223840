import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { PATH, startTask, TestProcess, tableText, testRuntime } from './launcher-fixture.ts'
import { PRINT, ranksOf, stage } from './run-train-fixture.ts'
import { TestServer } from './task-server-fixture.ts'

const runtime = await testRuntime()

test('the words people grep for are there, in order, on stdout and in the log file', async (t) => {
  const { start, table, at } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [4] }))
  const { code, output } = await start(
    {},
    ['JOB_ID,RANK_ID,RANK_SIZE,DEVICE_ID,ASCEND_DEVICE_ID,HCCL_CONNECT_TIMEOUT,RANK_TABLE_FILE'],
    'sh',
  ).ended
  assert.equal(code, 0, output)
  const words = [
    'Wait for Rank table file ready',
    'Rank table file (K8S generated) is ready for read',
    'Rank table file (V1) is generated',
    'Current server',
    'bootstrap proc-rank-0-device-0',
    'proc-rank-0-device-0 (pid: ',
    'Begin destroy training processes',
    'End destroy training processes',
    'Training end with return code: 0',
  ]
  for (const text of [output, readFileSync(at('out/train.log'), 'utf8')]) {
    const places = words.map((word) => text.indexOf(word))
    assert.deepEqual(
      places,
      [...places].filter((place) => place >= 0).sort((a, b) => a - b),
    )
    assert.match(text, /^\[ModelArts Service Log\]\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - INFO - bootstrap/m)
  }
  const table1 = at('home/rank_table/jobstart_hccl.json')
  assert.deepEqual(ranksOf(output), [`job0 0 1 0 0 1800 ${table1}`])
  assert.equal(lstatSync(table1).mode & 0o170777, 0o100644)
  assert.equal(readFileSync(at('log/job0-proc-rank-0-device-0.txt'), 'utf8'), `job0 0 1 0 0 1800 ${table1}\n`)
  assert.ok(existsSync(at('log/job0/ascend/process_log/rank_0')))
  const sha256 = createHash('sha256').update(readFileSync(table1)).digest('hex')
  assert.ok(output.includes(`sha256 ${sha256}`))
})

test('each rank has its own working folder and arguments arrive as they were given', async (t) => {
  const { start, table, at } = stage(
    t,
    runtime,
    'import os, sys\nprint(os.getcwd(), sys.argv[1:], os.environ["ROPEWAY_PHYSICAL_DEVICE_ID"])\n',
  )
  table(tableText({ 'p-1': [7, 0], 'p-0': [5, 4] }))
  const { output } = await start({}, ['--data_url=obs://b/x y/', '$HOME', "it's", '']).ended
  const args = `['--data_url=obs://b/x y/', '$HOME', "it's", '']`
  assert.deepEqual(ranksOf(output).sort(), [
    `${at('mnt/workspace/device0')} ${args} 4`,
    `${at('mnt/workspace/device1')} ${args} 5`,
  ])
})

test('a boot file that is not there ends with 120 and shows what is', async (t) => {
  const { start, at } = stage(t, runtime, PRINT)
  renameSync(at('code/net/train.py'), at('code/net/main.py'))
  const { code, output } = await start().ended
  assert.equal(code, 120)
  assert.match(output, /train\.py does not exist; .*net has main\.py/)
})

test('variables of the image for its own programs reach the ranks, not our runtime', async (t) => {
  const { start, table } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [0] }))
  const { code, output } = await start(
    { LD_LIBRARY_PATH: '/nowhere', NODE_OPTIONS: '--no-such-option', SSL_CERT_FILE: '/c' },
    ['LD_LIBRARY_PATH,NODE_OPTIONS,SSL_CERT_FILE'],
  ).ended
  assert.equal(code, 0, output)
  assert.deepEqual(ranksOf(output), ['/nowhere --no-such-option /c'])
})

test('variables that have the names of a shell script reach the ranks as they are', async (t) => {
  const { start, table } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [0] }))
  const given = { name: 'a job', runtime: 'b', loader: 'c', ROPEWAY_SH_NAME: 'd' }
  for (const shell of ['bash', 'dash']) {
    const args = [[...Object.keys(given), 'ROPEWAY_SH_RUNTIME', 'ROPEWAY_SH_LOADER'].join(',')]
    const { code, output } = await start(given, args, shell).ended
    assert.equal(code, 0, output)
    assert.deepEqual(ranksOf(output), ['a job b c None None None'])
  }
})

test('through a shell that forgets names with dots, the ranks still get them', async (t) => {
  const { dir, table, at } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [0] }))
  const environment = {
    RANK_TABLE_FILE: at('config'),
    MA_HOME: at('home'),
    MA_MOUNT_PATH: at('mnt'),
    'BATCH_x.0_HOSTS': 'h:1',
    UNSET_LATER: '1',
  }
  const command = `unset UNSET_LATER; exec sh ${runtime}/run_train.sh ${at('code/net')} net/train.py ${at('out/l')} BATCH_x.0_HOSTS,UNSET_LATER`
  await using server = await new TestServer(dir, {
    command: { mode: 'exec', argv: ['dash', '-c', command] },
    environment,
  }).listen()
  await using task = startTask(runtime, dir)
  assert.equal((await task.ended).code, 0, server.text())
  assert.equal(server.text('rank-0'), 'h:1 None\n')
})

test('run_train.sh brings the code from object storage over the task socket', async (t) => {
  const { dir, table, at } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [0] }))
  const environment = {
    RANK_TABLE_FILE: at('config'),
    MA_HOME: at('home'),
    MA_MOUNT_PATH: at('mnt'),
    MA_JOB_DIR: at('jobs'),
  }
  const argv = [
    'bash',
    join(runtime, 'run_train.sh'),
    'obs://bucket/p/resnet50/',
    'resnet50/train.py',
    at('out/l'),
    'RANK_ID',
  ]
  await using server = await new TestServer(dir, { command: { mode: 'exec', argv }, environment }).listen()
  server.objects.set('bucket/p/resnet50/train.py', Buffer.from(PRINT))
  await using task = startTask(runtime, dir)
  assert.equal((await task.ended).code, 0, server.text())
  assert.equal(server.text('rank-0'), '0\n')
  assert.equal(readFileSync(at('jobs/resnet50/train.py'), 'utf8'), PRINT)
  assert.match(
    server.text(),
    /code: 1 objects, \d+ bytes of obs:\S+ are in \S+ after [\d.]+ s, [\d.]+ (B|KiB|MiB)\/s\n/,
  )
  const ranks = server.reports.flatMap((report) => (report.kind === 'rank' ? [report.state] : []))
  assert.deepEqual(ranks, ['started', 'exited'])
})

test('ranks: any command on every device, relative names as the caller sees them', async (t) => {
  const { table, at, dir } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [2, 3] }))
  const env = {
    PATH,
    HOME: dir,
    MA_MOUNT_PATH: at('mnt'),
    RANK_TABLE_FILE: at('config'),
    ROPEWAY_RUNTIME_DIR: runtime,
  }
  const start = (args: string[], more = {}) =>
    new TestProcess([join(runtime, 'launcher'), 'ranks', ...args], { ...env, ...more }, at('code/net'))
  await using both = start([
    '--',
    'python3',
    'train.py',
    'RANK_ID,ROPEWAY_PHYSICAL_DEVICE_ID,RANK_TABLE_FILE',
  ])
  const { output } = await both.ended
  const file = at('mnt/rank_table/jobstart_hccl.json')
  assert.deepEqual(ranksOf(output).sort(), [`0 2 ${file}`, `1 3 ${file}`])
  await using wrong = start(['--processes', '3', '--', 'true'])
  assert.equal((await wrong.ended).code, 2)
  await using nothing = start(['--', 'no-such-program'])
  assert.equal((await nothing.ended).code, 127)
  await using plain = start(['--processes', '2', '--', 'sh', '-c', 'echo $RANK_ID of $RANK_SIZE'], {
    RANK_TABLE_FILE: '',
    VC_TASK_INDEX: '1',
    MA_NUM_HOSTS: '2',
  })
  assert.deepEqual(ranksOf((await plain.ended).output).sort(), ['2 of 4', '3 of 4'])
})
