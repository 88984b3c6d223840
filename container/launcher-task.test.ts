import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TaskCommand } from '../src/api/task.ts'
import { scratch, startTask, tableText, testRuntime } from './launcher-fixture.ts'
import { output, TestServer } from './task-server-fixture.ts'

const runtime = await testRuntime()
const shell = (command: string, ...args: string[]) => ({ mode: 'shell', command, args }) as const
const lines = (text: string) =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('[ModelArts'))

async function run(
  hello: ConstructorParameters<typeof TestServer>[1],
  prepare?: (server: TestServer, dir: string) => void,
  env = {},
) {
  using place = scratch()
  await using server = await new TestServer(place.dir, hello).listen()
  prepare?.(server, place.dir)
  await using task = startTask(runtime, place.dir, env)
  const ended = await task.ended
  return { ...ended, text: server.text(), reports: server.reports, server }
}

test('the program output, its exit code and the stages reach the server', async () => {
  const { code, text, reports } = await run({ command: shell('echo out; echo err >&2; exit 7') })
  assert.equal(code, 7)
  assert.deepEqual(lines(text), ['out', 'err'])
  assert.deepEqual(reports.at(-1), {
    kind: 'end',
    exit_code: 7,
    message: 'the program ended with exit code 7',
    first_failed_rank: null,
  })
})

test('a program may open /dev/stdout and /dev/stderr, and the order of both is kept', async () => {
  const { text } = await run({
    command: shell('for i in 1 2 3 4 5; do echo o$i > /dev/stdout; echo e$i > /dev/stderr; done'),
  })
  assert.deepEqual(lines(text), ['o1', 'e1', 'o2', 'e2', 'o3', 'e3', 'o4', 'e4', 'o5', 'e5'])
})

