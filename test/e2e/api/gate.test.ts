// Bad input at the door: each gets a sentence and a code, nothing gets in, and nothing of it is a stack trace in the log.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { request } from 'undici'
import { signSdkHmac } from '../../../src/lib/signature/sdk-hmac.ts'
import { body, Ropeway, until } from '../harness.ts'
import { type RawAnswer, RawClient } from './signed.ts'

let server: Ropeway
let raw: RawClient
let project = ''
before(async () => {
  server = await Ropeway.start({ backend: 'fake' })
  raw = new RawClient(server.credentials)
  project = server.credentials.project_id
  await server.client.identity.addUser({ name: 'ann', password: 'correct horse', project: 'default' })
})
after(() => server[Symbol.asyncDispose]())

const facts = ({ status, json }: RawAnswer) => {
  const { error_code: code, error_msg: message = '' } = (json ?? {}) as Record<string, string>
  return { status, code, message }
}
function refused(answer: RawAnswer, status: number, code: string, message: RegExp): void {
  const found = facts(answer)
  assert.deepEqual([found.status, found.code], [status, code], answer.text)
  assert.match(found.message, message)
}
const jobs = () => `/v2/${project}/training-jobs`
const basic = (ms: number) => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '')
const MINUTES = 60_000

describe('a signed request', () => {
  const dates: [title: string, date: () => string, message: RegExp][] = [
    ['of 16 minutes ago', () => basic(Date.now() - 16 * MINUTES), /16 min \d+ s behind the server's clock/],
    [
      'of 16 minutes from now',
      () => basic(Date.now() + 16 * MINUTES),
      /15 min \d+ s ahead of|16 min 0 s ahead of/,
    ],
    ['of the year 9999', () => '99991231T235959Z', /ahead of the server's clock/],
    ['of February 30', () => '20260230T101112Z', /X-Sdk-Date/],
    ['of another form', () => new Date().toUTCString(), /must be a date like 20260131T235959Z/],
  ]
  for (const [title, date, message] of dates)
    it(`${title} is refused with what is wrong with its date`, async () => {
      const answer = await raw.send({ method: 'GET', target: jobs(), headers: { 'x-sdk-date': date() } })
      refused(answer, 401, 'APIG.0301', message)
    })

  it('for another project in X-Project-Id is refused', async () => {
    const headers = { 'x-project-id': 'f'.repeat(32) }
    refused(
      await raw.send({ method: 'GET', target: jobs(), headers }),
      403,
      'ModelArts.0108',
      /X-Project-Id is/,
    )
  })

  /** Signs once, as a program without a nonce does; sends the same bytes at each call. */
  const recorded = (method: 'POST' | 'PUT', path: string, content: object) => {
    const { endpoint, access_key: accessKey, secret_key: secretKey } = server.credentials
    const text = JSON.stringify(content)
    const headers = { host: new URL(endpoint).host, 'content-type': 'application/json' }
    const signed = signSdkHmac({
      request: { method, path, query: '', headers },
      ...{ body: text, accessKey, secretKey, now: new Date() },
    })
    return async () => {
      const answer = await request(`${endpoint}${path}`, { method, headers: signed, body: text })
      return { status: answer.statusCode, text: await answer.body.text() }
    }
  }

  for (const [path, content] of [
    ['/ropeway/v1/admin/keys', {}],
    ['/v3.0/OS-CREDENTIAL/credentials', { credential: { user_id: 'admin' } }],
    ['/v3.0/OS-CREDENTIAL/securitytokens', { auth: { identity: { methods: ['token'] } } }],
  ] as const)
    it(`that was recorded gives no second secret, not even at once: ${path}`, async () => {
      const send = recorded('POST', path, content)
      const answers = await Promise.all([send(), send(), send()])
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 401, 401])
      assert.equal((await send()).status, 401)
    })

  it('that was recorded undoes nothing later, though a program may say it twice at once', async () => {
    const path = `/ropeway/v1/${project}/registries/replayed.example.com`
    const send = recorded('PUT', path, { user_name: 'ann', password: 'of yesterday' })
    assert.deepEqual([(await send()).status, (await send()).status], [200, 200])
    await until('it is known as one that came before', async () => {
      const { status, text: said } = await send()
      if (status === 200) return false
      assert.deepEqual([status, /received before/.test(said)], [401, true], said)
      return true
    })
  })
})

