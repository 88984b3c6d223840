import assert from 'node:assert/strict'
import { test } from 'node:test'
import { presignS3V2, type S3V2Dialect, signS3V2 } from './s3-v2.ts'

// Made with esdk-obs-python 3.26.6 (obs.auth.Authentication) for AKEXAMPLE / secretExample; an empty bucket means
// that it stands in the path.
type Vector = [
  dialect: S3V2Dialect,
  bucket: string,
  method: string,
  path: string,
  query: string,
  headers: Record<string, string>,
  withToken: boolean,
  signature: string,
]
const vectors: Vector[] = [
  ['obs', 'bucket', 'GET', '/', '', {}, false, 'W5X942nmtOsL5343ZwtnfMNe2m4='],
  [
    'obs',
    'bucket',
    'PUT',
    '/a%20b%2Bc/%E8%AE%AD%E7%BB%83~%28x%29',
    '',
    {
      'content-type': 'text/plain',
      'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==',
      'x-obs-meta-note': 'two  spaces',
    },
    false,
    'QrGrZktVwRLDdIhnapvqsMgRpOw=',
  ],
  [
    'obs',
    'bucket',
    'PUT',
    '/k',
    'partNumber=3&uploadId=a%2Fb%2Bc%3D',
    {},
    true,
    'm3vQZL3izAkxXfkdAtI5g6YJiog=',
  ],
  ['obs', 'bucket', 'POST', '/k', 'uploads', {}, false, 'jcxsLtf0m0odb3Zzfza4tzgaFIE='],
  [
    'obs',
    'bucket',
    'GET',
    '/',
    'prefix=a%2F&delimiter=%2F&max-keys=10',
    {},
    false,
    'W5X942nmtOsL5343ZwtnfMNe2m4=',
  ],
  [
    'obs',
    'bucket',
    'POST',
    '/',
    'delete',
    { 'content-type': 'application/xml' },
    false,
    'unoAFaqj79gas0jUFFaIk6erMds=',
  ],
  ['obs', '', 'GET', '/bucket', '', {}, false, '7TeE6Eh70AYjxcQ3zDtiNh/8NDY='],
  [
    'obs',
    '',
    'PUT',
    '/bucket/a%20b%2Bc/%E8%AE%AD%E7%BB%83~%28x%29',
    '',
    {
      'content-type': 'text/plain',
      'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==',
      'x-obs-meta-note': 'two  spaces',
    },
    false,
    'QrGrZktVwRLDdIhnapvqsMgRpOw=',
  ],
  [
    'obs',
    '',
    'PUT',
    '/bucket/k',
    'partNumber=3&uploadId=a%2Fb%2Bc%3D',
    {},
    true,
    'm3vQZL3izAkxXfkdAtI5g6YJiog=',
  ],
  ['obs', '', 'POST', '/bucket/k', 'uploads', {}, false, 'jcxsLtf0m0odb3Zzfza4tzgaFIE='],
  [
    'obs',
    '',
    'GET',
    '/bucket',
    'prefix=a%2F&delimiter=%2F&max-keys=10',
    {},
    false,
    '7TeE6Eh70AYjxcQ3zDtiNh/8NDY=',
  ],
  [
    'obs',
    '',
    'POST',
    '/bucket',
    'delete',
    { 'content-type': 'application/xml' },
    false,
    'Ksvpi/zYZS0iRGL+b5us/kuUup8=',
  ],
  ['v2', 'bucket', 'GET', '/', '', {}, false, 'W5X942nmtOsL5343ZwtnfMNe2m4='],
  [
    'v2',
    'bucket',
    'PUT',
    '/a%20b%2Bc/%E8%AE%AD%E7%BB%83~%28x%29',
    '',
    {
      'content-type': 'text/plain',
      'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==',
      'x-amz-meta-note': 'two  spaces',
    },
    false,
    '1NZlOoq7nqZX4w+Brp2bvRSkF0w=',
  ],
  [
    'v2',
    'bucket',
    'PUT',
    '/k',
    'partNumber=3&uploadId=a%2Fb%2Bc%3D',
    {},
    true,
    'tBwFc2a+UlFB+P9dMU4xsSwmJqk=',
  ],
  ['v2', 'bucket', 'POST', '/k', 'uploads', {}, false, 'jcxsLtf0m0odb3Zzfza4tzgaFIE='],
  [
    'v2',
    'bucket',
    'GET',
    '/',
    'prefix=a%2F&delimiter=%2F&max-keys=10',
    {},
    false,
    'W5X942nmtOsL5343ZwtnfMNe2m4=',
  ],
  [
    'v2',
    'bucket',
    'POST',
    '/',
    'delete',
    { 'content-type': 'application/xml' },
    false,
    'unoAFaqj79gas0jUFFaIk6erMds=',
  ],
  ['v2', '', 'GET', '/bucket', '', {}, false, '7TeE6Eh70AYjxcQ3zDtiNh/8NDY='],
  [
    'v2',
    '',
    'PUT',
    '/bucket/a%20b%2Bc/%E8%AE%AD%E7%BB%83~%28x%29',
    '',
    {
      'content-type': 'text/plain',
      'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==',
      'x-amz-meta-note': 'two  spaces',
    },
    false,
    '1NZlOoq7nqZX4w+Brp2bvRSkF0w=',
  ],
  [
    'v2',
    '',
    'PUT',
    '/bucket/k',
    'partNumber=3&uploadId=a%2Fb%2Bc%3D',
    {},
    true,
    'tBwFc2a+UlFB+P9dMU4xsSwmJqk=',
  ],
  ['v2', '', 'POST', '/bucket/k', 'uploads', {}, false, 'jcxsLtf0m0odb3Zzfza4tzgaFIE='],
  [
    'v2',
    '',
    'GET',
    '/bucket',
    'prefix=a%2F&delimiter=%2F&max-keys=10',
    {},
    false,
    '7TeE6Eh70AYjxcQ3zDtiNh/8NDY=',
  ],
  [
    'v2',
    '',
    'POST',
    '/bucket',
    'delete',
    { 'content-type': 'application/xml' },
    false,
    'Ksvpi/zYZS0iRGL+b5us/kuUup8=',
  ],
]
const now = new Date('2026-01-31T10:11:12Z')
const keys = { accessKey: 'AKEXAMPLE', secretKey: 'secretExample' }
const sessionToken = 'tok/en+1'

