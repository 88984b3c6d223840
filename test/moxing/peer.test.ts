// moxing against a store that misbehaves, or is none.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { until } from '../e2e/harness.ts'
import { askPeer, listing, type Reply } from './peer.ts'
import { python } from './python.ts'

let dir = ''
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mox-'))
})
after(async () => await rm(dir, { recursive: true, force: true }))

const against = (reply: Reply, script: string, env: Record<string, string> = {}, launcher = false) =>
  askPeer(dir, reply, script, env, launcher)

test('busy answers are asked again, with one line about it', async () => {
  const { stdout, stderr, seen } = await against(
    (_, response, nth) =>
      response
        .writeHead(nth < 3 ? 503 : 200, { etag: '"e"' })
        .end(nth < 3 ? '<Error><Code>SlowDown</Code></Error>' : 'ok'),
    `print(f.read('obs://b/k'), f.read('obs://b/k'))`,
  )
  assert.equal(stdout, 'ok ok\n')
  assert.equal(seen.length, 4)
  assert.match(stderr, /^moxing: [^\n]*503 SlowDown[^\n]*\n$/)
})

test('a refusal is told at once with status, code and message', async () => {
  const { stdout, seen } = await against(
    (_, response) =>
      response
        .writeHead(403)
        .end('<Error xmlns="urn:x"><Code>AccessDenied</Code><Message>not yours</Message></Error>'),
    `
try:
    f.write('obs://b/k', 'x' * 3000000)
except f.MoxFileRespException as error:
    print(error.resp.status, error.resp.errorCode, error.resp.errorMessage, '|', error)`,
  )
  assert.equal(
    stdout,
    '403 AccessDenied not yours | obs://b/k: 403 AccessDenied (not yours; PUT is refused to this task)\n',
  )
  assert.equal(seen.length, 1)
})

test('a body that breaks off is taken up where it broke', async () => {
  const whole = Buffer.alloc(300_000, 'abcdefg')
  const { stdout, seen } = await against(
    (request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      response.writeHead(from === 0 ? 200 : 206, { etag: '"e"', 'content-length': whole.length - from })
      response.write(whole.subarray(from, Math.min(from + 100_000, whole.length)), () => {
        if (from + 100_000 < whole.length) request.socket.end()
        else response.end()
      })
    },
    `print(f.read('obs://b/k') == ('abcdefg' * 50000)[:300000])
h = f.File('obs://b/k', 'rb')
print(len(h.read()))`,
  )
  assert.equal(stdout, 'True\n300000\n')
  assert.deepEqual(seen, [
    'GET /b/k',
    'GET /b/k bytes=100000-',
    'GET /b/k bytes=200000-',
    // A store that ignores the end of a range is taken for one that knows none: read once from start to end.
    'GET /b/k bytes=0-262143',
    'GET /b/k',
    'GET /b/k bytes=100000-',
    'GET /b/k bytes=200000-',
  ])
})

test('an object replaced while it is read is read again from its start', async () => {
  const { stdout } = await against((request, response, nth) => {
    const ranged = request.headers.range !== undefined
    response.writeHead(ranged ? 206 : 200, {
      etag: nth === 1 ? '"old"' : '"new"',
      'content-length': ranged ? 3 : 6,
    })
    if (nth === 1) response.write('OLD', () => request.socket.end())
    else response.end(ranged ? 'new' : 'newnew')
  }, `print(f.read('obs://b/k'))`)
  assert.equal(stdout, 'newnew\n')
})

test('a store that stays away ends the call, and no half file is left', async () => {
  const { stdout } = await against(
    (request, response) => {
      if (request.url?.includes('prefix=')) return void response.end(listing(['d/a', 'd/b']))
      if (request.method === 'HEAD') return void response.writeHead(404).end()
      response.writeHead(200, { etag: '"e"', 'content-length': 10 })
      response.write('half', () => request.socket.destroy())
    },
    `
os.mkdir(here + '/half')
try:
    f.copy_parallel('obs://b/d', here + '/half')
except f.MoxFileReadException as error:
    print(error)`,
    { ROPEWAY_RETRY_SECONDS: '0.5' },
  )
  assert.match(stdout, /^obs:\/\/b\/d\/[ab]: 200 .*broke off|ended after/)
  assert.deepEqual(await readdir(join(dir, 'half')), [])
})

