// bin/ropeway.js, the file people start: on our Node and on an older one.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { JobScript } from './job-script.ts'
import { start } from './ropeway.ts'
import { JOB_ID, StubServer } from './stub-server.ts'

const BIN = fileURLToPath(new URL('../../bin/ropeway.js', import.meta.url))
const pretend = (name: string, value: string) =>
  `data:text/javascript,Object.defineProperty(process,'${name}',{value:${value}})`
/** A Node that says it is version 20: nothing else about it matters to the script. */
const OLD_NODE = ['--import', pretend('versions', "{...process.versions,node:'20.20.2'}"), BIN]
const version = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version

for (const [title, node] of [
  ['our Node', [BIN]],
  ['an older Node', OLD_NODE],
] as const) {
  test(`on ${title} it prints the version and passes exit codes on`, async () => {
    const shown = await start(['--version'], {}, '', node).ended
    assert.deepEqual(shown, { code: 0, stdout: `${version}\n`, stderr: '' })
    assert.equal((await start(['nonsense'], {}, '', node).ended).code, 2)
  })

  test(`on ${title} a signal reaches the program`, async () => {
    const script = new JobScript()
    script.phase('Running')
    await using server = await new StubServer(script.handler).start()
    const waiting = start(['job', 'wait', JOB_ID], server.env, '', node)
    while (server.requests.length < 3) await new Promise((resolve) => setImmediate(resolve))
    waiting.child.kill('SIGTERM')
    assert.equal((await waiting.ended).code, 143)
  })
}

test('on an older Node the program ends when the file people started is killed', async () => {
  const script = new JobScript()
  script.phase('Running')
  await using server = await new StubServer(script.handler).start()
  const waiting = start(['job', 'wait', JOB_ID], server.env, '', OLD_NODE)
  while (server.requests.length < 3) await new Promise((resolve) => setImmediate(resolve))
  // The pipes close when the last process that holds them is gone, the program included.
  waiting.child.kill('SIGKILL')
  await once(waiting.child, 'close')
})

test('elsewhere than on Linux it refuses and says where it runs', async () => {
  const { code, stderr } = await start(['--help'], {}, '', ['--import', pretend('platform', "'darwin'"), BIN])
    .ended
  assert.equal(code, 1)
  assert.match(stderr, /runs on Linux only, and this is darwin\n {2}Use a Linux/)
})
