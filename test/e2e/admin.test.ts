// Users, projects and keys over the command line, from the first administrator to the way back in.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ropewayHere } from '../cli/here.ts'
import { Ropeway, until } from './harness.ts'

let server: Ropeway
before(async () => {
  server = await Ropeway.start({ backend: 'fake' })
})
after(() => server[Symbol.asyncDispose]())

const PASSWORD = 'correct horse'

/** `ropeway WORDS` with the server's own key, or another. */
async function ropeway(words: string, options: { env?: Record<string, string>; input?: string } = {}) {
  const env = { ROPEWAY_DATA: server.dataDir, ...options.env }
  return ropewayHere(words.split(' '), env, options.input ?? '')
}
async function ok(words: string, options: Parameters<typeof ropeway>[1] = {}): Promise<string> {
  const { code, stdout, stderr } = await ropeway(words, options)
  assert.deepEqual([code, stderr], [0, ''], `${words}: ${stderr}`)
  return stdout
}
async function refused(words: string, message: RegExp, options: Parameters<typeof ropeway>[1] = {}) {
  const { code, stderr } = await ropeway(words, options)
  assert.equal(code, 1, words)
  assert.match(stderr, message)
}
const json = async (words: string, options: Parameters<typeof ropeway>[1] = {}) =>
  JSON.parse(await ok(`${words} --json`, options))

/** What makes the command line be somebody. */
const as = (key: { access_key: string; secret_key: string; project_id: string }) => ({
  env: {
    ROPEWAY_ACCESS_KEY: key.access_key,
    ROPEWAY_SECRET_KEY: key.secret_key,
    ROPEWAY_PROJECT_ID: key.project_id,
  },
})

async function token(name: string, password: string) {
  const identity = { methods: ['password'], password: { user: { name, password } } }
  const scope = { project: { name: 'vision' } }
  const answer = await fetch(`${server.credentials.endpoint}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity, scope } }),
  })
  return { status: answer.status, text: answer.headers.get('x-subject-token') ?? '' }
}
const tokenWorks = async (text: string) =>
  (await fetch(`${server.credentials.endpoint}/ropeway/v1/whoami`, { headers: { 'x-auth-token': text } }))
    .status

describe('ropeway admin', () => {
  test('a project, a user and a key are made; the user works in the project and no further', async () => {
    assert.match(
      await ok('admin whoami'),
      /User: +admin \(administrator\)\nProject: +default \(\w{32}\)\nRole: +admin/,
    )
    assert.match(await ok('admin project add vision'), /Project vision has id [0-9a-f]{32}/)
    assert.match(
      await ok('admin user add ann --project vision --password-stdin', { input: `${PASSWORD}\n` }),
      /ann is a user\. Give them a key/,
    )
    const key = await json('admin key add --user ann --expires 90d')
    assert.ok(key.expire_time > Date.now() + 89 * 86_400_000)
    const ann = as(key)
    assert.match(await ok('admin whoami', ann), /User: +ann\nProject: +vision .*\nRole: +user/)
    assert.equal((await json('job list', ann)).total, 0)
    await ok('obs mb obs://anns', ann)
    await refused('admin user list', /ropeway:user:list: ann is no administrator/, ann)
    await refused('admin member list vision', /valid: a project that you are admin of/, ann)
    await refused('obs ls obs://anns/', /no bucket anns/)
    assert.match(
      await ok('admin key list', ann),
      new RegExp(`^ACCESS KEY.*\n${key.access_key} +ann +vision +enabled[^\n]*\n$`),
    )
    const users = await ok('admin user list')
    assert.match(users, /\nann +enabled +no +yes +vision:user/)
    assert.equal((users + server.serverLog).includes(key.secret_key), false)
  })

  test('another password and a disabled user make tokens void at once', async () => {
    const first = await token('ann', PASSWORD)
    assert.deepEqual([first.status, await tokenWorks(first.text)], [201, 200])
    await ok('admin user passwd ann --password-stdin', { input: 'battery staple' })
    assert.equal(await tokenWorks(first.text), 401)
    assert.equal((await token('ann', PASSWORD)).status, 401)
    const second = await token('ann', 'battery staple')
    assert.equal(await tokenWorks(second.text), 200)
    await ok('admin user disable ann')
    assert.equal(await tokenWorks(second.text), 401)
    assert.equal((await token('ann', 'battery staple')).status, 401)
    await ok('admin user enable ann')
    assert.equal(await tokenWorks(second.text), 401)
    await refused('admin user passwd ann --password-stdin', /password: got 5 characters; valid: 8 to 1024/, {
      input: 'short',
    })
    for (const secret of [PASSWORD, 'battery staple', first.text, second.text])
      assert.equal(server.serverLog.includes(secret), false)
    assert.match(server.serverLog, /"audit":"login failed","by":"ann"/)
  })

  test('a key is rotated: the old one goes on for a while, or not at all', async () => {
    const old = await json('admin key add --user ann')
    const next = await json(`admin key rotate ${old.access_key} --overlap 1h`)
    assert.notEqual(next.access_key, old.access_key)
    for (const key of [old, next]) await ok('admin whoami', as(key))
    const last = await json(`admin key rotate ${next.access_key}`, as(next))
    await refused('admin whoami', /no access key/, as(next))
    await ok(`admin key disable ${last.access_key}`)
    await refused('admin whoami', /is disabled/, as(last))
    await ok(`admin key enable ${last.access_key}`)
    await ok(`admin key rm ${last.access_key}`)
    await refused(`admin key rm ${last.access_key}`, /AccessKeyNotFound|valid: an access key/)
    // The server's own key: the file follows, so the command line goes on.
    const file = () => JSON.parse(readFileSync(join(server.dataDir, 'credentials.json'), 'utf8'))
    const own = await json(`admin key rotate ${file().access_key}`)
    await until('the file has the new key', () => file().access_key === own.access_key)
    await ok('admin whoami')
  })

  test('what is still needed is not taken away, and names are there once', async () => {
    await refused('admin user rm admin', /only administrator/)
    await refused('admin user disable admin', /only administrator/)
    await refused('admin project rm vision', /still has buckets/)
    await refused('admin project disable default', /began with/)
    await refused('admin user add ann', /a name that no user has/)
    await refused('admin project add vision', /a name that no project has/)
    await refused('admin key add --user nobody', /valid: the id of a user/)
    const usage = await ropeway('admin key add --expires soon')
    assert.deepEqual([usage.code, /such as 90d, 12h/.test(usage.stderr)], [2, true])
  })

  test('nobody gets in any more: reset on the data folder makes an administrator again', async () => {
    const busy = await ropeway(`admin reset --data ${server.dataDir}`)
    assert.equal(busy.code, 1)
    assert.match(busy.stderr, /is in use|another/i)
    await server.stop()
    const made = await json(`admin reset --data ${server.dataDir} --user root --password-stdin`, {
      input: 'a new password',
    })
    assert.match(
      await ok(`admin reset --data ${server.dataDir}`),
      /Administrator: +admin\nPassword: +as before/,
    )
    await server.start()
    assert.match(await ok('admin whoami', as(made)), /User: +root \(administrator\)/)
    await ok('admin user disable admin', as(made))
    const { stderr } = await ropeway('job list')
    assert.match(stderr, /admin is disabled/)
    await server.stop()
    await server.start()
    const credentials = JSON.parse(readFileSync(join(server.dataDir, 'credentials.json'), 'utf8'))
    assert.equal(credentials.access_key, made.access_key)
  })
})
