// What people read when a store refuses: who may not do what, or which setting is wrong and how it should be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, failureOf, refusalOf, retryAfterMs } from './refusal.ts'
import { WireError } from './wire/wire-error.ts'

const now = new Date('2026-03-01T12:00:00Z')
const asked: Asked = {
  method: 'PUT',
  bucket: 'data',
  key: 'a/b',
  principal: 'access key AKTEST',
  endpoint: 'https://obs.example.com',
  region: 'cn-north-4',
  now,
}
const xml = (code: string, more = '') =>
  `<Error><Code>${code}</Code><Message>no &amp; no</Message>${more}</Error>`
const at = (text: string) => ({ date: new Date(text).toUTCString() })

type Case = [
  title: string,
  status: number,
  headers: Record<string, string>,
  text: string,
  code: string,
  words: RegExp,
]
const cases: Case[] = [
  [
    '403',
    403,
    {},
    xml('AccessDenied'),
    'AccessDenied',
    /^PUT data\/a\/b: access key AKTEST may not do this \(HTTP 403\); the store says: no & no /,
  ],
  ['403 without a body', 403, {}, '', 'AccessDenied', /access key AKTEST may not do this.*gave no reason/],
  [
    'an unknown key',
    403,
    {},
    xml('InvalidAccessKeyId'),
    'InvalidAccessKeyId',
    /does not accept access key AKTEST or its secret key/,
  ],
  [
    'a wrong secret key',
    403,
    {},
    xml('SignatureDoesNotMatch'),
    'SignatureDoesNotMatch',
    /does not accept access key AKTEST/,
  ],
  [
    'an expired temporary key',
    400,
    {},
    xml('ExpiredToken'),
    'ExpiredToken',
    /AKTEST is a temporary one that has expired/,
  ],
  [
    'a clock that is ahead',
    403,
    at('2026-03-01T11:13:00Z'),
    xml('RequestTimeTooSkewed'),
    'RequestTimeTooSkewed',
    /clock is 47 minutes ahead of the store's/,
  ],
  [
    'a clock that is behind',
    403,
    at('2026-03-03T13:00:00Z'),
    xml('RequestTimeTooSkewed'),
    'RequestTimeTooSkewed',
    /clock is 2 days behind the store's/,
  ],
  [
    'a skew that a store calls a wrong signature',
    403,
    at('2026-03-01T12:20:00Z'),
    xml('SignatureDoesNotMatch'),
    'SignatureDoesNotMatch',
    /clock is 20 minutes behind/,
  ],
  [
    'a skew of a store without a clock',
    403,
    {},
    xml('RequestTimeTooSkewed'),
    'RequestTimeTooSkewed',
    /more than 15 minutes apart/,
  ],
  [
    'another region, by header',
    301,
    { 'x-amz-bucket-region': 'eu-west-0' },
    '',
    'PermanentRedirect',
    /is in region "eu-west-0", and the region set here is "cn-north-4"/,
  ],
  [
    'another region, by body',
    400,
    {},
    xml('AuthorizationHeaderMalformed', '<Region>eu-west-0</Region>'),
    'AuthorizationHeaderMalformed',
    /is in region "eu-west-0"/,
  ],
  [
    'another endpoint, by body',
    301,
    {},
    xml('PermanentRedirect', '<Endpoint>data.obs.eu</Endpoint>'),
    'PermanentRedirect',
    /https:\/\/obs\.example\.com is not its endpoint, the store points to data\.obs\.eu/,
  ],
  [
    'a redirect',
    307,
    { location: 'https://login.example.com/' },
    '<html>',
    'Status307',
    /points to https:\/\/login\.example\.com\//,
  ],
  [
    'a bucket that is not there',
    404,
    {},
    xml('NoSuchBucket'),
    'NoSuchBucket',
    /^PUT data\/a\/b: no & no \(NoSuchBucket, HTTP 404\)$/,
  ],
  [
    'what OBS says in headers',
    403,
    { 'x-obs-error-code': 'AccessDenied', 'x-obs-error-message': 'by policy' },
    '',
    'AccessDenied',
    /the store says: by policy/,
  ],
  ['a gateway in HTML', 502, {}, '<html>nginx', 'Status502', /gave no reason \(Status502, HTTP 502\)$/],
]
for (const [title, status, headers, text, code, words] of cases)
  test(`${title} is told in a sentence`, () => {
    const error = refusalOf(asked, { status, headers, text })
    assert.deepEqual([error.status, error.code], [status, code])
    assert.match(error.message, words)
    assert.doesNotMatch(error.message, /secretKey|SKTEST/)
  })

const waits: Array<[value: string | undefined, ms: number | undefined]> = [
  ['3', 3000],
  ['Sun, 01 Mar 2026 12:00:07 GMT', 7000],
  ['Sun, 01 Mar 2026 11:00:00 GMT', undefined],
  ['soon', undefined],
  [undefined, undefined],
]
for (const [value, ms] of waits)
  test(`Retry-After ${value} means ${ms} ms`, () => assert.equal(retryAfterMs(value, now), ms))

test('a certificate that is not trusted is told as such, and not asked for again', () => {
  const cause = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  const error = failureOf(asked, new WireError('NoConnection', 'no connection', { cause }))
  assert.deepEqual([error.code, error.retryable], ['CertificateNotTrusted', false])
  assert.match(error.message, /DEPTH_ZERO_SELF_SIGNED_CERT.*\(CA\)/)
})
