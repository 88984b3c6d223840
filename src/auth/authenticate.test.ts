import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signSdkHmac } from '../lib/signature/sdk-hmac.ts'
import { type Authenticated, beginAuthentication, NONCE_HEADER } from './authenticate.ts'
import { identities, KEYS, NOW, SNAPSHOT, user } from './identity-fixture.ts'
import type { Identities } from './proof.ts'
import { type Replay, ReplayWindow } from './replay-window.ts'
import { makeTemporaryKey, type TemporaryGrant } from './temporary-key.ts'
import { signToken, type Token } from './token.ts'

type Case = {
  accessKey?: string
  secretKey?: string
  signedAt?: Date
  body?: string
  sentBody?: string
  headers?: Record<string, string>
  path?: string
  unsigned?: boolean
  among?: Identities
  window?: ReplayWindow
  replay?: Replay
}

function ask(input: Case): Authenticated {
  const accessKey = input.accessKey ?? 'AKANN'
  const headers = { host: '127.0.0.1:8470', 'content-type': 'application/json', ...input.headers }
  const request = { method: 'POST', path: '/v2/p1/training-jobs', query: '', headers }
  const body = input.body ?? '{"a":1}'
  const secretKey = input.secretKey ?? `secret of ${accessKey}`
  const signed = signSdkHmac({ request, body, accessKey, secretKey, now: input.signedAt ?? NOW })
  const sent = { ...request, path: input.path ?? request.path, headers: input.unsigned ? headers : signed }
  const pending = beginAuthentication(sent, input.among ?? identities())
  const seen = { window: input.window ?? new ReplayWindow(), replay: input.replay ?? 'at-once' }
  return pending.ok ? pending.finish(Buffer.from(input.sentBody ?? body), seen) : pending
}

const principalOf = (result: Authenticated) => {
  assert.ok(result.ok, JSON.stringify(result))
  return result.principal
}

test('a correctly signed request is its access key’s user in its project, with the role of that moment', () => {
  assert.deepEqual(principalOf(ask({ headers: { 'x-project-id': 'p1' } })), {
    ...{ userId: 'id-ann', userName: 'ann', projectId: 'p1', role: 'user', administrator: false },
    ...{ proof: { kind: 'key', id: 'AKANN' }, expiresAtMs: null },
  })
  const promoted = identities({ memberships: [{ userId: 'id-ann', projectId: 'p1', role: 'admin' }] })
  assert.equal(principalOf(ask({ among: promoted })).role, 'admin')
  assert.equal(ask({ signedAt: new Date(NOW.getTime() - 14 * 60_000) }).ok, true)
})

const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000)
const refused: [string, Case, 'unauthorized' | 'wrong-project', RegExp][] = [
  ['without a signature', { unsigned: true }, 'unauthorized', /Authorization.*X-Auth-Token/],
  ['with an unknown access key', { accessKey: 'NO' }, 'unauthorized', /no access key NO/],
  ['with a wrong secret', { secretKey: 'other' }, 'unauthorized', /does not match/],
  ['whose body was changed on its way', { sentBody: '{"a":2}' }, 'unauthorized', /does not match/],
  ['whose path was changed on its way', { path: '/v2/p1/other' }, 'unauthorized', /does not match/],
  ['signed 16 minutes ago', { signedAt: minutes(-16) }, 'unauthorized', /16 min 0 s behind/],
  ['signed for 16 minutes from now', { signedAt: minutes(16) }, 'unauthorized', /16 min 0 s ahead/],
  ['with an expired key', { accessKey: 'AKOLD' }, 'unauthorized', /has expired/],
  ['with a disabled key', { accessKey: 'AKOFF' }, 'unauthorized', /AKOFF is disabled/],
  ['of a disabled user', { accessKey: 'AKGONE' }, 'unauthorized', /gone is disabled/],
  ['of somebody who is no member any more', { accessKey: 'AKALONE' }, 'unauthorized', /no member/],
  ['in a disabled project', { accessKey: 'AKCLOSED' }, 'unauthorized', /project .* disabled/],
  ['with a token beside a lasting key', { headers: { 'x-security-token': 'x' } }, 'unauthorized', /lasting/],
  ['for another project', { headers: { 'x-project-id': 'p2' } }, 'wrong-project', /"p2".*project p1/],
]
for (const [title, input, refusal, message] of refused)
  test(`a request ${title} is ${refusal}`, () => {
    const result = ask(input)
    assert.ok(!result.ok)
    assert.equal(result.refusal, refusal)
    assert.match(result.message, message)
    assert.doesNotMatch(result.message, /secret of/)
  })

const token: Token = {
  ...{ id: 't1', userId: 'id-ann', projectId: 'p2', epoch: 0, methods: ['password'] },
  ...{ issuedAtMs: NOW.getTime(), expiresAtMs: NOW.getTime() + 1 },
}
const withToken = (text: string, among?: Identities) =>
  ask({ unsigned: true, headers: { 'x-auth-token': text }, ...(among ? { among } : {}) })