test('parameters stay words of their own, whatever they contain', async () => {
  const args = ['--a=b c', '$(touch x)', "it's", '--e=', '"\n;']
  const { text } = await run({ command: shell('printf "<%s>" a', ...args) })
  assert.equal(text.replace(/\[ModelArts.*\n/g, ''), '<a><--a=b c><$(touch x)><it\'s><--e=><"\n;>')
})

for (const [title, argv, code, message] of [
  [
    'a command that is nowhere on PATH exits 127 with advice',
    ['no-such-program'],
    127,
    /no-such-program.* is in no folder of PATH/,
  ],
  ['a file that may not be executed exits 126', ['/etc/passwd'], 126, /may not be executed/],
  ['a program killed by SIGSEGV exits 139', ['/bin/sh', '-c', 'kill -SEGV $$'], 139, /exit code 139/],
] as const) {
  test(title, async () => {
    const { code: got, reports } = await run({ command: { mode: 'exec', argv: [...argv] } })
    assert.equal(got, code)
    assert.match(JSON.stringify(reports.at(-1)), message)
  })
}

test('environment: parked variables come back, names with dots survive, ours stay away, moxing stands last', async () => {
  const environment = { 'BATCH_x.0_HOSTS': 'h:6666', PYTHONPATH: '/mine', FROM_SERVER: '1' }
  const { text } = await run({ command: { mode: 'exec', argv: ['/usr/bin/env'] }, environment }, undefined, {
    ROPEWAY_USER_LD_PRELOAD: '',
    ROPEWAY_USER_NODE_OPTIONS: '--x',
    FROM_IMAGE: 'i',
    ROPEWAY_INTERNAL: 'secret',
  })
  const got = Object.fromEntries(
    lines(text).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  assert.equal(got['BATCH_x.0_HOSTS'], 'h:6666')
  assert.equal(got['NODE_OPTIONS'], '--x')
  assert.equal(got['LD_PRELOAD'], '')
  assert.equal(got['FROM_IMAGE'], 'i')
  assert.equal(got['FROM_SERVER'], '1')
  assert.equal(got['PYTHONPATH'], `/mine:${runtime}/moxing`)
  assert.equal(got['ROPEWAY_INTERNAL'], undefined)
})

test('secret values never stand in an argv', async () => {
  const environment = { TOKEN: 'planted-secret-4711' }
  const { text } = await run({
    command: shell(
      "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep 'planted-secre[t]-4711'; echo searched",
    ),
    environment,
    secret_names: ['TOKEN'],
  })
  assert.deepEqual(lines(text), ['searched'])
})

test('code and inputs are there before the start, outputs are uploaded after it, also after a failure', async () => {
  using place = scratch()
  const at = (name: string) => join(place.dir, name)
  await using server = await new TestServer(place.dir, {
    command: { mode: 'boot', boot_file: at('code/net/train.py'), args: ['--x=1'], per_device: false },
    code: { name: 'code', url: 'obs://bucket/p/net/', local_dir: at('code') },
    inputs: [{ name: 'data', url: 'obs://bucket/data/', local_dir: at('in') }],
    outputs: [output('model', 'obs://bucket/out/', at('out'))],
  }).listen()
  const script = `import sys; open("${at('out')}/m","w").write(open("${at('in')}/d/1").read() + sys.argv[1]); sys.exit(9)`
  server.objects.set('bucket/p/net/train.py', Buffer.from(script))
  server.objects.set('bucket/data/d/1', Buffer.from('one'))
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 9)
  assert.equal(server.objects.get('bucket/out/m')?.toString(), 'one--x=1')
  const stages = server.reports.flatMap((report) =>
    report.kind === 'stage' ? [`${report.stage} ${report.state}`] : [],
  )
  assert.deepEqual(stages, [
    'code started',
    'code done',
    'inputs started',
    'inputs done',
    'training started',
    'training done',
    'outputs started',
    'outputs done',
  ])
})

test('a code folder with nothing in it, and a boot file that is not there, end with 120 and say what is there', async () => {
  using place = scratch()
  const code = { name: 'code', url: 'obs://bucket/p/nte/', local_dir: join(place.dir, 'code') }
  const boot = {
    mode: 'boot',
    boot_file: join(place.dir, 'code/net/run.py'),
    args: [],
    per_device: false,
  } satisfies TaskCommand
  const prepare = (server: TestServer) => void server.objects.set('bucket/p/net/train.py', Buffer.from(''))
  const wrong = await run({ command: boot, code }, prepare)
  assert.equal(wrong.code, 120)
  assert.match(wrong.text, /nothing is below obs:\/\/bucket\/p\/nte\/; obs:\/\/bucket\/p\/ has net\//)
  const absent = await run({ command: boot, code: { ...code, url: 'obs://bucket/p/net/' } }, prepare)
  assert.equal(absent.code, 120)
  assert.match(absent.text, /run\.py does not exist; .*code\/net has train\.py/)
})

test('an output that cannot be uploaded is 125 after success, and keeps the code of a failed program', async () => {
  using place = scratch()
  const outputs = [output('o', 'obs://bucket/out/', join(place.dir, 'out'))]
  const prepare = (server: TestServer) => {
    server.refuseObjects = /^PUT /
  }
  for (const [end, expected] of [
    [0, 125],
    [6, 6],
  ] as const) {
    const { code, text } = await run(
      { command: shell(`echo x > ${place.dir}/out/f; exit ${end}`), outputs },
      prepare,
    )
    assert.equal(code, expected)
    assert.match(text, /output o: .* cannot be uploaded to obs:\/\/bucket\/out\//)
  }
})

test('the rank table is on disk, a regular file, as the server has it, through every version', async () => {
  using place = scratch()
  const dir = join(place.dir, 'user/config')
  const command = shell(
    `f=${dir}/jobstart_hccl.json; until grep -q completed $f; do grep -q initializing $f && touch seen; sleep 0.02; done; cat $f; ls seen`,
  )
  await using server = await new TestServer(place.dir, { command, rank_table_dir: dir }).listen()
  server.setTable('{"status":"initializing"}')
  await using task = startTask(runtime, place.dir)
  while (!existsSync(join(place.dir, 'seen'))) await new Promise((resolve) => setTimeout(resolve, 20))
  server.setTable(tableText({ 'p-0': [4] }))
  assert.equal((await task.ended).code, 0)
  assert.deepEqual(lines(server.text()), [`${tableText({ 'p-0': [4] })}seen`])
})

for (const [title, dir] of [
  ['below a file', '/etc/passwd/config'],
  ['where no folder can be made', '/proc/none/config'],
] as const) {
  test(`a rank table folder ${title} ends the task with 120, naming folder and uid`, async () => {
    const { code, text } = await run({ command: shell('sleep 20'), rank_table_dir: dir })
    assert.equal(code, 120)
    assert.match(text, new RegExp(`RANK_TABLE_FILE: the folder ${dir} cannot be written by uid \\d+`))
  })
}

test('other folders that cannot be made end the task with 120 and their name', async () => {
  const local_dir = '/proc/none/x'
  const channel = { name: 'c', url: 'obs://bucket/d/', local_dir }
  const outputs = [output('c', 'obs://bucket/d/', local_dir)]
  for (const hello of [{ inputs: [channel] }, { outputs }, { working_dir: local_dir }]) {
    const { code, text } = await run({ command: shell('exit 0'), ...hello })
    assert.equal(code, 120)
    assert.match(text, /\/proc\/none\/x/)
  }
})

test('a boot file per device runs on every device of the task and no other', async () => {
  using place = scratch()
  mkdirSync(join(place.dir, 'mnt'))
  const boot = join(place.dir, 'train.py')
  writeFileSync(
    boot,
    'import os,sys\nprint(*[os.environ[k] for k in ("RANK_ID","RANK_SIZE","DEVICE_ID","ASCEND_DEVICE_ID","ROPEWAY_PHYSICAL_DEVICE_ID")], sys.argv[1])\nsys.exit(3 if os.environ["RANK_ID"]=="3" else 0)\n',
  )
  const dir = join(place.dir, 'config')
  await using server = await new TestServer(place.dir, {
    command: { mode: 'boot', boot_file: boot, args: ['--k=v w'], per_device: true },
    rank_table_dir: dir,
    environment: {
      RANK_TABLE_FILE: dir,
      MA_CURRENT_INSTANCE_NAME: 'p-1',
      MA_MOUNT_PATH: join(place.dir, 'mnt'),
      RANK_ID: '77',
      RANK_SIZE: '77',
    },
  }).listen()
  server.setTable(tableText({ 'p-0': [0, 1], 'p-1': [6, 5] }))
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 3)
  assert.equal(server.text('rank-2'), '2 4 0 0 5 --k=v w\n')
  assert.equal(server.text('rank-3'), '3 4 1 1 6 --k=v w\n')
  assert.deepEqual([...server.logs.keys()].sort(), ['rank-2', 'rank-3', 'task'])
  const end = await server.reported(({ kind }) => kind === 'end')
  assert.equal(end.kind === 'end' && end.first_failed_rank, 3)
})