describe('a path', () => {
  const ids = [
    '..%2f..%2f..%2fetc%2fpasswd',
    '%00',
    '%ff%fe',
    '%',
    '%zz',
    'a'.repeat(4_000),
    "'%20or%201=1--",
    '%F0%9F%92%A9',
    '%ed%a0%80',
  ]
  for (const id of ids)
    it(`with the id ${id.slice(0, 40)} is a job that is not there`, async () => {
      for (const rest of ['', '/tasks', '/tasks/worker-0/logs/preview', '/events']) {
        const answer = await raw.send({ method: 'GET', target: `${jobs()}/${id}${rest}` })
        assert.ok([400, 404].includes(answer.status), `${answer.status} ${answer.text}`)
        assert.match(String(facts(answer).code), /^ModelArts\.(2775|2836)$/)
      }
    })

  it('with dots that lead upwards is another path than the one that was signed', async () => {
    const answer = await raw.send({ method: 'GET', target: `${jobs()}/%2e%2e/training-job-flavors` })
    refused(answer, 401, 'APIG.0301', /does not match the request/)
  })

  it('asked with another method names those there are', async () => {
    refused(await raw.send({ method: 'PATCH', target: jobs() }), 405, 'ModelArts.2803', /valid: /)
    refused(
      await raw.send({ method: 'DELETE', target: '/v3/auth/projects' }),
      405,
      'ModelArts.2803',
      /valid: GET/,
    )
  })
})

describe('a body', () => {
  const create = (text: string | Uint8Array, headers: Record<string, string> = {}) =>
    raw.send({ method: 'POST', target: jobs(), body: text, headers })
  const good = JSON.stringify(body('good', 'true'))

  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
  ])
    it(`of type ${type} is refused`, async () => {
      refused(
        await create(good, { 'content-type': type }),
        400,
        'ModelArts.2787',
        /Content-Type: got .*valid: application\/json/,
      )
    })

  it('with half a character is refused, and says where', async () => {
    const half = good.replace('"good"', '"go\\ud83dod"')
    refused(await create(half), 400, 'ModelArts.2788', /metadata\.name: has half of a surrogate pair/)
    refused(
      await create(good.replace('"command"', '"\\udc00"')),
      400,
      'ModelArts.2788',
      /algorithm: has half/,
    )
    refused(
      await create(Buffer.from(good.replace('good', 'go\xff\xfed'), 'latin1')),
      400,
      'ModelArts.2787',
      /is not JSON/,
    )
  })

  it('of 100 MB is refused before it has come', async () => {
    const { endpoint, access_key: accessKey, secret_key: secretKey } = server.credentials
    const { host, hostname, port } = new URL(endpoint)
    const headers = { host, 'content-type': 'application/json' }
    const signed = signSdkHmac({
      request: { method: 'POST', path: jobs(), query: '', headers },
      ...{ body: '', accessKey, secretKey, now: new Date() },
    })
    const sent = { ...signed, 'content-length': '100000000' }
    const asked = httpRequest({ hostname, port, path: jobs(), method: 'POST', headers: sent })
    // A beginning, and no more until the answer is there.
    asked.write('{"kind":')
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    const text = Buffer.concat(await Array.fromAsync(answer)).toString()
    asked.on('error', () => undefined).destroy()
    const said = { status: answer.statusCode ?? 0, headers: {}, text, json: JSON.parse(text) as unknown }
    refused(said, 413, 'ModelArts.9001', /got 100000000 bytes/)
    const open = { method: 'POST', target: '/v3/auth/tokens', unsigned: true } as const
    refused(
      await raw.send({ ...open, body: Buffer.alloc(70_000, 'x') }),
      413,
      'ModelArts.9001',
      /at most 65536/,
    )
  })
})