test('a token is its user in its project, or in none', () => {
  const { proof, role, projectId } = principalOf(withToken(signToken(KEYS, token)))
  assert.deepEqual([proof, role, projectId], [{ kind: 'token', id: 't1' }, 'viewer', 'p2'])
  const domain = principalOf(withToken(signToken(KEYS, { ...token, projectId: null })))
  assert.deepEqual([domain.role, domain.projectId], [null, ''])
})

const changed = (name: string, more: object) => ({
  users: SNAPSHOT.users.map((one) => (one.name === name ? user(name, more) : one)),
})
const badTokens: [string, string, Identities | undefined, RegExp][] = [
  [
    'somebody else made',
    signToken({ ...KEYS, token: Buffer.alloc(32) }, token),
    undefined,
    /no token of this/,
  ],
  ['was cut short', signToken(KEYS, token).slice(0, -1), undefined, /no token of this/],
  ['is no text of ours', 'gAAAAA', undefined, /no token of this/],
  ['has expired', signToken(KEYS, { ...token, expiresAtMs: NOW.getTime() }), undefined, /expired/],
  ['was given back', signToken(KEYS, { ...token, id: 'given-back' }), undefined, /given back/],
  ['is older than the password', signToken(KEYS, token), identities(changed('ann', { epoch: 1 })), /void/],
  [
    'is a disabled user’s',
    signToken(KEYS, token),
    identities(changed('ann', { enabled: false })),
    /disabled/,
  ],
  ['is of a project left since', signToken(KEYS, token), identities({ memberships: [] }), /no member/],
]
for (const [what, text, among, message] of badTokens)
  test(`a token that ${what} is refused`, () => {
    const result = withToken(text, among)
    assert.ok(!result.ok)
    assert.match(result.message, message)
  })

const grant: TemporaryGrant = {
  ...{ userId: 'id-ann', projectId: 'p1', epoch: 0, expiresAtMs: NOW.getTime() + 1 },
  maker: { kind: 'key', id: 'AKANN' },
}
const asTemporary = (given: Partial<TemporaryGrant>, more: Case & { securityToken?: string } = {}) => {
  const made = makeTemporaryKey(KEYS, { ...grant, ...given })
  const { accessKey, secret: secretKey } = made
  return ask({
    ...{ accessKey, secretKey, ...more },
    headers: { 'x-security-token': more.securityToken ?? made.securityToken },
  })
}

test('a temporary key is its maker, and no more', () => {
  const principal = principalOf(asTemporary({}))
  assert.deepEqual([principal.userName, principal.role, principal.proof.kind], ['ann', 'user', 'temporary'])
  assert.equal(principal.expiresAtMs, grant.expiresAtMs)
})

const badTemporaries: [string, Authenticated, RegExp][] = [
  ['has expired', asTemporary({ expiresAtMs: NOW.getTime() }), /expired/],
  ['comes without its security token', asTemporary({}, { securityToken: '' }), /security token is missing/],
  [
    'comes with that of another',
    asTemporary({}, { securityToken: makeTemporaryKey(KEYS, grant).securityToken }),
    /not of the access key/,
  ],
  ['signs with another secret', asTemporary({}, { secretKey: 'x' }), /does not match/],
  [
    'was made with a key that is disabled since',
    asTemporary({ maker: { kind: 'key', id: 'AKOFF' } }),
    /void/,
  ],
  ['was made with a key that is gone', asTemporary({ maker: { kind: 'key', id: 'AKNO' } }), /void/],
  ['was made with a key that has ended since', asTemporary({ maker: { kind: 'key', id: 'AKOLD' } }), /void/],
  ['was made with a token given back', asTemporary({ maker: { kind: 'token', id: 'given-back' } }), /void/],
  [
    'is older than the password',
    asTemporary({}, { among: identities(changed('ann', { epoch: 1 })) }),
    /void/,
  ],
]
for (const [what, result, message] of badTemporaries)
  test(`a temporary key that ${what} is refused`, () => {
    assert.ok(!result.ok)
    assert.match(result.message, message)
  })

test('a recorded request does nothing a second time, but a program may do one thing twice at once', () => {
  const window = new ReplayWindow()
  const at = (ms: number) => identities({}, new Date(NOW.getTime() + ms))
  assert.equal(ask({ window }).ok, true)
  assert.equal(ask({ window, among: at(2_900) }).ok, true)
  const late = ask({ window, among: at(3_000) })
  assert.ok(!late.ok)
  assert.match(late.message, /received before/)
  assert.equal(ask({ window, signedAt: new Date(NOW.getTime() + 1_000), among: at(1_000) }).ok, true)
})

test('with a nonce not even at once', () => {
  const window = new ReplayWindow()
  const headers = { [NONCE_HEADER]: 'n1' }
  assert.equal(ask({ window, headers }).ok, true)
  assert.equal(ask({ window, headers }).ok, false)
  assert.equal(ask({ window, headers: { [NONCE_HEADER]: 'n2' } }).ok, true)
})

test('of calls that hand out secrets or say who may what not even at once, and of those that read at any time', () => {
  const window = new ReplayWindow()
  assert.equal(ask({ window, replay: 'never' }).ok, true)
  assert.equal(ask({ window, replay: 'never' }).ok, false)
  const later = identities({}, new Date(NOW.getTime() + 60_000))
  assert.equal(ask({ window, replay: 'any-time', among: later }).ok, true)
})
