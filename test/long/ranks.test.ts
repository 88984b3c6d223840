// Programs that somebody else wrote, started by the launcher or given its tables: torchrun of Debian's torch, msrun of PyPI's
// MindSpore, pip, and two readers of rank tables. `scripts/setup.sh long` brings them: `make test-long`.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startTask, testRuntime } from '../../container/launcher-fixture.ts'
import { ranksOf, stage } from '../../container/run-train-fixture.ts'
import { TestServer } from '../../container/task-server-fixture.ts'
import { convertRankTable } from '../../src/accelerator/rank-table/convert.ts'
import { parseRankTable } from '../../src/accelerator/rank-table/parse.ts'
import { one } from '../vectors/vector.ts'

const runtime = await testRuntime()
const PYTHON = join(import.meta.dirname, '../../.cache/python-ranks/bin/python')

const TORCH = `import os, torch, torch.distributed as dist
dist.init_process_group("gloo")
total = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(total)
print("own", dist.get_rank(), dist.get_world_size(), int(total.item()), os.environ.get("RANK_TABLE_FILE"), flush=True)
`
const MINDSPORE = `import sys, mindspore as ms
from mindspore.communication import init, get_rank, get_group_size
ms.set_context(device_target="CPU")
init()
print("own", get_rank(), get_group_size(), sys.argv[1:], flush=True)
`

const own = (output: string): string[] =>
  ranksOf(output)
    .filter((line) => line.includes('own '))
    .sort()

test('torchrun of two tasks: four processes in one world, with gloo, and no rank table', async (t) => {
  const { start, at } = stage(t, runtime, TORCH)
  const world = {
    ...{
      MA_RUN_METHOD: 'torchrun',
      MA_SCRIPT_INTERPRETER: '/usr/bin/python3',
      MA_NUM_HOSTS: '2',
      MA_NUM_GPUS: '2',
    },
    ...{
      VC_WORKER_HOSTS: '127.0.0.1,127.0.0.1',
      MASTER_PORT: '29871',
      GLOO_SOCKET_IFNAME: 'lo',
      OMP_NUM_THREADS: '1',
    },
  }
  // Debian's torch 1.13 under Python 3.11 needs its own words about output.
  const tasks = ['0', '1'].map((VC_TASK_INDEX) =>
    start({
      ...world,
      VC_TASK_INDEX,
      ROPEWAY_RUN_METHOD_ARGS: `-r 1 -t 1 --log_dir ${at(`torch-${VC_TASK_INDEX}`)}`,
    }),
  )
  const ended = await Promise.all(tasks.map(({ ended }) => ended))
  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 0],
    ended.map(({ output }) => output).join('\n'),
  )
  const words = ended.flatMap(({ output }) => output.match(/own \d.*/g) ?? []).sort()
  assert.deepEqual(
    words,
    [0, 1, 2, 3].map((rank) => `own ${rank} 4 10 None`),
  )
})

test('a failure under torchrun is its code, and no process is left', async (t) => {
  const { start, at } = stage(
    t,
    runtime,
    'import os, sys, time\nif os.environ["RANK"] == "1": sys.exit(3)\ntime.sleep(300)\n',
  )
  const words = `-r 1 -t 1 --log_dir ${at('torch')}`
  const given = { MA_RUN_METHOD: 'torchrun', MA_SCRIPT_INTERPRETER: '/usr/bin/python3', MA_NUM_GPUS: '2' }
  const { code, output } = await start({ ...given, MASTER_PORT: '29872', ROPEWAY_RUN_METHOD_ARGS: words })
    .ended
  assert.equal(code, 1, output)
  assert.match(output, /exitcode *: *3/)
})

test('msrun: a scheduler and two processes, whose numbers MindSpore gives', async (t) => {
  const { start, at } = stage(t, runtime, MINDSPORE)
  const given = {
    MA_RUN_METHOD: 'msrun',
    MA_SCRIPT_INTERPRETER: PYTHON,
    MA_NUM_GPUS: '2',
    MASTER_PORT: '28118',
  }
  const { code, output } = await start(given, ['--x=1']).ended
  assert.equal(code, 0, output)
  const folder = at('log/job0/mindspore/log')
  assert.deepEqual(readdirSync(folder).sort(), ['scheduler.log', 'worker_0.log', 'worker_1.log'])
  for (const rank of [0, 1])
    assert.ok(readFileSync(join(folder, `worker_${rank}.log`), 'utf8').includes(`own ${rank} 2 ['--x=1']`))
})

