import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  isAlive,
  PATH,
  scratch,
  startTask,
  TestProcess,
  TestServer,
  tableText,
  testRuntime,
} from './launcher-fixture.ts'

const runtime = await testRuntime()

/** A place with code, and run_train.sh started in it with no server near. */
function stage(t: TestContext, script: string) {
  const place = scratch()
  t.after(() => place[Symbol.dispose]())
  const at = (name: string) => join(place.dir, name)
  mkdirSync(at('code/net'), { recursive: true })
  mkdirSync(at('config'))
  writeFileSync(at('code/net/train.py'), script)
  const env = {
    PATH,
    HOME: place.dir,
    MA_HOME: at('home'),
    MA_MOUNT_PATH: at('mnt'),
    BATCH_TASK_LOG_PATH: at('log'),
    BATCH_JOB_ID: 'job0',
    BATCH_TASK_CURRENT_INSTANCE: 'p-0',
    RANK_TABLE_FILE: at('config'),
    ROPEWAY_RUNTIME_DIR: runtime,
    ROPEWAY_GRACE: '2',
  }
  mkdirSync(at('log'))
  const start = (more: Record<string, string> = {}, args: string[] = [], shell = 'bash') => {
    const process = new TestProcess(
      [shell, join(runtime, 'run_train.sh'), at('code/net/'), 'net/train.py', at('out/train.log'), ...args],
      Object.fromEntries(Object.entries({ ...env, ...more }).filter(([, value]) => value !== 'UNSET')),
      place.dir,
    )
    t.after(() => process[Symbol.asyncDispose]())
    return process
  }
  const table = (text: string, name = 'config/jobstart_hccl.json') => writeFileSync(at(name), text)
  return { at, start, table, dir: place.dir }
}

const WAITING = /Wait for Rank table file ready\n/
const PRINT = 'import os, sys\nprint(*[os.environ.get(k) for k in sys.argv[1].split(",")], flush=True)\n'
const ranksOf = (output: string) => output.split('\n').filter((line) => line !== '' && !line.startsWith('['))

