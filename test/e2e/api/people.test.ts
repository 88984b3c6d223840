// Users by id and by name, what the end of a key binds, and what a project's admin learns of users elsewhere.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { body, Ropeway } from '../harness.ts'
import { type RawAnswer, RawClient } from './signed.ts'

const DAY_S = 86_400
const PASSWORD = 'correct horse'

let server: Ropeway
let project = ''
/** Ids by name. Ann and the boss are of the project, the boss as its admin; Eve is of another one. */
const ids: Record<string, string> = {}
let boss: RawClient

type Keys = { readonly access_key: string; readonly secret_key: string; readonly expire_time: number | null }
const as = (keys: Keys): RawClient => new RawClient({ endpoint: server.credentials.endpoint, ...keys })
const keyOf = (user: string, more: object = {}): Promise<Keys> =>
  server.client.identity.addKey({ user, ...more })
const call = async (who: RawClient, method: string, target: string, content?: object): Promise<RawAnswer> =>
  who.send({
    ...{ method, target, headers: { 'x-ropeway-nonce': randomUUID() } },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  })
const codeOf = ({ json }: RawAnswer): unknown => (json as { error_code?: string } | null)?.error_code

before(async () => {
  server = await Ropeway.start({ backend: 'fake' })
  project = server.credentials.project_id
  const { identity } = server.client
  await identity.addProject({ name: 'other' })
  for (const [name, where, role] of [
    ['ann', 'default', 'user'],
    ['boss', 'default', 'admin'],
    ['eve', 'other', 'user'],
  ] as const)
    ids[name] = (await identity.addUser({ name, password: PASSWORD, project: where, role })).id
  boss = as(await keyOf('boss'))
})
after(() => server[Symbol.asyncDispose]())

describe('the id that IAM gives out means the same user as the name', () => {
  const quotas = () => `/v2/${project}/training-quotas`
  const limit = (user: string, quota: number) =>
    call(boss, 'PUT', quotas(), { user_id: user, quotas: [{ resource: 'job-num', quota }] })
  const shown = async (user: string) => {
    const { json } = await call(boss, 'GET', `${quotas()}?user_id=${user}`)
    const [first] = (json as { quotas: { quota: number; used: number }[] }).quotas
    return [first?.quota, first?.used]
  }

  it('in quotas: it limits, and shows what is used', async () => {
    const ann = as(await keyOf('ann'))
    const create = (name: string) => call(ann, 'POST', `/v2/${project}/training-jobs`, body(name, 'true'))
    assert.equal((await create('first')).status, 201)
    const set = await limit(ids['ann'] ?? '', 1)
    assert.equal(set.status, 200, set.text)
    assert.equal((set.json as { user_id: string }).user_id, ids['ann'])
    assert.deepEqual(
      [await shown(ids['ann'] ?? ''), await shown('ann')],
      [
        [1, 1],
        [1, 1],
      ],
    )
    const over = await create('second')
    assert.deepEqual([over.status, codeOf(over)], [400, 'ModelArts.2815'], over.text)
    assert.equal((await limit('ann', 2)).status, 200)
    assert.deepEqual(await shown(ids['ann'] ?? ''), [2, 1])
    assert.equal((await create('second')).status, 201)
  })

  it('in a search', async () => {
    const find = async (operator: string, value: string) => {
      const filters = [{ key: 'user_id', operator, value: [value] }]
      const { json } = await call(boss, 'POST', `/v2/${project}/training-job-searches`, { filters })
      return (json as { count: number }).count
    }
    for (const user of ['ann', ids['ann'] ?? ''])
      assert.deepEqual([await find('in', user), await find('not', user)], [2, 0])
    assert.equal(await find('in', ids['eve'] ?? ''), 0)
  })

  it('and a quota for nobody is refused, the same as for somebody elsewhere', async () => {
    const nobody = 'f'.repeat(32)
    for (const user of ['eve', ids['eve'] ?? '', nobody]) {
      const answer = await limit(user, 1)
      assert.deepEqual([answer.status, codeOf(answer)], [404, 'ModelArts.9022'], answer.text)
      assert.equal(answer.text.replaceAll(user, nobody), (await limit(nobody, 1)).text)
      assert.equal((await shown(user))[1], 0)
    }
  })
})