/** One server with two cards, converted with the addresses that readers want. */
function tableFor(withAddresses: boolean): string {
  const text = one({ pod: 'p-0', server: '127.0.0.1', ids: ['0', '1'] })
  const conversion = convertRankTable(parseRankTable(text), { withAddresses })
  assert.ok(conversion.ok)
  return conversion.converted.text
}

test("MindSpore's scheduler takes ranks from a table converted with addresses, and misses them in one without", async (t) => {
  for (const [withAddresses, words] of [
    [true, /Reassign rank id from rank table file, node id: 1, .*new rank id: 1/],
    [false, /Cannot find key 'pod_ip'/],
  ] as const) {
    const { start, at } = stage(t, runtime, MINDSPORE)
    writeFileSync(at('table.json'), tableFor(withAddresses))
    const given = {
      MA_RUN_METHOD: 'msrun',
      MA_SCRIPT_INTERPRETER: PYTHON,
      MA_NUM_GPUS: '2',
      MASTER_PORT: '28119',
    }
    await start({ ...given, ROPEWAY_RUN_METHOD_ARGS: `--rank_table_file ${at('table.json')}` }).ended
    assert.match(readFileSync(at('log/job0/mindspore/log/scheduler.log'), 'utf8'), words)
  }
})

test("MindIE's reader takes a table converted with addresses, and refuses one without", () => {
  const script =
    'import json, sys\nfrom motor.common.resources.http_msg_spec import Ranktable\ntable = Ranktable(**json.load(sys.stdin))\nprint("ranks", [d.rank_id for s in table.server_list for d in s.device])\n'
  const read = (input: string) => spawnSync(PYTHON, ['-c', script], { input, encoding: 'utf8', cwd: '/tmp' })
  assert.match(read(tableFor(true)).stdout, /ranks \['0', '1'\]/)
  const refused = read(tableFor(false))
  assert.notEqual(refused.status, 0)
  assert.match(refused.stderr, /container_ip/)
})

/** A wheel made on the spot: nothing is fetched. */
function wheel(dir: string): void {
  const name = 'tiny_rw-1.0-py3-none-any.whl'
  const info = 'tiny_rw-1.0.dist-info'
  const script = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.writestr("tiny_rw.py", "WORD = 'from the wheel'\\n")
    archive.writestr("${info}/METADATA", "Metadata-Version: 2.1\\nName: tiny-rw\\nVersion: 1.0\\n")
    archive.writestr("${info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    archive.writestr("${info}/RECORD", "tiny_rw.py,,\\n${info}/METADATA,,\\n${info}/WHEEL,,\\n${info}/RECORD,,\\n")
`
  execFileSync(PYTHON, ['-c', script, join(dir, name)])
}

test('pip installs what pip-requirements.txt names, from the wheel beside it, before the boot file runs', async (t: TestContext) => {
  const { at, dir } = stage(t, runtime, 'import tiny_rw\nprint("own", tiny_rw.WORD)\n')
  wheel(at('code/net'))
  writeFileSync(at('code/net/pip-requirements.txt'), 'tiny-rw==1.0\n')
  mkdirSync(at('site'))
  const environment = {
    MA_SCRIPT_INTERPRETER: PYTHON,
    PIP_TARGET: at('site'),
    PYTHONPATH: at('site'),
    PIP_NO_INDEX: '1',
  }
  const command = { mode: 'boot' as const, boot_file: at('code/net/train.py'), args: [], per_device: false }
  await using server = await new TestServer(dir, { command, environment }).listen()
  await using task = startTask(runtime, dir)
  assert.equal((await task.ended).code, 0, server.text())
  assert.deepEqual(own(server.text()), ['own from the wheel'])
})
