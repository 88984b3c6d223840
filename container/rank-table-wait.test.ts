// Waiting for a rank table: what is said meanwhile, where it is looked for, and faults that pass.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { PATH, scratch, TestProcess, tableText, testRuntime } from './launcher-fixture.ts'
import { PRINT, ranksOf, stage } from './run-train-fixture.ts'

const runtime = await testRuntime()

test('while it waits the launcher says again and again which tasks are missing', async (t) => {
  const { start, table } = stage(t, runtime, PRINT)
  const ready = JSON.parse(tableText({ 'p-0': [0], 'p-1': [0] }, 'initializing'))
  ready.group_list[0].instance_list[1].server_id = ''
  table(JSON.stringify(ready))
  const waiting = start({ ROPEWAY_RANK_TABLE_INTERVAL: '0.2' }, ['RANK_SIZE'])
  const line =
    'Wait for Rank table file ready: \\S+: status: got "initializing"; valid: "completed". 1 of 2 tasks have an address; not yet: p-1\n'
  await waiting.saw(new RegExp(`${line}.*${line}`))
  table(tableText({ 'p-0': [0], 'p-1': [0] }))
  const { code, output } = await waiting.ended
  assert.deepEqual([code, ranksOf(output)], [0, ['2']])
})

test('a number that cannot be meant is refused with its value and what is valid', async (t) => {
  const { start, table } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [0] }))
  for (const [name, value] of [
    ['ROPEWAY_RANK_TABLE_TIMEOUT', '30m'],
    ['ROPEWAY_GRACE', '-1'],
    ['ROPEWAY_RANK_TABLE_INTERVAL', '0'],
    ['ROPEWAY_LOG_FILE_BYTES', '1.5'],
  ] as const) {
    const { code, output } = await start({ [name]: value }, ['RANK_SIZE']).ended
    assert.equal(code, 2, output)
    assert.match(output, new RegExp(`${name}: got "${value}"; valid: a number of (seconds|bytes)`))
    assert.deepEqual(ranksOf(output), [])
  }
  assert.equal((await start({ ROPEWAY_GRACE: '' }, ['RANK_SIZE']).ended).code, 0)
})

test('Ctrl-C ends with 130, and the log says the same', async (t) => {
  const { start } = stage(t, runtime, PRINT)
  const waiting = start()
  await waiting.saw(/Wait for Rank table/)
  waiting.child.kill('SIGINT')
  const { code, output } = await waiting.ended
  assert.equal(code, 130)
  assert.match(output, /stopped by SIGINT\n.*Training end with return code: 130\n/)
})

test('a table that could not be opened once is read later, though nobody touches it', async () => {
  using place = scratch()
  const path = join(place.dir, 'table.json')
  writeFileSync(path, tableText({ 'p-0': [0] }))
  const root = join(import.meta.dirname, '../src/launcher')
  const script = `import { closeSync, openSync } from 'node:fs'
import { waitForRankTable } from '${root}/rank-table-wait.ts'
const taken = []
try { for (;;) taken.push(openSync('/dev/null')) } catch {}
const said = []
const onWaiting = (detail) => { said.push(detail); for (const fd of taken.splice(0)) closeSync(fd) }
const never = new AbortController().signal
const result = await waitForRankTable({ path: '${path}', timeoutMs: 20000, sayEveryMs: 1500, onWaiting }, never)
console.log(said[0], result.state)
`
  // The first line comes when the file is too old to be read again for its age alone.
  const argv = [
    'sh',
    '-c',
    'ulimit -n 64; exec "$@"',
    'sh',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ]
  await using child = new TestProcess(argv, { PATH, NODE_NO_WARNINGS: '1' })
  const { output } = await child.ended
  assert.equal(output, 'the file cannot be read: EMFILE completed\n')
})

test("with no variable the table of MindCluster's folder is taken", async () => {
  using place = scratch()
  const config = join(place.dir, 'config')
  mkdirSync(config)
  writeFileSync(join(config, 'hccl.json'), tableText({ 'p-0': [4, 5] }))
  const folder = '/user/serverid/devindex/config'
  const root = ['--tmpfs', '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--dir', folder]
  const binds = ['--ro-bind', '/bin/busybox', '/bin/busybox', '--symlink', 'busybox', '/bin/sh']
  const own = ['--ro-bind', runtime, '/opt/ropeway', '--bind', config, folder, '--unshare-pid']
  const ranks = ['/opt/ropeway/launcher', 'ranks', '--', '/bin/sh', '-c', 'echo "$RANK_ID of $RANK_SIZE"']
  await using task = new TestProcess(['bwrap', ...root, ...binds, ...own, ...ranks], {
    PATH: '/bin:/usr/bin',
  })
  const { code, output } = await task.ended
  assert.equal(code, 0, output)
  assert.deepEqual(ranksOf(output).sort(), ['0 of 2', '1 of 2'])
  assert.ok(output.includes(`is ready for read: ${folder}/hccl.json`))
  assert.doesNotMatch(output, /RANK_TABLE_FILE is not set/)
})
