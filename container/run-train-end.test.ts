// How a failure ends, beyond the vectors of test/vectors: its last word, and children that hide.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { isAlive, PATH, tableText, testRuntime } from './launcher-fixture.ts'
import { ranksOf, stage } from './run-train-fixture.ts'

const runtime = await testRuntime()

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

test('a grandchild that has another session, another parent and an empty environment is ended too', async (t) => {
  const script = `import os, sys, time
if os.environ["RANK_ID"] == "1":
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
        os.set_inheritable(write, True)
        os.execve("/bin/sh", ["sh", "-c", f"echo $$ >&{write}; exec {write}>&- >/dev/null 2>&1; exec sleep 60"], {})
    open("../new", "wb").write(os.read(read, 32))
    os.rename("../new", "../grandchild")
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

test('a rank and its children have SIGTERM once, whether a peer failed or the task is stopped', async (t) => {
  // Counts each delivery: a byte goes into the pipe from within the signal handler.
  const script = `import os, select, signal, sys, time
def count(name):
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    signal.signal(signal.SIGTERM, lambda *_: None)
    open(name, "w").close()
    if name == "first": print("up", flush=True)
    select.select([read], [], [])
    time.sleep(0.3)
    sys.stdout.write(f"{name} {len(os.read(read, 16))}\\n")
    sys.stdout.flush()
    os._exit(0)
if os.environ["RANK_ID"] == "0":
    while not all(os.path.exists(f"../device1/{name}") for name in ("rank", "child")): time.sleep(0.01)
    if sys.argv[1] == "stop": count("first")
    print("up", flush=True)
    sys.exit(9)
if os.fork() == 0: count("child")
count("rank")
`
  for (const how of ['fail', 'stop']) {
    const { start, table } = stage(t, runtime, script)
    table(tableText({ 'p-0': [0, 1] }))
    const running = start({}, [how])
    await running.saw(/^up$/m)
    if (how === 'stop') running.child.kill('SIGTERM')
    const { code, output } = await running.ended
    assert.equal(code, how === 'fail' ? 9 : 143, output)
    const first = how === 'fail' ? [] : ['first 1']
    assert.deepEqual(ranksOf(output).sort(), ['child 1', ...first, 'rank 1', 'up'], output)
  }
})

test('a rank that cannot be started is the reason, and those that were ended for it are not', async (t) => {
  const { start, table, at } = stage(t, runtime, 'import time\ntime.sleep(60)\n')
  table(tableText({ 'p-0': [0, 1, 2] }))
  mkdirSync(at('mnt/workspace'), { recursive: true })
  writeFileSync(at('mnt/workspace/device2'), '')
  const { code, output } = await start().ended
  assert.equal(code, 124, output)
  assert.match(
    output,
    /ERROR - rank 2 \(device 2\) cannot be started: the working folder .*device2 cannot be made: EEXIST/,
  )
  assert.doesNotMatch(output, /failed first|non-zero code/)
})

test('what ranks leave behind when they end well is ended too, and named', async (t) => {
  const script = `import os, subprocess
child = subprocess.Popen(["sleep", "61"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(child.pid, flush=True)
`
  const { start, table } = stage(t, runtime, script)
  table(tableText({ 'p-0': [0] }))
  const { code, output } = await start().ended
  assert.equal(code, 0, output)
  const [pid] = ranksOf(output)
  assert.match(
    output,
    new RegExp(`INFO - all ranks have ended, and others are left; ended is: ${pid} \\(sleep 61\\)`),
  )
  assert.equal(isAlive(Number(pid)), false)
})

test('ranks wait for whoever reads our output slowly: memory does not grow with what they print', async (t) => {
  const { table, at } = stage(t, runtime, '')
  table(tableText({ 'p-0': [0] }))
  const rank =
    'head -c 200000000 /dev/zero | tr "\\0" x | fold -w 999; grep VmHWM /proc/$PPID/status > "$HIGH"'
  const reader = 'import sys, time\nwhile sys.stdin.buffer.read(1 << 20): time.sleep(0.004)'
  const script = '"$1" ranks -- sh -c "$2" | python3 -c "$3"'
  const env = {
    ...{
      PATH,
      HIGH: at('high'),
      RANK_TABLE_FILE: at('config'),
      MA_MOUNT_PATH: at('mnt'),
      MA_HOME: at('home'),
    },
    ...{ BATCH_TASK_LOG_PATH: at('log'), ROPEWAY_RUNTIME_DIR: runtime, TMPDIR: at('log') },
  }
  await promisify(execFile)('sh', ['-c', script, 'sh', join(runtime, 'launcher'), rank, reader], { env })
  const megabytes = Number(/(\d+) kB/.exec(readFileSync(at('high'), 'utf8'))?.[1]) / 1024
  assert.ok(megabytes > 10 && megabytes < 130, `${megabytes} MB`)
})
