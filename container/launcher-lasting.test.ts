import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { listStreams, readFrom } from '../src/lib/spool-segments.ts'
import { isAlive, scratch, startTask, testRuntime } from './launcher-fixture.ts'
import { output, TestServer } from './task-server-fixture.ts'

const runtime = await testRuntime()
const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')
const shell = (command: string, ...args: string[]) => ({ mode: 'shell', command, args }) as const
const lines = (text: string) =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('[ModelArts'))

test('the server goes away during the run and comes back: no byte is lost or doubled', async () => {
  using place = scratch()
  const command = shell(
    'i=0; while [ $i -lt 40000 ]; do echo "line $i of the output"; i=$((i+1)); [ $((i % 8000)) = 0 ] && sleep 0.1; done; echo over',
  )
  await using server = await new TestServer(place.dir, { command }).listen()
  let cuts = 0
  // Some appends are taken without the launcher hearing of it, others are lost.
  server.onAppend = () => (++cuts % 5 === 0 ? 'take-and-cut' : cuts % 7 === 0 ? 'cut' : 'take')
  await using task = startTask(runtime, place.dir)
  for (const mark of [2000, 15000, 30000]) {
    await server.saw(new RegExp(`line ${mark} `))
    await server.away()
    await server.listen()
  }
  const { code } = await task.ended
  assert.equal(code, 0)
  const expected = [...Array.from({ length: 40000 }, (_, i) => `line ${i} of the output`), 'over']
  assert.equal(sha256(lines(server.text()).join('\n')), sha256(expected.join('\n')))
  assert.ok(
    server.appends.some(({ status }) => status === 409),
    'an append was answered 409 and sent again',
  )
})

test('what the server never took stands in the spool after the end', async () => {
  using place = scratch()
  await using server = await new TestServer(place.dir, {
    command: shell('echo one; while [ ! -e go ]; do sleep 0.02; done; echo two; exit 3'),
  }).listen()
  await using task = startTask(runtime, place.dir)
  await server.saw(/one\n/)
  await server.away()
  writeFileSync(join(place.dir, 'go'), '')
  const { code } = await task.ended
  assert.equal(code, 3)
  const spool = join(place.dir, 'spool')
  assert.deepEqual(await listStreams(spool), ['task'])
  const { bytes, gapBytes } = await readFrom(spool, 'task', server.text().length, 1 << 20)
  assert.equal(gapBytes, 0)
  assert.match(bytes.toString(), /^two\n/)
  assert.deepEqual(
    readdirSync(spool).filter((name) => name.startsWith('pipes-') || name.endsWith('.sock')),
    [],
  )
})

test('a server that is away at first is asked until it answers', async () => {
  using place = scratch()
  await using task = startTask(runtime, place.dir)
  await using server = new TestServer(place.dir, { command: shell('exit 5') })
  await server.listen()
  assert.equal((await task.ended).code, 5)
})

test('SIGTERM before the server answered exits 143', async (t) => {
  using place = scratch()
  const silent = createServer().listen(join(place.dir, 'task.sock'))
  t.after(() => silent.close())
  await using task = startTask(runtime, place.dir)
  const [asked] = await once(silent, 'connection')
  t.after(() => asked.destroy())
  task.child.kill('SIGTERM')
  const { code, output } = await task.ended
  assert.equal(code, 143, output)
})

for (const [title, command] of [
  ['a program that dies of it', 'echo up; sleep 60'],
  ['a program that calls it success', 'trap "exit 0" TERM; echo up; while :; do sleep 0.02; done'],
  ['a program that ignores it, after the grace', 'trap "" TERM; echo up; while :; do sleep 0.02; done'],
] as const) {
  test(`SIGTERM: exit 143 for ${title}, what it wrote is uploaded, and no marker says that it is whole`, async () => {
    using place = scratch()
    const outputs = [output('o', 'obs://b1b/out/', join(place.dir, 'out'))]
    await using server = await new TestServer(place.dir, {
      command: shell(`echo $$ > pid; echo x > out/f; ${command}`),
      grace_s: 1,
      outputs,
    }).listen()
    await using task = startTask(runtime, place.dir)
    await server.saw(/up\n/)
    task.child.kill('SIGTERM')
    task.child.kill('SIGTERM')
    assert.equal((await task.ended).code, 143)
    assert.equal(isAlive(Number(readFileSync(join(place.dir, 'pid'), 'utf8'))), false)
    assert.deepEqual([...server.objects.keys()], ['b1b/out/f'])
    assert.equal((await server.reported(({ kind }) => kind === 'end')).kind, 'end')
  })
}

test('a daemon that keeps the output open does not hold the task, and is ended', async () => {
  const before = performance.now()
  using place = scratch()
  await using server = await new TestServer(place.dir, {
    command: shell(
      'setsid sh -c "echo \\$\\$ > pid; exec sleep 60" & while [ ! -s pid ]; do sleep 0.01; done; echo done; exit 4',
    ),
  }).listen()
  await using task = startTask(runtime, place.dir)
  assert.equal((await task.ended).code, 4)
  assert.ok(performance.now() - before < 4000)
  assert.equal(isAlive(Number(readFileSync(join(place.dir, 'pid'), 'utf8'))), false)
  assert.deepEqual(lines(server.text()), ['done'])
})
