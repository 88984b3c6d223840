import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAlive, startTask, tableText, testRuntime } from './launcher-fixture.ts'
import { markedProcesses, PRINT, ranksOf, stage, WAITING } from './run-train-fixture.ts'
import { TestServer } from './task-server-fixture.ts'

const runtime = await testRuntime()

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
    const { start, table, at } = stage(t, runtime, script)
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

test('the last word on a failure says which rank, where, what its code means and what it printed last', async (t) => {
  const script = `import os, sys, time
if os.environ["RANK_ID"] == "1":
    print(*[f"line {n}" for n in range(40)], sep="\\n")
    print("out of luck", file=sys.stderr, flush=True)
    os.kill(os.getpid(), 11)
time.sleep(60)
`
  const { start, table, at } = stage(t, runtime, script)
  table(tableText({ 'p-0': [0, 1] }))
  const { output } = await start().ended
  for (const text of [output, readFileSync(at('out/train.log'), 'utf8')]) {
    const last = text.slice(text.indexOf('End destroy training processes'))
    assert.match(last, /ERROR - rank 1 \(device 1\) on 10\.0\.0\.10 failed first: exit code 139: crashed/)
    assert.match(last, /- {3}line 39\n.*- {3}out of luck\n/)
    assert.ok(last.includes('line 21\n') && !last.includes('line 20\n'), 'twenty lines are shown')
  }
})

test('a rank that ignores SIGTERM is killed after the grace', async (t) => {
  const script = `import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("up", "w").close()
while os.environ["RANK_ID"] == "0" and not os.path.exists("../device1/up"): time.sleep(0.01)
if os.environ["RANK_ID"] == "0": os._exit(9)
time.sleep(60)
`
  const { start, table } = stage(t, runtime, script)
  table(tableText({ 'p-0': [0, 1] }))
  const { code, output } = await start({ ROPEWAY_GRACE: '0.3' }).ended
  assert.equal(code, 9, output)
})

test('a grandchild that has another session, another parent and an empty environment is ended too', async (t) => {
  const script = `import os, sys, time
if os.environ["RANK_ID"] == "1":
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
        os.set_inheritable(write, True)
        os.execve("/bin/sh", ["sh", "-c", f"echo $$ >&{write}; exec {write}>&- >/dev/null 2>&1; exec sleep 60"], {})
    open("../grandchild", "wb").write(os.read(read, 32))
while not os.path.exists("../grandchild"): time.sleep(0.01)
if os.environ["RANK_ID"] == "0": sys.exit(4)
time.sleep(60)
`
  const { start, table, at } = stage(t, runtime, script)
  table(tableText({ 'p-0': [0, 1] }))
  const { code, output } = await start().ended
  assert.equal(code, 4, output)
  const pid = Number(readFileSync(at('mnt/workspace/grandchild'), 'utf8'))
  assert.ok(pid > 1)
  assert.equal(isAlive(pid), false)
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
    const { start, table, at } = stage(t, runtime, script)
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
    runtime,
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
  const { dir, table, at, start } = stage(t, runtime, script.replace('3 if r == "0" else 0', '0'))
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
