import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_SHA256, sha256Hex } from './canonical.ts'
import { credentialScope, presignS3V4, signingKey, signS3V4 } from './s3-v4.ts'
import { chunkSignature, trailerSignature } from './s3-v4-chunks.ts'
import { verifyS3V4 } from './verify-s3-v4.ts'

// The examples of AWS's pages on Signature Version 4 for S3, with the credentials printed there.
const aws = { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const awsNow = new Date('2013-05-24T00:00:00Z')
const host = 'examplebucket.s3.amazonaws.com'
const published: Array<
  [
    title: string,
    method: string,
    path: string,
    query: string,
    headers: Record<string, string>,
    hash: string,
    signature: string,
  ]
> = [
  [
    'GET object',
    'GET',
    '/test.txt',
    '',
    { host, range: 'bytes=0-9' },
    EMPTY_SHA256,
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'PUT object',
    'PUT',
    '/test$file.text',
    '',
    { host, date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    sha256Hex('Welcome to Amazon S3.'),
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  [
    'GET bucket lifecycle',
    'GET',
    '/',
    'lifecycle',
    { host },
    EMPTY_SHA256,
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ],
  [
    'list objects',
    'GET',
    '/',
    'max-keys=2&prefix=J',
    { host },
    EMPTY_SHA256,
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
]
for (const [title, method, path, query, headers, payloadHash, signature] of published) {
  test(`AWS's published signature of ${title} comes out`, () => {
    const signed = signS3V4({
      request: { method, path, query, headers },
      credentials: aws,
      now: awsNow,
      payloadHash,
    })
    assert.match(signed['authorization']!, new RegExp(`Signature=${signature}$`))
  })
}

test("AWS's published presigned link comes out", () => {
  const request = { method: 'GET', path: '/test.txt', query: '', headers: { host } }
  const query = presignS3V4({ request, credentials: aws, now: awsNow, expiresSeconds: 86400 })
  assert.match(query, /X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404$/)
})

test("AWS's published chunk signatures come out, each built on the one before", () => {
  const date = '20130524T000000Z'
  const scope = credentialScope(date, 'us-east-1')
  const keyHex = signingKey(aws.secretKey, scope).toString('hex')
  const seedSignature = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
  const signing = { keyHex, date, scope, seedSignature }
  const one = chunkSignature(signing, seedSignature, sha256Hex('a'.repeat(65536)))
  const two = chunkSignature(signing, one, sha256Hex('a'.repeat(1024)))
  assert.equal(one, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648')
  assert.equal(two, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497')
  assert.equal(
    chunkSignature(signing, two, EMPTY_SHA256),
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  )
})

test("AWS's published trailer signature comes out", () => {
  const date = '20130524T000000Z'
  const scope = credentialScope(date, 'us-east-1')
  const keyHex = signingKey(aws.secretKey, scope).toString('hex')
  const signing = { keyHex, date, scope, seedSignature: '' }
  const last = '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992'
  const found = trailerSignature(signing, last, 'x-amz-checksum-crc32c:sOO8/Q==\n')
  assert.equal(found, 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435')
})

// Made with botocore 1.44.5 for AKEXAMPLE / secretExample, region cn-north-4, at 2026-01-31T10:11:12Z.
const vectors: Array<{
  title: string
  method: string
  path: string
  query: string
  headers: Record<string, string>
}> = [
  {
    title: 'a key with odd characters',
    method: 'PUT',
    path: '/bucket/a%20b%2Bc/%E8%AE%AD~%28x%29',
    query: '',
    headers: {
      'content-type': 'text/plain',
      'x-amz-meta-note': 'two  spaces',
      'x-amz-date': '20260131T101112Z',
      'x-amz-content-sha256': '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKEXAMPLE/20260131/cn-north-4/s3/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-note, Signature=951cddd3d87c73a430d72f2cd04483d63d74756e9237b396a079290ab842f250',
      host: '127.0.0.1:8471',
    },
  },
  {
    title: 'a list with a prefix',
    method: 'GET',
    path: '/bucket',
    query: 'list-type=2&prefix=a%2Fb%20c&delimiter=%2F&encoding-type=url',
    headers: {
      'x-amz-date': '20260131T101112Z',
      'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKEXAMPLE/20260131/cn-north-4/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=3c031940ca33fadbb37e8e0faa531531104ed6bc31af5c3df3f798cffbd88f76',
      host: '127.0.0.1:8471',
    },
  },
  {
    title: 'a key with dots',
    method: 'GET',
    path: '/bucket/a/../b//c',
    query: '',
    headers: {
      range: 'bytes=0-9',
      'x-amz-date': '20260131T101112Z',
      'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKEXAMPLE/20260131/cn-north-4/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=9953d69708d6f1f68b0d0bb5da6126def98e32e454742436585ada93c57bfe6e',
      host: '127.0.0.1:8471',
    },
  },
  {
    title: 'a presigned link',
    method: 'GET',
    path: '/bucket/k%20y',
    query:
      'response-content-type=text%2Fplain&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKEXAMPLE%2F20260131%2Fcn-north-4%2Fs3%2Faws4_request&X-Amz-Date=20260131T101112Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=d1377b06f33ff9e15da0b77c61493b6280eda85cc1c8c8df0a39438882cabfc1',
    headers: {
      host: '127.0.0.1:8471',
    },
  },
]

const now = new Date('2026-01-31T10:11:12Z')
const credentials = { accessKey: 'AKEXAMPLE', secretKey: 'secretExample', region: 'cn-north-4' }
const lookupSecret = (accessKey: string) => (accessKey === 'AKEXAMPLE' ? 'secretExample' : undefined)

for (const { title, ...request } of vectors) {
  test(`botocore's signature of ${title} is accepted`, () => {
    const result = verifyS3V4({ request, lookupSecret, now })
    assert.equal(result.ok, true, JSON.stringify(result))
    assert.equal(result.ok && result.region, 'cn-north-4')
  })
}

const [put, , , link] = vectors
const withHeader = (one: (typeof vectors)[number], headers: Record<string, string>) => ({
  ...one,
  headers: { ...one.headers, ...headers },
})
const auth = put!.headers['authorization']!
const refusals: Array<[title: string, reason: string, request: (typeof vectors)[number], at?: string]> = [
  ['no signature', 'missing', { ...put!, headers: { host: 'h' } }],
  ['a V2 signature', 'missing', withHeader(put!, { authorization: 'AWS a:b' })],
  ['half a header', 'malformed', withHeader(put!, { authorization: 'AWS4-HMAC-SHA256 Credential=a' })],
  [
    'another service in its scope',
    'malformed',
    withHeader(put!, { authorization: auth.replace('/s3/', '/ec2/') }),
  ],
  ['an unsigned x-amz header added', 'malformed', withHeader(put!, { 'x-amz-copy-source': '/b/k' })],
  [
    'a payload word nobody knows',
    'malformed',
    withHeader(put!, { 'x-amz-content-sha256': 'STREAMING-SOMETHING' }),
  ],
  [
    'the scope of another day',
    'malformed',
    withHeader(put!, { authorization: auth.replace('20260131/', '20260130/') }),
  ],
  ['an unknown key', 'unknown-key', withHeader(put!, { authorization: auth.replace('AKEXAMPLE', 'AKX') })],
  ['another payload hash', 'mismatch', withHeader(put!, { 'x-amz-content-sha256': EMPTY_SHA256 })],
  ['another method', 'mismatch', { ...put!, method: 'DELETE' }],
  ['another key in its path', 'mismatch', { ...put!, path: '/bucket/other' }],
  ['a date 16 minutes old', 'expired', put!, '2026-01-31T10:27:13Z'],
  ['a date 16 minutes ahead', 'expired', put!, '2026-01-31T09:55:11Z'],
  ['a link past its time', 'expired', link!, '2026-01-31T10:21:13Z'],
  [
    'a link of eight days',
    'malformed',
    { ...link!, query: link!.query.replace('Expires=600', 'Expires=691200') },
  ],
  [
    'a longer life than signed',
    'mismatch',
    { ...link!, query: link!.query.replace('Expires=600', 'Expires=700') },
  ],
]
for (const [title, reason, request, at] of refusals) {
  test(`a request with ${title} is refused as ${reason}`, () => {
    const result = verifyS3V4({ request, lookupSecret, now: at ? new Date(at) : now })
    assert.equal(result.ok ? 'ok' : result.reason, reason)
  })
}

const payloads: Array<[hash: string, kind: object]> = [
  [EMPTY_SHA256, { kind: 'sha256', hex: EMPTY_SHA256 }],
  ['UNSIGNED-PAYLOAD', { kind: 'unsigned' }],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { kind: 'chunks', trailer: true }],
]
for (const [payloadHash, kind] of payloads) {
  test(`what we sign with payload ${payloadHash.slice(0, 20)} we accept, and say what the body has to be`, () => {
    const request = {
      method: 'PUT',
      path: '/b/k',
      query: 'b=2&a=1',
      headers: { host: 'h', 'x-amz-meta-x': '训练' },
    }
    const headers = signS3V4({ request, credentials, now, payloadHash })
    const result = verifyS3V4({ request: { ...request, headers }, lookupSecret, now })
    assert.deepEqual(result.ok && result.payload, kind)
  })
}

test('signed chunks come with what is needed to check them', () => {
  const request = { method: 'PUT', path: '/b/k', query: '', headers: { host: 'h' } }
  const headers = signS3V4({ request, credentials, now, payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' })
  const result = verifyS3V4({ request: { ...request, headers }, lookupSecret, now })
  assert.ok(result.ok && result.payload.kind === 'chunks')
  assert.equal(result.payload.signing?.seedSignature, headers['authorization']!.slice(-64))
})

test('a link we presign opens until it expires', () => {
  const request = { method: 'GET', path: '/b/k', query: 'versionId=', headers: { host: 'h' } }
  const query = presignS3V4({ request, credentials, now, expiresSeconds: 60 })
  const at = (seconds: number) =>
    verifyS3V4({
      request: { ...request, query },
      lookupSecret,
      now: new Date(now.getTime() + seconds * 1000),
    })
  assert.deepEqual([at(59).ok, at(61).ok], [true, false])
})