describe('a key that has an end', () => {
  const KEYS = '/ropeway/v1/admin/keys'
  const CREDENTIALS = '/v3.0/OS-CREDENTIAL/credentials'
  const forbidden = (answer: RawAnswer, message: RegExp) => {
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'ModelArts.0108'], answer.text)
    assert.match(answer.text, message)
  }
  const dayLong = async () => {
    const key = await keyOf('ann', { expires_in_s: DAY_S })
    return { key, holder: as(key), path: `${KEYS}/${key.access_key}` }
  }
  const endOf = async (accessKey: string) =>
    (await server.client.identity.keys()).keys.find((one) => one.access_key === accessKey)?.expire_time

  it('is not prolonged by who has it, but shortened, and prolonged by an administrator', async () => {
    const { key, holder, path } = await dayLong()
    forbidden(await call(holder, 'PUT', path, { expires_in_s: null }), /end of never; valid: no later than/)
    forbidden(await call(holder, 'PUT', path, { expires_in_s: 2 * DAY_S }), /or ask an administrator/)
    assert.equal(await endOf(key.access_key), key.expire_time)
    assert.equal((await call(holder, 'PUT', path, { expires_in_s: 3600 })).status, 200)
    const sooner = (await endOf(key.access_key)) ?? 0
    assert.ok(sooner < (key.expire_time ?? 0))
    await server.client.identity.changeKey(key.access_key, { expires_in_s: null })
    assert.equal(await endOf(key.access_key), null)
  })

  it('makes none that lasts longer, by any of the calls that make keys', async () => {
    const { key, holder, path } = await dayLong()
    const made = await call(holder, 'POST', KEYS, {})
    assert.equal((made.json as Keys).expire_time, key.expire_time, made.text)
    forbidden(await call(holder, 'POST', KEYS, { expires_in_s: 2 * DAY_S }), /no later than/)
    const shorter = (await call(holder, 'POST', KEYS, { expires_in_s: 60 })).json as Keys
    assert.ok((shorter.expire_time ?? 0) < (key.expire_time ?? 0))
    const content = { credential: { user_id: ids['ann'], description: 'as of IAM' } }
    const { credential } = (await call(holder, 'POST', CREDENTIALS, content)).json as {
      credential: { access: string }
    }
    assert.equal(await endOf(credential.access), key.expire_time)
    // One of ann's that has no end, taken for a new one.
    const endless = await keyOf('ann')
    const rotated = await call(holder, 'POST', `${KEYS}/${endless.access_key}/rotate`, {})
    assert.equal((rotated.json as Keys).expire_time, key.expire_time, rotated.text)
    const next = await call(holder, 'POST', `${path}/rotate`, {})
    assert.equal((next.json as Keys).expire_time, key.expire_time, next.text)
  })

  it('that an administrator disabled stays so for its user, whatever else they have', async () => {
    const { key, path } = await dayLong()
    const other = as(await keyOf('ann'))
    await server.client.identity.changeKey(key.access_key, { enabled: false })
    forbidden(await call(other, 'PUT', path, { enabled: true }), /is disabled; valid: an administrator/)
    forbidden(
      await call(other, 'PUT', `${CREDENTIALS}/${key.access_key}`, { credential: { status: 'active' } }),
      /is disabled/,
    )
    forbidden(await call(other, 'POST', `${path}/rotate`, {}), /is disabled/)
    assert.equal((await call(other, 'PUT', path, { description: 'lost' })).status, 200)
    assert.equal((await call(as(key), 'GET', '/ropeway/v1/whoami')).status, 401)
    await server.client.identity.changeKey(key.access_key, { enabled: true })
    assert.equal((await call(as(key), 'GET', '/ropeway/v1/whoami')).status, 200)
  })
})

describe('an admin of a project', () => {
  const member = (user: string) => `/ropeway/v1/admin/projects/default/members/${user}`
  const nobody = 'f'.repeat(32)
  /** An answer without the words of the request. */
  const said = async (method: string, user: string) => {
    const answer = await call(boss, method, member(user), method === 'PUT' ? { role: 'viewer' } : undefined)
    return `${answer.status} ${answer.text.replaceAll(user, 'USER')}`
  }

  it('cannot tell who is elsewhere from nobody', async () => {
    assert.match(await said('DELETE', nobody), /^404 .*ModelArts\.9022/)
    for (const user of ['eve', ids['eve'] ?? ''])
      assert.equal(await said('DELETE', user), await said('DELETE', nobody))
    assert.equal(await said('PUT', ids['eve'] ?? ''), await said('PUT', nobody))
  })

  it('takes somebody in by name, then has the id too, and lets go by either', async () => {
    assert.match(await said('PUT', 'eve'), /^200 .*"role":"viewer"/)
    assert.match(await said('PUT', ids['eve'] ?? ''), /^200 .*"user_name":"eve"/)
    assert.match(await said('DELETE', ids['eve'] ?? ''), /^204/)
    assert.match(await said('DELETE', 'eve'), /^404/)
  })

  it('does not find names by trying many, and who knows a name waits only after that', async () => {
    const tries: string[] = []
    for (let n = 0; n < 25; n++) tries.push(await said('PUT', `guess-${n}`))
    assert.ok(tries.slice(0, 15).every((one) => one.startsWith('404')))
    assert.match(tries.at(-1) ?? '', /^429 .*too many that are not there/)
    // Right and wrong look alike by now, and members are looked after as before.
    assert.match(await said('PUT', 'eve'), /^429/)
    assert.match(await said('PUT', 'ann'), /^200/)
    await server.client.identity.setMember('default', 'eve', 'viewer')
  })
})
