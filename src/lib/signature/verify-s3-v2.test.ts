// What s3-v2.ts signs (checked there against OBS' SDK) is accepted as long as nobody touches it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SignableRequest } from './canonical.ts'
import { presignS3V2, type S3V2Dialect, signS3V2 } from './s3-v2.ts'
import { verifyS3V2 } from './verify-s3-v2.ts'

const now = new Date('2026-01-31T12:00:00Z')
const credentials = { accessKey: 'AK', secretKey: 'SK' }
const lookupSecret = (accessKey: string) => (accessKey === 'AK' ? 'SK' : undefined)
const check = (request: SignableRequest, at = now) => {
  const result = verifyS3V2({ request, lookupSecret, now: at })
  return result.ok ? result.dialect : result.reason
}
const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000)

const DIALECTS: ReadonlyArray<readonly [S3V2Dialect, prefix: string]> = [
  ['v2', 'x-amz-'],
  ['obs', 'x-obs-'],
]
for (const [dialect, prefix] of DIALECTS) {
  const asked = {
    method: 'PUT',
    path: '/bucket/a%20b%2Bc',
    query: 'uploadId=a%2Fb&partNumber=3&x=1',
    headers: { host: 'h', 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==', [`${prefix}meta-note`]: 'ü' },
  }
  const signed = { ...asked, headers: signS3V2({ dialect, request: asked, credentials, now }) }

  test(`a header of ${dialect} holds for this request only, for this quarter of an hour`, () => {
    assert.equal(check(signed), dialect)
    for (const touched of [
      { ...signed, method: 'POST' },
      { ...signed, path: '/bucket/other' },
      { ...signed, query: asked.query.replace('3', '4') },
      { ...signed, headers: { ...signed.headers, [`${prefix}copy-source`]: '/bucket/secret' } },
      { ...signed, headers: { ...signed.headers, 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' } },
    ])
      assert.equal(check(touched), 'mismatch')
    assert.deepEqual([check(signed, later(890)), check(signed, later(-890))], [dialect, dialect])
    assert.deepEqual([check(signed, later(910)), check(signed, later(-910))], ['expired', 'expired'])
  })

  test(`a link of ${dialect} holds until it expires`, () => {
    const request = { method: 'GET', path: '/bucket/k', query: '', headers: { host: 'h' } }
    const query = presignS3V2({ dialect, request, credentials, now, expiresSeconds: 60 })
    const link = { ...request, query }
    assert.deepEqual(
      [check(link), check(link, later(59)), check(link, later(61))],
      [dialect, dialect, 'expired'],
    )
    assert.equal(check({ ...link, path: '/bucket/l' }), 'mismatch')
    assert.equal(check({ ...link, query: query.replace(/Expires=\d+/, 'Expires=9999999999') }), 'mismatch')
    assert.equal(check({ ...link, query: query.replace(/Expires=\d+/, 'Expires=soon') }), 'malformed')
  })

  test(`the path of a bucket may be signed with a slash or without, ${dialect}`, () => {
    for (const [signedPath, sentPath] of [
      ['/bucket/', '/bucket'],
      ['/bucket', '/bucket/'],
    ] as const) {
      const request = { method: 'GET', path: signedPath, query: 'delete', headers: { host: 'h' } }
      const headers = signS3V2({ dialect, request, credentials, now })
      assert.equal(check({ ...request, path: sentPath, headers }), dialect)
      assert.equal(check({ ...request, path: '/bucket/x', headers }), 'mismatch')
    }
  })

  test(`a date in the dialect's own header counts, and one that is none is refused, ${dialect}`, () => {
    const dated = { host: 'h', [`${prefix}date`]: now.toUTCString() }
    const request = { method: 'GET', path: '/bucket/k', query: '', headers: dated }
    const old = { ...dated, [`${prefix}date`]: later(-3600).toUTCString() }
    assert.equal(
      check({ ...request, headers: { ...old, authorization: `${dialect === 'v2' ? 'AWS' : 'OBS'} AK:x` } }),
      'expired',
    )
    const { date: _, ...undated } = signed.headers
    assert.equal(check({ ...signed, headers: undated }), 'malformed')
  })
}

test('strangers, half a signature and none are told apart', () => {
  const request = { method: 'GET', path: '/b/k', query: '', headers: { host: 'h', date: now.toUTCString() } }
  const as = (authorization: string) => check({ ...request, headers: { ...request.headers, authorization } })
  assert.deepEqual(
    [as('AWS NO:x'), as('OBS AK'), as('AWS4-HMAC-SHA256 Credential=AK'), check(request)],
    ['unknown-key', 'malformed', 'missing', 'missing'],
  )
  assert.equal(check({ ...request, query: 'AWSAccessKeyId=AK&Signature=x' }), 'malformed')
})