test('the words people grep for are there, in order, on stdout and in the log file', async (t) => {
  const { start, table, at } = stage(t, PRINT)
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

for (const [title, value] of [
  ['a folder', (at: (name: string) => string) => at('config')],
  ['a folder with a slash', (at: (name: string) => string) => `${at('config')}/`],
  ['the file itself', (at: (name: string) => string) => at('config/jobstart_hccl.json')],
] as const) {
  test(`RANK_TABLE_FILE may name ${title}`, async (t) => {
    const { start, table, at } = stage(t, PRINT)
    table(tableText({ 'p-0': [0] }))
    assert.equal((await start({ RANK_TABLE_FILE: value(at) }, ['RANK_ID']).ended).code, 0)
  })
}

test('without RANK_TABLE_FILE the log says what to set, and the wait is bounded', async (t) => {
  const { start } = stage(t, PRINT)
  const { code, output } = await start({ RANK_TABLE_FILE: 'UNSET', ROPEWAY_RANK_TABLE_TIMEOUT: '0.3' }).ended
  assert.equal(code, 121)
  assert.match(output, WAITING)
  assert.match(output, /set environment RANK_TABLE_FILE=\/user\/config on the job/)
  assert.match(output, /no rank table after 0.3 s/)
})

for (const [title, text, why] of [
  ['that never becomes complete', '{"status":"initializing"}', /status: got "initializing"/],
  ['with no status', '{"group_list":[]}', /status: got nothing/],
  ['whose status is null', '{"status":null}', /status: got null/],
  ['whose status is Completed with a capital', '{"status":"Completed"}', /status: got "Completed"/],
  ['that is empty', '', /rank table/],
] as const) {
  test(`a table ${title} ends with 121 and the reason`, async (t) => {
    const { start, table } = stage(t, PRINT)
    table(text)
    const { code, output } = await start({ ROPEWAY_RANK_TABLE_TIMEOUT: '0.3' }).ended
    assert.equal(code, 121)
    assert.match(output, why)
  })
}

for (const [title, make, why] of [
  ['a folder', 'mkdir "$1"', /it is a folder/],
  ['a FIFO', 'mkfifo "$1"', /it is not a regular file/],
  ['a file of 100 MB', 'truncate -s 100M "$1"', /it is larger than 40 MiB/],
] as const) {
  test(`${title} in the place of the table is said and waited out`, async (t) => {
    const { start, at } = stage(t, PRINT)
    const path = at('config/jobstart_hccl.json')
    execFileSync('sh', ['-c', make, 'sh', path])
    const { code, output } = await start({ RANK_TABLE_FILE: path, ROPEWAY_RANK_TABLE_TIMEOUT: '0.3' }).ended
    assert.equal(code, 121)
    assert.match(output, why)
  })
}

test('every way a table arrives is seen, and a prefix never passes for the whole', async (t) => {
  const whole = Buffer.from(tableText({ 'p-0': [0] }))
  const arrivals: Record<string, (at: (name: string) => string) => Promise<void>> = {
    'the folder is made later': async (at) => {
      mkdirSync(at('late'))
      writeFileSync(at('late/jobstart_hccl.json'), whole)
    },
    'written byte by byte': async (at) => {
      mkdirSync(at('late'))
      for (let i = 1; i <= whole.length; i++) {
        writeFileSync(at('late/jobstart_hccl.json'), whole.subarray(0, i))
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    'renamed into place': async (at) => {
      mkdirSync(at('late'))
      writeFileSync(at('late/jobstart_hccl.json'), Buffer.alloc(whole.length, ' '))
      writeFileSync(at('late/x'), whole)
      renameSync(at('late/x'), at('late/jobstart_hccl.json'))
    },
    'a ConfigMap swaps its link': async (at) => {
      mkdirSync(at('late/..1'), { recursive: true })
      mkdirSync(at('late/..2'))
      writeFileSync(at('late/..1/jobstart_hccl.json'), '{"status":"initializing"}')
      writeFileSync(at('late/..2/jobstart_hccl.json'), whole)
      symlinkSync('..1', at('late/..data'))
      symlinkSync('..data/jobstart_hccl.json', at('late/jobstart_hccl.json'))
      await new Promise((resolve) => setImmediate(resolve))
      symlinkSync('..2', at('late/..tmp'))
      renameSync(at('late/..tmp'), at('late/..data'))
    },
  }
  for (const [title, arrive] of Object.entries(arrivals)) {
    const { start, at } = stage(t, PRINT)
    const process = start({ RANK_TABLE_FILE: at('late') }, ['RANK_SIZE'])
    await process.saw(WAITING)
    await arrive(at)
    const { code, output } = await process.ended
    assert.deepEqual([title, code, ranksOf(output)], [title, 0, ['1']])
  }
})

test('a table that is refused ends with 122, one without this pod with 123', async (t) => {
  const { start, table } = stage(t, PRINT)
  table(tableText({ 'p-0': [1, 1] }))
  const refused = await start().ended
  assert.equal(refused.code, 122)
  assert.match(refused.output, /the rank table is refused/)
  table(tableText({ 'p-1': [0], 'p-2': [0] }))
  const absent = await start().ended
  assert.equal(absent.code, 123)
  assert.match(absent.output, /own pod name: got "p-0"; valid: a pod of the rank table \(p-1, p-2\)/)
})

test('a boot file that is not there ends with 120 and shows what is', async (t) => {
  const { start, at } = stage(t, PRINT)
  renameSync(at('code/net/train.py'), at('code/net/main.py'))
  const { code, output } = await start().ended
  assert.equal(code, 120)
  assert.match(output, /train\.py does not exist; .*net has main\.py/)
})

test('the form for jobs without devices is refused in plain words', async (t) => {
  const { dir } = stage(t, PRINT)
  await using process = new TestProcess(
    ['sh', join(runtime, 'run_train.sh'), 'python', 'x.py'],
    { PATH, ROPEWAY_RUNTIME_DIR: runtime },
    dir,
  )
  const { code, output } = await process.ended
  assert.equal(code, 2)
  assert.match(output, /argument 1: got "python"; valid: an obs:\/\/ or s3:\/\/ URL/)
})

test('variables set outside: a preset timeout is kept, rank numbers are not', async (t) => {
  const { start, table } = stage(t, PRINT)
  table(tableText({ 'p-0': [0] }))
  const { output } = await start(
    { HCCL_CONNECT_TIMEOUT: '600', RANK_ID: '9', RANK_SIZE: '9', DEVICE_ID: '9' },
    ['HCCL_CONNECT_TIMEOUT,RANK_ID,RANK_SIZE,DEVICE_ID'],
  ).ended
  assert.deepEqual(ranksOf(output), ['600 0 1 0'])
})

test('variables of the image for its own programs reach the ranks, not our runtime', async (t) => {
  const { start, table } = stage(t, PRINT)
  table(tableText({ 'p-0': [0] }))
  const { code, output } = await start(
    { LD_LIBRARY_PATH: '/nowhere', NODE_OPTIONS: '--no-such-option', SSL_CERT_FILE: '/c' },
    ['LD_LIBRARY_PATH,NODE_OPTIONS,SSL_CERT_FILE'],
  ).ended
  assert.equal(code, 0, output)
  assert.deepEqual(ranksOf(output), ['/nowhere --no-such-option /c'])
})

for (const [title, end, expected] of [
  ['exits 7', 'sys.exit(7)', 7],
  ['dies of SIGSEGV', 'os.kill(os.getpid(), 11)', 139],
] as const) {
  test(`rank 2 ${title}: the others are ended, setsid children too, and that code comes out`, async (t) => {
    const script = `import os, signal, subprocess, sys, time
subprocess.Popen(["sleep", "60"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) if os.environ["RANK_ID"] == "1" else None
if os.environ["RANK_ID"] == "0": signal.signal(signal.SIGTERM, lambda *_: (print("told", flush=True), sys.exit(0)))
open("pid", "w").write(str(os.getpid()))
while os.environ["RANK_ID"] == "2" and not all(os.path.exists(f"../device{d}/pid") for d in range(4)): time.sleep(0.01)
if os.environ["RANK_ID"] == "2": ${end}
time.sleep(60)
`
    const { start, table, at } = stage(t, script)
    table(tableText({ 'p-0': [0, 1, 2, 3] }))
    const process = start()
    const { code, output } = await process.ended
    assert.equal(code, expected, output)
    assert.match(output, /proc-rank-2-device-2 \(pid: \d+\) has exited with non-zero code/)
    assert.match(output, new RegExp(`Training end with return code: ${expected}`))
    assert.ok(ranksOf(output).includes('told'))
    for (const device of [0, 1, 2, 3])
      assert.equal(isAlive(Number(readFileSync(at(`mnt/workspace/device${device}/pid`), 'utf8'))), false)
    assert.deepEqual(markedProcesses(at('mnt')), [])
  })
}

/** Processes whose working folder is below ours. */
function markedProcesses(dir: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        isAlive(Number(name)) &&
        readFileSync(`/proc/${name}/environ`, 'latin1').includes(`PWD=${dir}`)
      )
    } catch {
      return false
    }
  })
}

