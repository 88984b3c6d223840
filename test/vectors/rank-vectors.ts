// 38 and 44 to 50: real processes under the real launcher.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, startTask, tableText, testRuntime } from '../../container/launcher-fixture.ts'
import { markedProcesses, PRINT, ranksOf, stage, WAITING } from '../../container/run-train-fixture.ts'
import { TestServer } from '../../container/task-server-fixture.ts'
import { one, own, type Vector } from './vector.ts'

const runtime = await testRuntime()
const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')

/** Rank 2 of four ends by `end`, once all are up; rank 1 has a child in another session, rank 0 ends well when it is told. */
const failing = (end: string): string => `import os, signal, subprocess, sys, time
rank = os.environ["RANK_ID"]
if rank == "1": subprocess.Popen(["sleep", "60"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
if rank == "0": signal.signal(signal.SIGTERM, lambda *_: (print("told", flush=True), sys.exit(0)))
if rank == "3": signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("pid", "w").write(str(os.getpid()))
while rank == "2" and not all(os.path.exists(f"../device{d}/pid") for d in range(4)): time.sleep(0.01)
if rank == "2": ${end}
time.sleep(60)
`

export const RANK_VECTORS: readonly Vector[] = [
  {
    id: '38',
    what: 'a pod that is not in the table reads which are; without a name the only one is taken and of two none',
    run: async (t) => {
      const pods = [0, 1].map((n) => ({ pod: `w-${n}`, server: `s${n}`, ids: ['4'] }))
      assert.deepEqual(own(one(...pods), { podName: 'w-1' }), ['1/4/0'])
      assert.deepEqual(own(one(pods[0]!), {}), ['0/4/0'])
      const { start, table } = stage(t, runtime, PRINT)
      table(one(...pods))
      for (const [name, got] of [
        ['w-7', 'got "w-7"; valid: a pod of the rank table (w-0, w-1)'],
        [
          'UNSET',
          'got nothing in BATCH_TASK_CURRENT_INSTANCE or MA_CURRENT_INSTANCE_NAME; valid: one of the 2 pods',
        ],
      ] as const) {
        const { code, output } = await start({ BATCH_TASK_CURRENT_INSTANCE: name }).ended
        assert.equal(code, 123)
        assert.ok(output.includes(got), output)
      }
    },
  },
  {
    id: '44',
    what: 'a rank that exits 7 or crashes ends the others, also one that ignores SIGTERM and a child in another session',
    run: async (t) => {
      for (const [end, expected] of [
        ['sys.exit(7)', 7],
        ['os.kill(os.getpid(), 11)', 139],
      ] as const) {
        const { start, table, at } = stage(t, runtime, failing(end))
        table(tableText({ 'p-0': [0, 1, 2, 3] }))
        const { code, output } = await start({ ROPEWAY_GRACE: '0.3' }).ended
        assert.equal(code, expected, output)
        assert.match(output, /proc-rank-2-device-2 \(pid: \d+\) has exited with non-zero code/)
        assert.ok(ranksOf(output).includes('told'))
        for (const device of [0, 1, 2, 3])
          assert.equal(isAlive(Number(readFileSync(at(`mnt/workspace/device${device}/pid`), 'utf8'))), false)
        assert.deepEqual(markedProcesses(at('mnt')), [])
      }
    },
  },
  {
    id: '45',
    what: 'SIGTERM while it waits, starts ranks or runs them, twice, exits 143 and leaves nobody behind',
    run: async (t) => {
      const sleeps = 'import time\nprint("up", flush=True)\ntime.sleep(60)\n'
      const endsWell = `import signal, sys\nsignal.signal(15, lambda *_: sys.exit(0))\n${sleeps}`
      for (const [ready, script, hasTable] of [
        [WAITING, PRINT, false],
        [/bootstrap/, sleeps, true],
        [/^up$/m, sleeps, true],
        [/^up$/m, endsWell, true],
      ] as const) {
        const { start, table, at } = stage(t, runtime, script)
        if (hasTable) table(tableText({ 'p-0': [0, 1, 2, 3, 4, 5, 6, 7] }))
        const process = start()
        await process.saw(ready)
        process.child.kill('SIGTERM')
        process.child.kill('SIGTERM')
        const { code, output } = await process.ended
        assert.equal(code, 143, output)
        assert.match(output, /Training end with return code: 143/)
        assert.deepEqual(markedProcesses(at('mnt')), [])
      }
    },
  },
  {
    id: '46',
    what: '200,000 lines from each of 8 ranks at their end: none is lost, none is mixed',
    run: async (t) => {
      const script =
        'import os, sys\nr = os.environ["RANK_ID"]\nsys.stdout.write("".join(f"{r}:{i}\\n" for i in range(200000)))\nsys.stdout.flush()\nos._exit(0)\n'
      const { dir, table, at } = stage(t, runtime, script)
      table(tableText({ 'p-0': [0, 1, 2, 3, 4, 5, 6, 7] }))
      const argv = [
        'bash',
        join(runtime, 'run_train.sh'),
        at('code/net'),
        'net/train.py',
        at('out/train.log'),
      ]
      const places = { RANK_TABLE_FILE: at('config'), MA_HOME: at('home'), MA_MOUNT_PATH: at('mnt') }
      const environment = { ...places, BATCH_TASK_LOG_PATH: at('log'), BATCH_JOB_ID: 'job0' }
      await using server = await new TestServer(dir, {
        command: { mode: 'exec', argv },
        environment,
      }).listen()
      await using task = startTask(runtime, dir)
      assert.equal((await task.ended).code, 0, server.text().slice(-3000))
      const whole = (rank: number) => Array.from({ length: 200_000 }, (_, i) => `${rank}:${i}\n`).join('')
      for (let rank = 0; rank < 8; rank++) {
        const file = at(`log/job0-proc-rank-${rank}-device-${rank}.txt`)
        assert.equal(sha256(server.logs.get(`rank-${rank}`)!), sha256(whole(rank)))
        assert.equal(sha256(readFileSync(file)), sha256(whole(rank)))
      }
      for (const text of [server.text(), readFileSync(at('out/train.log'), 'utf8')]) {
        const byRank = Map.groupBy(ranksOf(text), (line) => line.split(':')[0])
        assert.equal(byRank.size, 8)
        for (const [rank, lines] of byRank)
          assert.equal(sha256(`${lines.join('\n')}\n`), sha256(whole(Number(rank))))
      }
    },
  },
  {
    id: '47',
    what: 'a rank that closes its output but lives is waited for; a daemon that keeps it open is not',
    run: async (t) => {
      // It ends well: a failure would end the daemon with the ranks, whatever it holds.
      const script =
        'import os, subprocess, time\nprint(subprocess.Popen(["sleep", "60"]).pid, flush=True)\nos.close(1); os.close(2)\ntime.sleep(0.2)\nos._exit(0)\n'
      const { start, table } = stage(t, runtime, script)
      table(tableText({ 'p-0': [0] }))
      const startMs = performance.now()
      const { code, output } = await start().ended
      assert.equal(code, 0)
      const [daemon] = ranksOf(output)
      assert.match(
        output,
        new RegExp(
          `the program has ended, and others keep its output open; ended is: ${daemon} \\(sleep 60\\)`,
        ),
      )
      assert.equal(isAlive(Number(daemon)), false)
      assert.ok(performance.now() - startMs < 30_000, 'not for as long as the daemon would have lived')
    },
  },
  {
    id: '48',
    what: 'HCCL_CONNECT_TIMEOUT is 1800 unless the user set it',
    run: async (t) => {
      const { start, table } = stage(t, runtime, PRINT)
      table(tableText({ 'p-0': [0] }))
      const given = await start({ HCCL_CONNECT_TIMEOUT: '600' }, ['HCCL_CONNECT_TIMEOUT']).ended
      const usual = await start({}, ['HCCL_CONNECT_TIMEOUT']).ended
      assert.deepEqual([ranksOf(given.output), ranksOf(usual.output)], [['600'], ['1800']])
    },
  },
  {
    id: '49',
    what: 'who starts ranks right after a launcher has ended finds none of the former ones',
    run: async (t) => {
      const script = `import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.path.exists("pid"):
    try: os.kill(int(open("pid").read()), 0); print("still there", flush=True)
    except ProcessLookupError: print("gone", flush=True)
    sys.exit(0)
open("pid.new", "w").write(str(os.getpid())); os.rename("pid.new", "pid")
while os.environ["RANK_ID"] == "0" and not os.path.exists("../device1/pid"): time.sleep(0.01)
if os.environ["RANK_ID"] == "0": os._exit(9)
time.sleep(60)
`
      const { start, table } = stage(t, runtime, script)
      table(tableText({ 'p-0': [0, 1] }))
      assert.equal((await start({ ROPEWAY_GRACE: '0.2' }).ended).code, 9)
      assert.deepEqual(ranksOf((await start().ended).output), ['gone', 'gone'])
    },
  },
  {
    id: '50',
    what: 'numbers of ranks from an outer shell are overwritten',
    run: async (t) => {
      const { start, table } = stage(t, runtime, PRINT)
      table(tableText({ 'p-0': [0] }))
      const outer = { RANK_ID: '9', RANK_SIZE: '9', DEVICE_ID: '9', ASCEND_DEVICE_ID: '9' }
      const { output } = await start(outer, [Object.keys(outer).join(',')]).ended
      assert.deepEqual(ranksOf(output), ['0 1 0 0'])
    },
  },
]
