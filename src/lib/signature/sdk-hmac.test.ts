import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SignableRequest, SignatureFailure } from './canonical.ts'
import { signSdkHmac } from './sdk-hmac.ts'
import { readSdkClaim, verifySdkHmac } from './verify-sdk-hmac.ts'

type Vector = SignableRequest & { readonly algorithm: string; readonly title: string; readonly body: string }

// Made with huaweicloudsdkcore 3.1.219 by test/peers/official_signer.py; header values are as node:http shows them.
const vectors: Vector[] = JSON.parse(readFileSync(join(import.meta.dirname, 'official-signer.json'), 'utf8'))

const now = new Date('2026-01-31T10:11:12Z')
const keys = { accessKey: 'AKEXAMPLE', secretKey: 'secretExample' }
const first = vectors[0]!

/** Why a request is refused; null when it is not. */
function refusalOf(request: SignableRequest, body: string, at = now): SignatureFailure | null {
  const claim = readSdkClaim(request)
  return claim.ok ? verifySdkHmac(claim, { request, body, secretKey: keys.secretKey, now: at }) : claim
}

for (const { algorithm, title, body, ...request } of vectors)
  test(`the official signer's ${algorithm} of ${title} is accepted`, () => {
    assert.equal(refusalOf(request, body), null)
  })

for (const { title, body, headers, ...rest } of vectors.slice(0, 3))
  test(`our own signature of ${title} is the official signer's`, () => {
    const { authorization, 'x-sdk-date': _, ...unsigned } = headers
    const signed = signSdkHmac({ request: { ...rest, headers: unsigned }, body, ...keys, now })
    assert.equal(signed['authorization'], authorization)
  })

test('what we sign we accept, non-ASCII headers and unsigned bodies included', () => {
  const request = {
    method: 'post',
    path: '/v2/p 1/x/',
    query: 'b=2&a=1&b=1',
    headers: { host: 'h', 'x-note': '训练', 'content-type': 'text/plain' },
  }
  const headers = signSdkHmac({ request, body: 'raw', ...keys, now })
  assert.equal(headers['x-sdk-content-sha256'], 'UNSIGNED-PAYLOAD')
  assert.equal(refusalOf({ ...request, headers }, 'raw'), null)
})

test('a host that was not signed is no reason to refuse: the SDK for Go signs none', () => {
  const unsigned = { 'content-type': 'application/json', 'x-project-id': 'p1' }
  const request = { method: 'GET', path: '/v2/p1/x', query: '', headers: unsigned }
  const headers = signSdkHmac({ request, body: '', ...keys, now })
  assert.doesNotMatch(headers['authorization'] ?? '', /host/)
  assert.equal(refusalOf({ ...request, headers: { ...headers, host: 'h' } }, ''), null)
})

const refusals: Array<
  [title: string, reason: string, change: (one: typeof first) => typeof first, at?: Date]
> = [
  ['no Authorization header', 'missing', (one) => ({ ...one, headers: { host: 'h' } })],
  ['another scheme', 'missing', (one) => ({ ...one, headers: { ...one.headers, authorization: 'AWS a:b' } })],
  [
    'half a header',
    'malformed',
    (one) => ({ ...one, headers: { ...one.headers, authorization: 'SDK-HMAC-SHA256 Access=a' } }),
  ],
  [
    'a date of another form',
    'malformed',
    (one) => ({ ...one, headers: { ...one.headers, 'x-sdk-date': '2026-01-31' } }),
  ],
  [
    'a signed header gone',
    'malformed',
    (one) => ({ ...one, headers: { ...one.headers, 'x-project-id': undefined as unknown as string } }),
  ],
  [
    'a signature of another algorithm',
    'missing',
    (one) => ({ ...one, headers: { ...one.headers, authorization: 'SDK-ECDSA-P256-SHA256 Access=a' } }),
  ],
  [
    'a host struck from what was signed',
    'mismatch',
    (one) => ({
      ...one,
      headers: { ...one.headers, authorization: one.headers['authorization']!.replace('host;', '') },
    }),
  ],
  [
    'a derived key of another day',
    'malformed',
    (one) => ({
      ...one,
      headers: {
        ...one.headers,
        authorization: one.headers['authorization']!.replace(
          'SDK-HMAC-SHA256 Access=AKEXAMPLE',
          'V11-HMAC-SHA256 Credential=A/20260130/r/s',
        ),
      },
    }),
  ],
  ['another query', 'mismatch', (one) => ({ ...one, query: `${one.query}&x=1` })],
  ['another path', 'mismatch', (one) => ({ ...one, path: '/v2/p2/training-jobs' })],
  ['another body', 'mismatch', (one) => ({ ...one, body: 'x' })],
  [
    'another user agent',
    'mismatch',
    (one) => ({ ...one, headers: { ...one.headers, 'user-agent': 'proxy' } }),
  ],
  ['a date 16 minutes old', 'expired', (one) => one, new Date('2026-01-31T10:27:13Z')],
  ['a date 16 minutes ahead', 'expired', (one) => one, new Date('2026-01-31T09:55:11Z')],
]
for (const [title, reason, change, at] of refusals) {
  test(`a request with ${title} is refused as ${reason}`, () => {
    const { body, ...request } = change(first)
    assert.equal(refusalOf(request, body, at)?.reason, reason)
  })
}

test('a body that is not the one whose hash was announced is refused', () => {
  const request = {
    method: 'POST',
    path: '/',
    query: '',
    headers: { host: 'h', 'x-sdk-content-sha256': 'ab'.repeat(32) },
  }
  const headers = signSdkHmac({ request, body: 'one', ...keys, now })
  assert.equal(refusalOf({ ...request, headers }, 'one')?.reason, 'mismatch')
})

test('a clock that is off is told by how much', () => {
  const at = new Date('2026-01-31T10:27:13Z')
  assert.match(
    refusalOf(first, first.body, at)?.message ?? '',
    /X-Sdk-Date 20260131T101112Z is 16 min 1 s behind the server's clock \(20260131T102713Z\)/,
  )
  const early = new Date('2026-01-31T08:11:12Z')
  assert.match(refusalOf(first, first.body, early)?.message ?? '', /120 min 0 s ahead of/)
})