test('a rank that ignores SIGTERM is killed after the grace', async (t) => {
  const script = `import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("up", "w").close()
while os.environ["RANK_ID"] == "0" and not os.path.exists("../device1/up"): time.sleep(0.01)
if os.environ["RANK_ID"] == "0": os._exit(9)
time.sleep(60)
`
  const { start, table } = stage(t, script)
  table(tableText({ 'p-0': [0, 1] }))
  const { code, output } = await start({ ROPEWAY_GRACE: '0.3' }).ended
  assert.equal(code, 9, output)
})

for (const [title, ready, script, withTable] of [
  ['while it waits for the table', WAITING, PRINT, false],
  ['while ranks run', /up\n/, 'import time\nprint("up", flush=True)\ntime.sleep(60)\n', true],
  [
    'while ranks run that end well on it',
    /up\n/,
    'import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(0))\nprint("up", flush=True)\ntime.sleep(60)\n',
    true,
  ],
  ['while ranks are started', /bootstrap/, 'import time\ntime.sleep(60)\n', true],
] as const) {
  test(`SIGTERM ${title}, twice: 143 and nothing is left`, async (t) => {
    const { start, table, at } = stage(t, script)
    if (withTable) table(tableText({ 'p-0': [0, 1, 2, 3, 4, 5, 6, 7] }))
    const process = start()
    await process.saw(ready)
    process.child.kill('SIGTERM')
    process.child.kill('SIGTERM')
    const { code, output } = await process.ended
    assert.equal(code, 143, output)
    assert.match(output, /Training end with return code: 143/)
    assert.deepEqual(markedProcesses(at('mnt')), [])
  })
}

