// What comes before the ranks, and what their logs are told: custom operators, modes of diagnosis, a full log file.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { startTask, tableText, testRuntime } from './launcher-fixture.ts'
import { PRINT, ranksOf, stage } from './run-train-fixture.ts'
import { TestServer } from './task-server-fixture.ts'

const runtime = await testRuntime()

const OPERATOR = '{"obs":{"obs_url":"obs://bucket/op/"},"ide_mode":true}'

/** A task with a package of custom operators, and how it ends. */
async function withOperators(t: TestContext, name: string, text: string) {
  const { dir, table, at } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [0] }))
  const words = ['net/train.py', at('out/l'), 'SLOG_PRINT_TO_STDOUT']
  const argv = ['bash', `${runtime}/run_train.sh`, at('code/net'), ...words]
  const places = { RANK_TABLE_FILE: at('config'), MA_HOME: at('home'), MA_MOUNT_PATH: at('mnt') }
  const environment = { ...places, MA_ALGORITHM_OPERATOR: OPERATOR, WHERE: at('installed') }
  await using server = await new TestServer(dir, { command: { mode: 'exec', argv }, environment }).listen()
  server.objects.set(`bucket/op/${name}`, Buffer.from(text))
  await using task = startTask(runtime, dir)
  const { code } = await task.ended
  return { code, log: server.text(), rank: server.text('rank-0'), at }
}

test('the package of MA_ALGORITHM_OPERATOR is fetched and installed before the ranks start', async (t) => {
  const script = 'echo hello from the package; pwd > "$WHERE"\n'
  const { code, log, rank, at } = await withOperators(t, 'custom_opp.run', script)
  assert.equal(code, 0, log)
  assert.match(log, /hello from the package\n[\s\S]*Wait for Rank table file ready/)
  assert.equal(existsSync(readFileSync(at('installed'), 'utf8').trim()), false, 'it is cleared away')
  assert.equal(rank, '1\n')
})

test('an operator package that is none or fails ends the task with 120, and no rank starts', async (t) => {
  const failing = await withOperators(t, 'custom_opp.run', 'exit 5\n')
  assert.equal(failing.code, 120)
  assert.match(failing.log, /custom operators: custom_opp\.run ended with exit code 5/)
  assert.doesNotMatch(failing.log, /bootstrap/)
  const none = await withOperators(t, 'README', 'x')
  assert.equal(none.code, 120)
  assert.match(none.log, /none of the 1 objects below obs:\/\/bucket\/op\/ is a \.run package/)
  const { start } = stage(t, runtime, PRINT)
  const wrong = await start({ MA_ALGORITHM_OPERATOR: 'obs://bucket/op/' }).ended
  assert.equal(wrong.code, 2)
  assert.match(wrong.output, /MA_ALGORITHM_OPERATOR: got obs:\/\/bucket\/op\/; valid: \{"obs"/)
})

for (const [title, given, names, expected] of [
  ['faults', { MA_DIAG_MODE_ENV: 'faults' }, 'DUMP_GE_GRAPH,ASCEND_GLOBAL_LOG_LEVEL,GLOG_v', '2 1 None'],
  [
    'faults of a MindSpore that records them',
    {
      MA_DIAG_MODE_ENV: 'faults',
      MA_ENGINE_VERSION: 'mindspore_1.10.0-cann_6.0.1-py_3.7',
      DUMP_GE_GRAPH: '9',
    },
    'DUMP_GE_GRAPH,GLOG_v,MS_RDR_ENABLE',
    '9 1 1',
  ],
  [
    'performance',
    { MA_RUN_MODE_ENV: 'performance' },
    'ASCEND_GLOBAL_LOG_LEVEL,GLOG_v,GLOG_logtostderr',
    '3 3 0',
  ],
  ['normal', { MA_RUN_MODE_ENV: 'normal' }, 'GLOG_v,GLOG_logtostderr', '1 0'],
] as const)
  test(`settings for logs follow the mode "${title}", and what the user set stays`, async (t) => {
    const { start, table } = stage(t, runtime, PRINT)
    table(tableText({ 'p-0': [0] }))
    assert.deepEqual(ranksOf((await start(given, [names]).ended).output), [expected])
  })

test('folders of CANN and MindSpore logs are there when a rank starts', async (t) => {
  const folders = 'ASCEND_PROCESS_LOG_PATH,NPU_COLLECT_PATH,GLOG_log_dir,MS_OM_PATH'
  const script = `import os\nprint(all(os.path.isdir(os.environ[n]) for n in "${folders}".split(",")))\n`
  const { start, table, at } = stage(t, runtime, script)
  table(tableText({ 'p-0': [0] }))
  const mode = { MA_DIAG_MODE_ENV: 'faults', MA_ENGINE_VERSION: 'mindspore_2.0.0-cann_6.3.0-py_3.9' }
  assert.deepEqual(ranksOf((await start(mode).ended).output), ['True'])
  assert.deepEqual(readdirSync(at('log/job0')).sort(), ['ascend', 'mindspore'])
})

test('a wish for a route plan is answered, and the ranks keep the order of the table', async (t) => {
  const { start, table } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [0] }))
  assert.match(
    (await start({ ROUTE_PLAN: 'true' }).ended).output,
    /WARNING - Route plan ends: .* is not available/,
  )
  assert.doesNotMatch((await start({ ROUTE_PLAN: 'false' }).ended).output, /Route plan/)
})

test('a log file that is full begins anew, its older parts stay, and the log says so once', async (t) => {
  const script = 'import sys\nfor n in range(20000): print(f"line {n:08}", flush=True)\n'
  const { start, table, at } = stage(t, runtime, script)
  table(tableText({ 'p-0': [0] }))
  const { code, output } = await start({ ROPEWAY_LOG_FILE_BYTES: '100000' }).ended
  assert.equal(code, 0)
  assert.equal(ranksOf(output).filter((line) => line.startsWith('line ')).length, 20_000)
  for (const file of [at('out/train.log'), at('log/job0-proc-rank-0-device-0.txt')]) {
    const parts = [`${file}.2`, `${file}.1`, file]
    for (const part of parts) assert.ok(statSync(part).size <= 100_000, part)
    assert.equal(existsSync(`${file}.3`), false)
    const lines = parts.flatMap((part) => [...readFileSync(part, 'utf8').matchAll(/^line (\d+)$/gm)])
    const numbers = lines.map(([, number]) => Number(number))
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => 20_000 - numbers.length + index),
      'the parts are the end of the log, in order',
    )
    assert.equal(output.split(`log file ${file}: 100000 bytes are full`).length, 2)
  }
})
