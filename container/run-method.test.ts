// MA_RUN_METHOD: what torchrun and msrun are started with. The real ones are in test/long.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { startTask, testRuntime } from './launcher-fixture.ts'
import { ranksOf, stage } from './run-train-fixture.ts'
import { TestServer } from './task-server-fixture.ts'

const runtime = await testRuntime()

/** Stands for Python: says what it was given, and what it sees of the rank table. */
const SHOW = '#!/bin/sh\necho "$@"\nenv | grep -cE "^(RANK_TABLE_FILE|RANK_ID|DEVICE_ID)="\nexit $END\n'
const WORLD = {
  MA_NUM_HOSTS: '2',
  VC_TASK_INDEX: '1',
  MA_NUM_GPUS: '4',
  VC_WORKER_HOSTS: 'job-worker-0.job,job-worker-1.job',
  RANK_ID: '9',
  END: '0',
}

function place(t: Parameters<typeof stage>[0]) {
  const staged = stage(t, runtime, '')
  writeFileSync(staged.at('python'), SHOW, { mode: 0o755 })
  return { ...staged, env: { ...WORLD, MA_SCRIPT_INTERPRETER: staged.at('python') } }
}

test('torchrun gets the tasks, the devices of one and the first task as its master; no table is waited for', async (t) => {
  const { start, at, env } = place(t)
  const given = { ...env, MA_RUN_METHOD: 'torchrun', ROPEWAY_RUN_METHOD_ARGS: '--max_restarts 2' }
  const { code, output } = await start(given, ['--lr=1', 'a b']).ended
  assert.equal(code, 0, output)
  assert.deepEqual(ranksOf(output), [
    `-m torch.distributed.run --nnodes 2 --node_rank 1 --nproc_per_node 4 --master_addr job-worker-0.job --master_port 6666 --max_restarts 2 ${at('code/net/train.py')} --lr=1 a b`,
    '0',
  ])
  assert.doesNotMatch(output, /Wait for Rank table/)
})

test('msrun gets the number of all its processes, and its code comes out', async (t) => {
  const { start, at, env } = place(t)
  const { code, output } = await start({ ...env, MA_RUN_METHOD: 'msrun', MASTER_PORT: '8118', END: '3' })
    .ended
  assert.equal(code, 3)
  assert.equal(
    ranksOf(output)[0],
    `-m mindspore.parallel.cluster.run --worker_num 8 --local_worker_num 4 --master_addr job-worker-0.job --master_port 8118 --node_rank 1 --log_dir ${at('log/job0/mindspore/log')} --join True ${at('code/net/train.py')}`,
  )
})

test('a single task talks to itself; a word nobody knows, and tasks without names, are refused', async (t) => {
  const { start, env } = place(t)
  const alone = { MA_RUN_METHOD: 'torchrun', MA_SCRIPT_INTERPRETER: env.MA_SCRIPT_INTERPRETER, END: '0' }
  const { output } = await start({ ...alone, ASCEND_VISIBLE_DEVICES: '4,5' }).ended
  assert.match(output, /--nnodes 1 --node_rank 0 --nproc_per_node 2 --master_addr 127\.0\.0\.1/)
  const wrong = await start({ ...env, MA_RUN_METHOD: 'mpirun' }).ended
  assert.equal(wrong.code, 2)
  assert.match(wrong.output, /MA_RUN_METHOD: got "mpirun"; valid: torchrun, msrun, or not set/)
  const nameless = await start({ ...env, MA_RUN_METHOD: 'msrun', VC_WORKER_HOSTS: '' }).ended
  assert.equal(nameless.code, 2)
  assert.match(nameless.output, /VC_WORKER_HOSTS: got nothing, and there are 2 tasks/)
})

test('devices are counted in every way of naming them, and the task by either name of its index', async (t) => {
  const { start, env } = place(t)
  const alone = { MA_RUN_METHOD: 'torchrun', MA_SCRIPT_INTERPRETER: env.MA_SCRIPT_INTERPRETER, END: '0' }
  for (const [devices, count] of [
    ['0-7', 8],
    ['Ascend910-1, Ascend910-3', 2],
    ['0-1,1,5', 3],
    ['void', 1],
  ] as const) {
    const { output } = await start({ ...alone, ASCEND_VISIBLE_DEVICES: devices }).ended
    assert.match(output, new RegExp(`--nproc_per_node ${count} `), devices)
  }
  const second = await start({ ...env, ...alone, VC_TASK_INDEX: 'UNSET', VK_TASK_INDEX: '1' }).ended
  assert.match(second.output, /--nnodes 2 --node_rank 1 /)
  const wrong = await start({ ...alone, ASCEND_VISIBLE_DEVICES: 'all' }).ended
  assert.equal(wrong.code, 2)
  assert.match(
    wrong.output,
    /ASCEND_VISIBLE_DEVICES: got "all"; valid: ids and ranges such as 0,2 or 0-7, or void/,
  )
})

test('a boot file is started by it too, after pip installed what lies beside it', async (t) => {
  const { at, dir, env } = place(t)
  const boot = {
    mode: 'boot',
    boot_file: at('code/net/train.py'),
    args: ['--x=1'],
    per_device: true,
  } as const
  writeFileSync(at('code/net/pip-requirements.txt'), './one.whl\n')
  const environment = {
    ...env,
    MA_RUN_METHOD: 'torchrun',
    MA_PIP_URL: 'http://mirror/simple',
    MA_PIP_HOST: 'mirror',
  }
  await using server = await new TestServer(dir, {
    ...{ command: { ...boot, args: [...boot.args] }, environment },
    working_dir: null,
  }).listen()
  await using task = startTask(runtime, dir)
  assert.equal((await task.ended).code, 0, server.text())
  const [pip, , torchrun] = ranksOf(server.text())
  assert.equal(
    pip,
    '-m pip install --disable-pip-version-check --find-links . --index-url http://mirror/simple --trusted-host mirror -r pip-requirements.txt',
  )
  assert.match(torchrun ?? '', /^-m torch\.distributed\.run .*train\.py --x=1$/)
})

test('requirements that cannot be installed end the task with 120', async (t) => {
  const { at, dir, env } = place(t)
  writeFileSync(at('code/net/pip-requirements.txt'), 'no-such-package\n')
  const command = { mode: 'boot' as const, boot_file: at('code/net/train.py'), args: [], per_device: true }
  await using server = await new TestServer(dir, { command, environment: { ...env, END: '1' } }).listen()
  await using task = startTask(runtime, dir)
  assert.equal((await task.ended).code, 120)
  assert.match(server.text(), /pip-requirements\.txt: pip ended with exit code 1; its output is above/)
})