test('a rank that closes its output but lives is waited for; a daemon that keeps it open is not', async (t) => {
  const { start, table } = stage(
    t,
    'import os, subprocess, time\nsubprocess.Popen(["sleep", "60"])\nprint("x", flush=True)\nos.close(1); os.close(2)\ntime.sleep(0.2)\nos._exit(5)\n',
  )
  table(tableText({ 'p-0': [0] }))
  const { code, output } = await start().ended
  assert.equal(code, 5)
  assert.deepEqual(ranksOf(output), ['x'])
})

test('200,000 lines from each of 8 ranks at their end: none is lost, none is mixed', {
  timeout: 120_000,
}, async (t) => {
  const script =
    'import os, sys\nr = os.environ["RANK_ID"]\nsys.stdout.write("".join(f"{r}:{i}\\n" for i in range(200000)))\nsys.stdout.flush()\nos._exit(3 if r == "0" else 0)\n'
  const { dir, table, at, start } = stage(t, script.replace('3 if r == "0" else 0', '0'))
  table(tableText({ 'p-0': [0, 1, 2, 3, 4, 5, 6, 7] }))
  void start
  const command = {
    mode: 'exec',
    argv: ['bash', join(runtime, 'run_train.sh'), at('code/net'), 'net/train.py', at('out/train.log')],
  } as const
  const environment = {
    RANK_TABLE_FILE: at('config'),
    MA_HOME: at('home'),
    MA_MOUNT_PATH: at('mnt'),
    BATCH_TASK_LOG_PATH: at('log'),
    BATCH_JOB_ID: 'job0',
    'DOTTED.0_HOSTS': 'x',
  }
  await using server = await new TestServer(dir, {
    command: { mode: 'exec', argv: [...command.argv] },
    environment,
  }).listen()
  await using task = startTask(runtime, dir)
  assert.equal((await task.ended).code, 0, server.text().slice(-3000))
  const whole = (rank: number) => Array.from({ length: 200_000 }, (_, i) => `${rank}:${i}\n`).join('')
  const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')
  for (let rank = 0; rank < 8; rank++) {
    assert.equal(sha256(server.logs.get(`rank-${rank}`)!), sha256(whole(rank)))
    assert.equal(
      sha256(readFileSync(at(`log/job0-proc-rank-${rank}-device-${rank}.txt`))),
      sha256(whole(rank)),
    )
  }
  for (const text of [server.text(), readFileSync(at('out/train.log'), 'utf8')]) {
    const byRank = Map.groupBy(ranksOf(text), (line) => line.split(':')[0])
    assert.equal(byRank.size, 8)
    for (const [rank, lines] of byRank)
      assert.equal(sha256(`${lines.join('\n')}\n`), sha256(whole(Number(rank))))
  }
})

test('through a shell that forgets names with dots, the ranks still get them', async (t) => {
  const { dir, table, at } = stage(t, PRINT)
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
  const { dir, table, at } = stage(t, PRINT)
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
  const ranks = server.reports.flatMap((report) => (report.kind === 'rank' ? [report.state] : []))
  assert.deepEqual(ranks, ['started', 'exited'])
})

test('ranks: any command on every device, relative names as the caller sees them', async (t) => {
  const { table, at, dir } = stage(t, PRINT)
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
