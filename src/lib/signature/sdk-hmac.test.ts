import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signSdkHmac, verifySdkHmac } from './sdk-hmac.ts'

// Made with huaweicloudsdkcore 3.1.219 (Signer.sign) for AKEXAMPLE / secretExample at 2026-01-31T10:11:12Z;
// header values are as node:http shows them.
const vectors: Array<{
  title: string
  method: string
  path: string
  query: string
  headers: Record<string, string>
  body: string
}> = [
  {
    title: 'a list with query',
    method: 'GET',
    path: '/v2/p1/training-jobs',
    query: 'flag=true&limit=10&offset=0&sort_by=create%20time',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'huaweicloud-usdk-python/3.0',
      'x-project-id': 'p1',
      'x-sdk-date': '20260131T101112Z',
      host: '127.0.0.1:8470',
      authorization:
        'SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, Signature=b3a080dca4493700923e0a9d1c3276615db6d06536208bcd9f9f6d28cf888155',
    },
    body: '',
  },
  {
    title: 'a JSON body',
    method: 'POST',
    path: '/v2/p1/training-jobs',
    query: '',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'huaweicloud-usdk-python/3.0',
      'x-project-id': 'p1',
      'x-sdk-date': '20260131T101112Z',
      host: '127.0.0.1:8470',
      authorization:
        'SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, Signature=aaa5ac45b392258ffe2c78a0bc467bc98d2d50971445612f76a4001f723f84e5',
    },
    body: '{"kind": "job", "metadata": {"name": "\u8bad\u7ec3"}}',
  },
  {
    title: 'a path with a space and a plus',
    method: 'GET',
    path: '/v2/p1/a b+c~d/(x)',
    query: 'k=a%2Bb%2Fc~%2A',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'huaweicloud-usdk-python/3.0',
      'x-project-id': 'p1',
      'x-sdk-date': '20260131T101112Z',
      host: '127.0.0.1:8470',
      authorization:
        'SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, Signature=db6b4f2be928a422af74e468e763ab2c7cafece7c645182912066edb61bf3617',
    },
    body: '',
  },
  {
    title: 'a repeated query name with numbers',
    method: 'GET',
    path: '/v2/p1/x',
    query: 'n=2&n=9&n=10',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'huaweicloud-usdk-python/3.0',
      'x-project-id': 'p1',
      'x-sdk-date': '20260131T101112Z',
      host: '127.0.0.1:8470',
      authorization:
        'SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=content-type;host;user-agent;x-project-id;x-sdk-date, Signature=b3756e5d170e56a1fb619ab6181640ce697bdf768338cee471910e67d7873dc1',
    },
    body: '',
  },
  {
    title: 'an unsigned payload',
    method: 'POST',
    path: '/v2/p1/upload',
    query: '',
    headers: {
      'content-type': 'multipart/form-data',
      'x-sdk-date': '20260131T101112Z',
      'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD',
      host: '127.0.0.1:8470',
      authorization:
        'SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=content-type;host;x-sdk-content-sha256;x-sdk-date, Signature=ee317dcd8acb6b64bfd4ab111f55864a1f9bba4fe133c955c196de24d64cfaa8',
    },
    body: 'raw',
  },
  {
    title: 'an unsigned payload with no body',
    method: 'POST',
    path: '/v2/p1/upload',
    query: '',
    headers: {
      'content-type': 'multipart/form-data',
      'x-sdk-date': '20260131T101112Z',
      'x-sdk-content-sha256': 'UNSIGNED-PAYLOAD',
      host: '127.0.0.1:8470',
      authorization:
        'SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=content-type;host;x-sdk-content-sha256;x-sdk-date, Signature=dd44b6882c31d7dd4075a78e977040bb454da4471ca3c921802039e145bae5dc',
    },
    body: '',
  },
  {
    title: 'a header that is not ASCII',
    method: 'GET',
    path: '/v2/p1/x',
    query: '',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'huaweicloud-usdk-python/3.0',
      'x-project-id': 'p1',
      'x-sdk-date': '20260131T101112Z',
      'x-note': '\u00e8\u00ae\u00ad\u00e7\u00bb\u0083',
      host: '127.0.0.1:8470',
      authorization:
        'SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=content-type;host;user-agent;x-note;x-project-id;x-sdk-date, Signature=18dc03e5b6acec547b13cfb0f9e5811835cec0d3aad6d57253aecb8b10e9b61a',
    },
    body: '',
  },
]

const now = new Date('2026-01-31T10:11:12Z')
const keys = { accessKey: 'AKEXAMPLE', secretKey: 'secretExample' }
const lookupSecret = (accessKey: string) => (accessKey === keys.accessKey ? keys.secretKey : undefined)
const first = vectors[0]!

for (const { title, body, ...request } of vectors) {
  test(`the official SDK's signature of ${title} is accepted`, () => {
    const result = verifySdkHmac({ request, body, lookupSecret, now })
    assert.equal(result.ok, true, JSON.stringify(result))
  })
}

for (const { title, body, headers, ...rest } of vectors.slice(0, 3)) {
  test(`our own signature of ${title} is the official SDK's`, () => {
    const { authorization, 'x-sdk-date': _, ...unsigned } = headers
    const signed = signSdkHmac({ request: { ...rest, headers: unsigned }, body, ...keys, now })
    assert.equal(signed['authorization'], authorization)
  })
}

test('what we sign we accept, non-ASCII headers and unsigned bodies included', () => {
  const request = {
    method: 'post',
    path: '/v2/p 1/x/',
    query: 'b=2&a=1&b=1',
    headers: { host: 'h', 'x-note': '训练', 'content-type': 'text/plain' },
  }
  const headers = signSdkHmac({ request, body: 'raw', ...keys, now })
  assert.equal(headers['x-sdk-content-sha256'], 'UNSIGNED-PAYLOAD')
  assert.equal(verifySdkHmac({ request: { ...request, headers }, body: 'raw', lookupSecret, now }).ok, true)
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
    'an unknown key',
    'unknown-key',
    (one) => ({
      ...one,
      headers: {
        ...one.headers,
        authorization: one.headers['authorization']!.replace('AKEXAMPLE', 'AKOTHER'),
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
    const result = verifySdkHmac({ request, body, lookupSecret, now: at ?? now })
    assert.equal(result.ok ? 'ok' : result.reason, reason)
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
  const result = verifySdkHmac({ request: { ...request, headers }, body: 'one', lookupSecret, now })
  assert.equal(result.ok ? 'ok' : result.reason, 'mismatch')
})
