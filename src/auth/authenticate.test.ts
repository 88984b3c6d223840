import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signSdkHmac } from '../lib/signature/sdk-hmac.ts'
import { type AccessKeyRecord, authenticate } from './authenticate.ts'

const now = new Date('2026-03-01T12:00:00Z')
const record: AccessKeyRecord = { secret: 'sk', projectId: 'p1', userName: 'ann', expiresAtMs: null }

type Case = {
  accessKey?: string
  secretKey?: string
  signedAt?: Date
  body?: string
  sentBody?: string
  projectHeader?: string
  pathProjectId?: string | null
  record?: AccessKeyRecord
  path?: string
  unsigned?: boolean
}

function ask(input: Case) {
  const headers: Record<string, string> = { host: '127.0.0.1:8470', 'content-type': 'application/json' }
  if (input.projectHeader) headers['x-project-id'] = input.projectHeader
  const request = { method: 'POST', path: '/v2/p1/training-jobs', query: '', headers }
  const body = input.body ?? '{"a":1}'
  const signed = signSdkHmac({
    request,
    body,
    accessKey: input.accessKey ?? 'AK',
    secretKey: input.secretKey ?? 'sk',
    now: input.signedAt ?? now,
  })
  return authenticate({
    request: { ...request, path: input.path ?? request.path, headers: input.unsigned ? headers : signed },
    body: input.sentBody ?? body,
    pathProjectId: input.pathProjectId === undefined ? 'p1' : input.pathProjectId,
    lookup: (key) => (key === 'AK' ? (input.record ?? record) : undefined),
    now,
  })
}

test('a correctly signed request is its access key’s user in its project', () => {
  assert.deepEqual(ask({ projectHeader: 'p1' }), {
    ok: true,
    principal: { projectId: 'p1', accessKey: 'AK', userName: 'ann' },
  })
  assert.equal(ask({ pathProjectId: null }).ok, true)
  assert.equal(ask({ signedAt: new Date(now.getTime() - 14 * 60_000) }).ok, true)
})

const refused: [string, Case, 'unauthorized' | 'forbidden', RegExp][] = [
  ['without a signature', { unsigned: true }, 'unauthorized', /Authorization/],
  ['with an unknown access key', { accessKey: 'NO' }, 'unauthorized', /no access key NO/],
  ['with a wrong secret', { secretKey: 'other' }, 'unauthorized', /does not match/],
  ['whose body was changed on its way', { sentBody: '{"a":2}' }, 'unauthorized', /does not match/],
  ['whose path was changed on its way', { path: '/v2/p1/other' }, 'unauthorized', /does not match/],
  [
    'signed 16 minutes ago',
    { signedAt: new Date(now.getTime() - 16 * 60_000) },
    'unauthorized',
    /15 minutes/,
  ],
  [
    'signed for 16 minutes from now',
    { signedAt: new Date(now.getTime() + 16 * 60_000) },
    'unauthorized',
    /15 minutes/,
  ],
  ['with an expired key', { record: { ...record, expiresAtMs: now.getTime() } }, 'unauthorized', /expired/],
  ['for another project in the path', { pathProjectId: 'p2' }, 'forbidden', /path is "p2".*project p1/],
  ['for another project in X-Project-Id', { projectHeader: 'p2' }, 'forbidden', /X-Project-Id is "p2"/],
]
for (const [title, input, refusal, message] of refused)
  test(`a request ${title} is ${refusal}`, () => {
    const result = ask(input)
    assert.ok(!result.ok)
    assert.equal(result.refusal, refusal)
    assert.match(result.message, message)
    assert.doesNotMatch(result.message, /\bsk\b/)
  })