const STRANGE: ReadonlyArray<readonly [string, Reply, RegExp]> = [
  [
    'a web page with 200',
    (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html><p>Welcome'),
    /^MoxFileReadException .*no answer of an object store.*<html>/,
  ],
  [
    'a redirect to itself',
    (request, response) => response.writeHead(302, { location: request.url }).end(),
    /^MoxFileRespException obs:\/\/b\/: 302 Found/,
  ],
  [
    'a refusal that never ends',
    (_, response) => {
      response.writeHead(400)
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536, 'x')));
      }
      response.on('drain', more)
      more()
    },
    /^MoxFileRespException obs:\/\/b\/: 400 Bad Request \(x{200}\)/,
  ],
]
for (const [title, reply, told] of STRANGE)
  test(`${title}, in place of a list: a clear end, and no file`, async () => {
    const { stdout } = await against(
      (...args) => (args[0].method === 'HEAD' ? void args[1].writeHead(404).end() : reply(...args)),
      `
try:
    f.copy_parallel('obs://b/d', here + '/strange')
except f.MoxFileException as error:
    print(type(error).__name__, error)
print(os.path.exists(here + '/strange'))`,
    )
    assert.match(stdout, told)
    assert.match(stdout, /\nFalse\n$/)
  })

for (const launcher of [false, true])
  test(`every second request is throttled: ${launcher ? 'the launcher' : 'the script'} gets through`, async () => {
    const names = Array.from({ length: 12 }, (_, at) => `d/n${at}`)
    const { stdout, stderr, seen } = await against(
      (request, response, nth) => {
        if (nth % 2 === 1) return void response.writeHead(503, { 'retry-after': '0' }).end()
        if (request.url?.includes('prefix=')) return void response.end(listing(names))
        if (request.method === 'HEAD') return void response.writeHead(404).end()
        response.writeHead(200, { etag: '"e"', 'content-length': 1 }).end('x')
      },
      `
f.copy_parallel('obs://b/d', here + '/throttled-${launcher}', threads=1)
print(len(os.listdir(here + '/throttled-${launcher}')))`,
      {},
      launcher,
    )
    assert.equal(stdout, '12\n', stderr)
    assert.ok(seen.length > 24, seen.join('\n'))
  })

test('a script that is killed while the launcher moves its files leaves nothing aside', async () => {
  const names = Array.from({ length: 12 }, (_, at) => `d/n${at}`)
  const cut: Array<Promise<unknown>> = []
  const ended = await against(
    (request, response) => {
      if (request.url?.includes('prefix=')) return void response.end(listing(names))
      if (request.method === 'HEAD') return void response.writeHead(404).end()
      response.writeHead(200, { etag: '"e"', 'content-length': 1 })
      response.flushHeaders()
      cut.push(once(response, 'close'))
      writeFileSync(join(dir, 'asked'), '')
    },
    `
import signal, threading, time
def kill():
    while not os.path.exists(here + '/asked'):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
threading.Thread(target=kill).start()
f.copy_parallel('obs://b/d', here + '/killed')`,
    {},
    true,
  )
  assert.equal(ended.code, null)
  assert.ok(cut.length > 0)
  await Promise.all(cut)
  await until('nothing is aside', async () => (await readdir(join(dir, 'killed'))).length === 0)
})

for (const key of ['d/../../escape', 'd//etc/passwd', 'd/./x', 'd/a/..'])
  test(`the key ${key} is refused before anything is written`, async () => {
    const { stdout } = await against(
      (request, response) =>
        request.method === 'HEAD'
          ? void response.writeHead(404).end()
          : void response.end(listing(['d/ok', key])),
      `
try:
    f.copy_parallel('obs://b/d', here + '/refused')
except ValueError as error:
    print(error)`,
    )
    assert.match(stdout, /refused: it does not name a file inside/)
    assert.ok(!(await readdir(dir)).some((name) => name === 'refused' || name === 'escape'))
  })

test('without a socket the message names the variable and what to do', async () => {
  for (const [env, says] of [
    [{}, /^MoxFileConnectionException no object store is known\. .*ROPEWAY_DATA.*S3_ENDPOINT/],
    [
      { ROPEWAY_TASK_SOCKET: '/nowhere/task.sock' },
      /^MoxFileConnectionException obs:\/\/b\/k: .*task\.sock, is not there\. Run .*set ROPEWAY_TASK_SOCKET/,
    ],
  ] as [Record<string, string>, RegExp][]) {
    const ended = await python(
      `
try:
    f.read('obs://b/k')
except OSError as error:
    print(type(error).__name__, error)`,
      { env: { HOME: '/nowhere', ...env } },
    )
    assert.match(ended.stdout, says)
  }
})
