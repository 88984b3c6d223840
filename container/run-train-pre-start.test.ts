// What lies beside the boot file and runs before it.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { isAlive, tableText, testRuntime } from './launcher-fixture.ts'
import { PRINT, ranksOf, stage } from './run-train-fixture.ts'

const runtime = await testRuntime()

test('ma-pre-start.sh runs in the folder of the code, and what it exports and unsets holds for all ranks', async (t) => {
  const { start, table, at } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [0, 1] }))
  writeFileSync(
    at('code/net/ma-pre-start.sh'),
    'echo "in $PWD"\nexport ASCEND_GLOBAL_LOG_LEVEL=1 TWO_LINES="a\nb"\nNOT_EXPORTED=1\nunset GONE\nset -- x\nexit 0\n',
  )
  const { code, output } = await start({ GONE: '1', TMPDIR: at('out') }, [
    'ASCEND_GLOBAL_LOG_LEVEL,NOT_EXPORTED,GONE,ROPEWAY_PRE_START_ENV,TWO_LINES',
  ]).ended
  assert.equal(code, 0, output)
  assert.ok(output.includes(`in ${at('code')}\n`), output)
  assert.deepEqual(ranksOf(output), [
    `in ${at('code')}`,
    ...['1 None None None a', 'b', '1 None None None a', 'b'],
  ])
  assert.deepEqual(
    readdirSync(at('out')).filter((name) => name.startsWith('pre-start-')),
    [],
  )
})

test('ma-pre-start.py runs too; one that fails is told of, and the training starts', async (t) => {
  const { start, table, at } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [0] }))
  writeFileSync(at('code/net/ma-pre-start.py'), 'import sys\nprint("from python", flush=True)\nsys.exit(3)\n')
  const { code, output } = await start({}, ['RANK_ID']).ended
  assert.equal(code, 0, output)
  assert.match(output, /from python\n/)
  assert.match(
    output,
    /WARNING - ma-pre-start\.py ended with exit code 3; the training is started all the same/,
  )
  assert.ok(ranksOf(output).includes('0'))
})

test('SIGTERM while it runs ends it, and no rank starts', async (t) => {
  const { start, table, at } = stage(t, runtime, `open(${JSON.stringify('started')}, "w")\n`)
  table(tableText({ 'p-0': [0] }))
  writeFileSync(at('code/net/ma-pre-start.sh'), 'echo up\nsleep 60\n')
  const running = start()
  await running.saw(/^up$/m)
  running.child.kill('SIGTERM')
  assert.equal((await running.ended).code, 143)
  assert.ok(!existsSync(at('mnt/workspace/device0/started')))
})

test('a service that ma-pre-start.sh starts lives and is heard until the ranks have ended, then is ended by name', async (t) => {
  const script = `import os, time
open("../../../go", "w").close()
for _ in range(1000):
    if not os.path.exists("../../../heard"): time.sleep(0.01)
`
  const { start, table, at } = stage(t, runtime, script)
  table(tableText({ 'p-0': [0] }))
  writeFileSync(
    at('code/net/ma-pre-start.sh'),
    `sh -c 'echo $$; until [ -e ${at('go')} ]; do sleep 0.05; done; echo service; : > ${at('heard')}; exec sleep 62' &\n`,
  )
  const { code, output } = await start().ended
  assert.equal(code, 0, output)
  const [pid, ...others] = ranksOf(output)
  assert.deepEqual(others, ['service'])
  assert.match(output, new RegExp(`INFO - .*; ended is: ${pid} \\(sleep 62\\)`))
  assert.ok(output.indexOf('ended is:') > output.indexOf('Begin destroy training processes'))
  assert.equal(isAlive(Number(pid)), false)
})
