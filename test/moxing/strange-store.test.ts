// What answers is no object store, or refuses without a word: the script is told which of both, and who wanted what.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { askPeer, listing, type Reply } from './peer.ts'

let dir = ''
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mox-'))
})
after(async () => await rm(dir, { recursive: true, force: true }))

/** Tells how each of these calls ends, one line for each. */
const CALLS = `
open(here + '/up', 'w').close()
open(here + '/big', 'wb').truncate(17 << 20)
f.file_io._PARTIAL_MAXIMUM_SIZE = 16 << 20
def tell(name, function, *args, **more):
    try:
        print(name, 'gives', function(*args, **more))
    except f.MoxFileException as error:
        print(name, type(error).__name__, error)
tell('write', f.write, 'obs://b/d/k', 'x')
tell('up', f.copy, here + '/up', 'obs://b/d/k')
tell('parts', f.copy, here + '/big', 'obs://b/d/k')
tell('read', f.read, 'obs://b/d/k')
tell('down', f.copy, 'obs://b/d/k', here + '/down/k')
tell('open', f.File, 'obs://b/d/k')
tell('exists', f.exists, 'obs://b/d/k')
tell('inside', mox._store_write.copy_object, mox._urls.parse('obs://b/d/k'), mox._urls.parse('obs://b/e/k'), 1, None)
tell('remove', f.remove, 'obs://b/d/k')
tell('tree', f.remove, 'obs://b/d/', recursive=True)
tell('list', f.list_directory, 'obs://b/d/')
print(os.path.exists(here + '/down/k'))`

const page = '<!DOCTYPE html><html><body><p>Welcome</p></body></html>'
const PAGES: ReadonlyArray<readonly [string, Reply]> = [
  ['a web page', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page)],
  ['one of no type', (_, response) => response.end(page)],
  [
    'one that is XML, too',
    (_, response) => response.writeHead(200, { 'content-type': 'application/xhtml+xml' }).end('<html/>'),
  ],
]
for (const [title, reply] of PAGES)
  test(`${title} with 200, whatever is asked: every call fails, and nothing is taken for stored or read`, async () => {
    const { stdout, stderr, seen } = await askPeer(dir, reply, CALLS)
    const lines = stdout.split('\n')
    const names = [
      'write',
      'up',
      'parts',
      'read',
      'down',
      'open',
      'exists',
      'inside',
      'remove',
      'tree',
      'list',
    ]
    assert.deepEqual(
      lines
        .slice(0, names.length)
        .map((line) =>
          line.replace(/^(\w+ \w+) obs:\/\/b\/\S*: 200 this is no answer of an object store .*/, '$1'),
        ),
      names.map((name) => `${name} MoxFileReadException`),
      `${stdout}\n${stderr}`,
    )
    assert.equal(lines[names.length], 'False')
    assert.ok(seen.some((line) => line.startsWith('DELETE')) && seen.some((line) => line.startsWith('HEAD')))
  })

test('a success without an ETag and without a page is none either', async () => {
  const { stdout } = await askPeer(
    dir,
    (_, response) => response.end(),
    `
for call in (lambda: f.write('obs://b/k', 'x'), lambda: f.read('obs://b/k'), lambda: f.stat('obs://b/k')):
    try:
        print(call())
    except f.MoxFileReadException as error:
        print(error)
f.remove('obs://b/k')  # what is deleted has no ETag`,
  )
  const told = ['PUT', 'GET', 'HEAD'].map(
    (method) =>
      `obs://b/k: 200 this is no answer of an object store (${method}, nothing without an ETag): \n`,
  )
  assert.equal(stdout, told.join(''))
})

test('an object that is a web page is an object', async () => {
  const { stdout } = await askPeer(
    dir,
    (_, response) => response.writeHead(200, { 'content-type': 'text/html', etag: '"e"' }).end(page),
    `
f.copy('obs://b/k', here + '/page')
print(f.exists('obs://b/k'), f.read('obs://b/k') == open(here + '/page').read())`,
  )
  assert.equal(stdout, 'True True\n')
})

/** What a script hears of refusals without a word. */
const refused = (
  who: string,
): string => `write MoxFileRespException obs://b/d/k: 403 Forbidden (PUT is refused to ${who})
up MoxFileRespException obs://b/d/k: 403 Forbidden (PUT is refused to ${who})
parts MoxFileRespException obs://b/d/k: 403 Forbidden (POST ?uploads is refused to ${who})
read MoxFileRespException obs://b/d/k: 403 Forbidden (GET is refused to ${who})
down MoxFileRespException obs://b/d/k: 403 Forbidden (HEAD is refused to ${who})
open MoxFileRespException obs://b/d/k: 403 Forbidden (GET is refused to ${who})
exists MoxFileRespException obs://b/d/k: 403 Forbidden (HEAD is refused to ${who})
inside MoxFileRespException obs://b/e/k: 403 Forbidden (PUT, a copy of /b/d/k, is refused to ${who})
remove MoxFileRespException obs://b/d/k: 403 Forbidden (DELETE is refused to ${who})
tree MoxFileRespException obs://b/: 403 Forbidden (GET, the list below 'd/', is refused to ${who})
list MoxFileRespException obs://b/: 403 Forbidden (GET, the list below 'd/', is refused to ${who})
False
`
const forbid: Reply = (_, response) => void response.writeHead(403).end()

test('a refusal without a word: the error names the object, what was asked of it, and that the task did', async () => {
  const { stdout, stderr } = await askPeer(dir, forbid, CALLS)
  assert.equal(stdout, refused('this task'), stderr)
  assert.deepEqual(
    (await readdir(dir)).filter((name) => name.startsWith('.moxing')),
    [],
  )
})

test('outside of a task it names the access key, or that there is none; pickled it says the same', async () => {
  await using server = createServer((request, response) => {
    request.resume().on('end', () => forbid(request, response, 0))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bare = { ROPEWAY_TASK_SOCKET: '', HOME: '/nowhere' }
  const env = { ...bare, S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  const keys = { AWS_ACCESS_KEY_ID: 'AKANN', AWS_SECRET_ACCESS_KEY: 'hidden' }
  const signed = await askPeer(dir, forbid, CALLS, { ...env, ...keys })
  assert.equal(signed.stdout, refused('the access key AKANN'), signed.stderr)
  const plain = await askPeer(
    dir,
    forbid,
    `
import pickle
try:
    f.stat('obs://b/d/k')
except f.MoxFileRespException as error:
    print(pickle.loads(pickle.dumps(error)), error.resp.status, error.resp.errorMessage)`,
    env,
  )
  assert.equal(
    plain.stdout,
    'obs://b/d/k: 403 Forbidden (HEAD is refused to a request without a key) 403 None\n',
    plain.stderr,
  )
})

test('what was found out after 200 had been sent is the error of a list, too', async () => {
  const late = '<Error><Code>InternalError</Code><Message>later</Message></Error>'
  const { stdout } = await askPeer(
    dir,
    (request, response) => void response.end(request.url?.includes('prefix=') ? late : listing([])),
    `
try:
    print(f.list_directory('obs://b/d'))
except f.MoxFileRespException as error:
    print(error)`,
  )
  assert.equal(stdout, 'obs://b/: 200 InternalError (later)\n')
})
