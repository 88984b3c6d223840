// How a failure ends, beyond the vectors of test/vectors: its last word, and children that hide.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isAlive, tableText, testRuntime } from './launcher-fixture.ts'
import { stage } from './run-train-fixture.ts'

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