describe('a login', () => {
  const login = (auth: unknown) =>
    raw.send({ method: 'POST', target: '/v3/auth/tokens', unsigned: true, body: JSON.stringify({ auth }) })
  const password = (name: string, word: string, scope?: unknown) =>
    login({
      identity: { methods: ['password'], password: { user: { name, password: word } } },
      ...(scope === undefined ? {} : { scope }),
    })

  it('says the same for a wrong password and for nobody', async () => {
    const [wrong, nobody] = [await password('ann', 'wrong'), await password('nobody', 'wrong')]
    refused(wrong, 401, 'ModelArts.9020', /name or password is wrong/)
    assert.deepEqual(facts(wrong), facts(nobody))
    // As Keystone's clients read it.
    assert.deepEqual((wrong.json as { error?: unknown }).error, {
      ...{ code: 401, title: 'Unauthorized' },
      message: facts(wrong).message,
    })
  })

  it('says the same for a project that is another’s and for none', async () => {
    await server.client.identity.addProject({ name: 'secret' })
    const [other, none] = [
      await password('ann', 'correct horse', { project: { name: 'secret' } }),
      await password('ann', 'correct horse', { project: { name: 'nothing' } }),
    ]
    refused(other, 401, 'ModelArts.9020', /scope\.project: got "secret"; valid: default/)
    assert.equal(other.text.replaceAll('secret', 'X'), none.text.replaceAll('nothing', 'X'))
  })

  it('by a method there is not, or with nothing, is refused by name', async () => {
    refused(
      await login({ identity: { methods: ['totp'] } }),
      400,
      'ModelArts.2858',
      /got "totp"; valid: password, token/,
    )
    refused(
      await login({ identity: { methods: ['token'] } }),
      401,
      'ModelArts.9020',
      /no token of this server/,
    )
    refused(await login({}), 400, 'ModelArts.2788', /auth\.identity/)
  })

  it('with a name longer than any is refused, and not kept', async () => {
    for (const name of ['x'.repeat(65), 'x'.repeat(60_000)])
      refused(await password(name, 'wrong'), 400, 'ModelArts.2788', /user\.name: got .*at most 64 characters/)
    assert.equal(facts(await password('😀'.repeat(64), 'wrong')).code, 'ModelArts.9020')
    const id = { id: 'x'.repeat(65), password: 'wrong' }
    refused(
      await login({ identity: { methods: ['password'], password: { user: id } } }),
      400,
      'ModelArts.2788',
      /user\.id: got .*at most 64 characters/,
    )
  })

  it('is slowed down after ten wrong ones, with when to come back', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => password('guessed', `guess ${n}`)))
    const last = answers.find(({ status }) => status === 429)
    assert.ok(last)
    refused(last, 429, 'ModelArts.2799', /too many wrong ones/)
    assert.match(last.headers['retry-after'] ?? '', /^([1-9]|[1-5]\d|60)$/)
    assert.equal((await password('ann', 'correct horse')).status, 201)
  })
})

describe('limits', () => {
  it('who asks more than the site allows is told when to come back, and others go on', async () => {
    await using limited = await Ropeway.start({
      backend: 'fake',
      site: 'api: { requests_per_second: 0.001, burst: 5 }\n',
    })
    const other = new RawClient(limited.credentials)
    const target = `/v2/${limited.credentials.project_id}/training-job-flavors`
    const answers = await Promise.all(Array.from({ length: 8 }, () => other.send({ method: 'GET', target })))
    const failures = answers.filter(({ status }) => status !== 200)
    assert.equal(failures.length, 3)
    for (const failure of failures) refused(failure, 429, 'ModelArts.2799', /./)
    const answer = await other.send({ method: 'GET', target: '/v3/auth/projects' })
    assert.match(answer.headers['retry-after'] ?? '', /^\d{2,4}$/)
  })
})

it('nothing of all this is a stack trace in the log, nor a password', () => {
  assert.doesNotMatch(server.serverLog, /\n? {4}at |"level":50/)
  for (const secret of ['correct horse', server.credentials.secret_key])
    assert.ok(!server.serverLog.includes(secret))
})