for (const [dialect, bucket, method, path, query, headers, withToken, signature] of vectors) {
  const style = bucket === '' ? 'path' : 'host'
  test(`${dialect} signs ${method} ${path}?${query} like the OBS SDK, the bucket in the ${style}`, () => {
    const signed = signS3V2({
      dialect,
      request: { method, path, query, headers },
      bucket: bucket === '' ? undefined : bucket,
      credentials: withToken ? { ...keys, sessionToken } : keys,
      now,
    })
    const word = dialect === 'obs' ? 'OBS' : 'AWS'
    assert.equal(signed['authorization'], `${word} AKEXAMPLE:${signature}`)
    assert.equal(signed['date'], 'Sat, 31 Jan 2026 10:11:12 GMT')
  })
}

// ObsClient.createSignedUrl of the same SDK, and HmacV1QueryAuth of botocore 1.44.
const links: Array<
  [title: string, dialect: S3V2Dialect, bucket: string | undefined, path: string, signature: string]
> = [
  ['an OBS link', 'obs', 'bucket', '/k%20y', 'uuyvMIrBKuZBjbwzh51u6/q8szI='],
  ['a V2 link', 'v2', undefined, '/bucket/k%20y', 'qmN8rVL4+sYotB8ZVWhVKu/i5Aw='],
]
for (const [title, dialect, bucket, path, signature] of links) {
  test(`${title} with a token is signed as official clients sign it`, () => {
    const request = { method: 'GET', path, query: '', headers: {} }
    const query = presignS3V2({
      dialect,
      request,
      bucket,
      credentials: { ...keys, sessionToken },
      now,
      expiresSeconds: 600,
    })
    const found = new URLSearchParams(query)
    assert.equal(found.get('Signature'), signature)
    assert.equal(found.get('Expires'), '1769854872')
    const prefix = dialect === 'obs' ? 'x-obs-' : 'x-amz-'
    assert.equal(found.get(`${prefix}security-token`), sessionToken)
  })
}
