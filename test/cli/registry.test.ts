// Logins of registries on the command line, as processes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ropeway } from './ropeway.ts'
import { type Handler, StubServer } from './stub-server.ts'

const HOST = 'harbor.example.com:8443'
const LOGIN = { host: HOST, user_name: 'ann', update_time: 1_700_000_000_000 }
const PASSWORD = 'p"a $s w'

const serve = (handler: Handler) => new StubServer(handler).start()
const add = (env: Record<string, string>, input: string, more: readonly string[] = []) =>
  ropeway(['registry', 'add', HOST, '--username', 'ann', ...more], env, input)

test('registry add sends the password from standard input without its line end, and shows it to nobody', async () => {
  await using server = await serve(() => ({ json: LOGIN }))
  for (const end of ['', '\n', '\r\n']) {
    const { code, stdout, stderr } = await add(server.env, `${PASSWORD}${end}`, ['--password-stdin'])
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(stdout, `Pulls from ${HOST} log in as ann. Try it: ropeway registry test ${HOST}\n`)
  }
  const json = await add(server.env, PASSWORD, ['--password-stdin', '--json'])
  assert.deepEqual(JSON.parse(json.stdout), LOGIN)
  assert.equal(server.requests.length, 4)
  for (const request of server.requests)
    assert.deepEqual(
      [request.method, request.path, request.body],
      ['PUT', `/registries/${HOST}`, { user_name: 'ann', password: PASSWORD }],
    )
})

const REFUSED: readonly (readonly [string, readonly string[], string, RegExp])[] = [
  ['no terminal and no --password-stdin', [], '', /no terminal to ask.*\n.*--password-stdin/],
  ['nothing on standard input', ['--password-stdin'], '', /Standard input is empty/],
  ['too much on standard input', ['--password-stdin'], 'x'.repeat(70_000), /longer than 65536 bytes/],
  ['a password as an argument', ['--password', PASSWORD], '', /unknown option '--password'/],
]
for (const [what, more, input, message] of REFUSED)
  test(`registry add with ${what} is a usage error and asks no server`, async () => {
    await using server = await serve(() => ({ json: LOGIN }))
    const { code, stderr } = await add(server.env, input, more)
    assert.equal(code, 2)
    assert.match(stderr, message)
    assert.equal(stderr.includes(PASSWORD), false)
    assert.deepEqual(server.requests, [])
  })

test('registry list is a table, or the document with --json', async () => {
  const found = { total: 1, registries: [LOGIN] }
  await using server = await serve(() => ({ json: found }))
  const { stdout } = await ropeway(['registry', 'list'], server.env)
  assert.match(stdout, /^REGISTRY +USER +CHANGED\nharbor\.example\.com:8443 +ann +2023-11-14/)
  const json = await ropeway(['registry', 'list', '--json'], server.env)
  assert.deepEqual(JSON.parse(json.stdout), found)
})

test('registry test says what the registry said and exits by it', async () => {
  const answers = {
    [HOST]: { ok: true, message: 'fine' },
    'b.example.com': { ok: false, message: 'no \u001b[1m' },
  }
  await using server = await serve(({ path }) => ({
    json: answers[path.split('/')[2] as keyof typeof answers],
  }))
  const good = await ropeway(['registry', 'test', HOST, '--image', `${HOST}/a/b:1`], server.env)
  assert.deepEqual([good.code, good.stdout, good.stderr], [0, 'fine\n', ''])
  assert.deepEqual(server.requests[0]?.body, { image: `${HOST}/a/b:1` })
  const bad = await ropeway(['registry', 'test', 'b.example.com'], server.env)
  assert.deepEqual([bad.code, bad.stdout, bad.stderr.includes('\u001b')], [1, '', false])
  const json = await ropeway(['registry', 'test', 'b.example.com', '--json'], server.env)
  assert.deepEqual([json.code, JSON.parse(json.stdout)], [1, answers['b.example.com']])
})

test('registry rm says that it is gone, and what the server says when there was none', async () => {
  await using server = await serve(({ path }) =>
    path.endsWith(HOST)
      ? { json: {} }
      : {
          status: 404,
          json: { error_msg: 'no such login', error_code: 'ModelArts.9008', error_solution: 'List them.' },
        },
  )
  const gone = await ropeway(['registry', 'rm', HOST, '--json'], server.env)
  assert.deepEqual([gone.code, JSON.parse(gone.stdout)], [0, { host: HOST, deleted: true }])
  const none = await ropeway(['registry', 'rm', 'b.example.com'], server.env)
  assert.equal(none.code, 1)
  assert.match(none.stderr, /no such login/)
})

for (const name of ['add', 'list', 'rm', 'test'])
  test(`registry ${name} --help shows an example`, async () => {
    const { code, stdout } = await ropeway(['registry', name, '--help'])
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`ropeway registry ${name}`))
    assert.match(stdout, /--json/)
  })
