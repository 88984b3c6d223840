import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sha256Hex } from '../../lib/signature/canonical.ts'
import { type Authorize, authorizeAlways } from './authorize.ts'
import { createObjectHandler } from './object-handler.ts'
import { listenObjectServer, type ObjectServer } from './object-server-fixture.ts'
import type { ObjectStore } from './object-store.ts'
import { ask, bodies, open, type Sent } from './store-fixture.ts'

let dir: string
let store: ObjectStore
let server: ObjectServer

// As a task's socket would: no signature, but one bucket is not this task's.
const authorize: Authorize = (asked) =>
  asked.bucket === 'secret'
    ? { ok: false, code: 'AccessDenied', message: 'not yours' }
    : authorizeAlways('')(asked)

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ropeway-errors-'))
  store = await open(dir)
  server = await listenObjectServer(createObjectHandler({ store, authorize }), { host: '127.0.0.1', port: 0 })
  await store.createBucket('bkt')
  await store.createBucket('secret')
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

const XML_DELETE = (key: string) => `<Delete><Object><Key>${key}</Key></Object></Delete>`
const errors: Array<
  [title: string, method: string, target: string, status: number, code: string | undefined, sent?: Sent]
> = [
  ['a key that is not there', 'GET', '/bkt/none', 404, 'NoSuchKey'],
  ['a bucket that is not there', 'GET', '/none/k', 404, 'NoSuchBucket'],
  ['an upload into a bucket that is not there', 'PUT', '/none/k', 404, 'NoSuchBucket', { body: 'x' }],
  ['the head of nothing', 'HEAD', '/bkt/none', 404, undefined],
  ['a bucket name in capitals', 'PUT', '/Bucket', 400, 'InvalidBucketName'],
  ['a bucket that is there already', 'PUT', '/bkt', 409, 'BucketAlreadyOwnedByYou'],
  ['the deletion of a full bucket', 'DELETE', '/bkt', 409, 'BucketNotEmpty'],
  ['a key of 1025 bytes', 'PUT', `/bkt/${'k'.repeat(1025)}`, 400, 'KeyTooLongError', { body: 'x' }],
  ['a key with NUL', 'PUT', '/bkt/a%00b', 400, 'InvalidArgument', { body: 'x' }],
  ['a key that is not UTF-8', 'GET', '/bkt/%ff', 400, 'InvalidURI'],
  [
    'a wrong Content-MD5',
    'PUT',
    '/bkt/e',
    400,
    'BadDigest',
    { body: 'x', headers: { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' } },
  ],
  [
    'a Content-MD5 that is none',
    'PUT',
    '/bkt/e',
    400,
    'InvalidDigest',
    { body: 'x', headers: { 'content-md5': 'abc' } },
  ],
  [
    'a wrong checksum',
    'PUT',
    '/bkt/e',
    400,
    'BadDigest',
    { body: 'x', headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } },
  ],
  [
    'a wrong sha256',
    'PUT',
    '/bkt/e',
    400,
    'XAmzContentSHA256Mismatch',
    { body: 'x', headers: { 'x-amz-content-sha256': sha256Hex('y') } },
  ],
  [
    '6 GiB in one piece',
    'PUT',
    '/bkt/e',
    400,
    'EntityTooLarge',
    {
      body: '',
      headers: {
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': '6442450944',
      },
    },
  ],
  [
    'chunks shorter than said',
    'PUT',
    '/bkt/e',
    400,
    'IncompleteBody',
    {
      body: '1\r\nx\r\n0\r\n\r\n',
      headers: {
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': '2',
      },
    },
  ],
  ['a range behind the end', 'GET', '/bkt/five', 416, 'InvalidRange', { headers: { range: 'bytes=5-' } }],
  [
    'an ETag that is another',
    'GET',
    '/bkt/five',
    412,
    'PreconditionFailed',
    { headers: { 'if-match': '"x"' } },
  ],
  [
    'an object the client has',
    'GET',
    '/bkt/five',
    304,
    undefined,
    { headers: { 'if-none-match': '"5d41402abc4b2a76b9719d911017c592"' } },
  ],
  [
    'creating what exists',
    'PUT',
    '/bkt/five',
    412,
    'PreconditionFailed',
    { body: 'x', headers: { 'if-none-match': '*' } },
  ],
  ['a page size that is no number', 'GET', '/bkt?max-keys=-1', 400, 'InvalidArgument'],
  ['an encoding nobody knows', 'GET', '/bkt?encoding-type=x', 400, 'InvalidArgument'],
  ['a token from elsewhere', 'GET', '/bkt?list-type=2&continuation-token=AAAA', 400, 'InvalidArgument'],
  ['a sub-resource not offered', 'GET', '/bkt?website', 501, 'NotImplemented'],
  ['a sub-resource with another method', 'PUT', '/bkt?acl', 501, 'NotImplemented'],
  ['a method not possible', 'POST', '/bkt/k', 405, 'MethodNotAllowed'],
  ['a bucket without CORS', 'GET', '/bkt?cors', 404, 'NoSuchCORSConfiguration'],
  ['an unknown upload', 'PUT', '/bkt/k?uploadId=x&partNumber=1', 404, 'NoSuchUpload', { body: 'x' }],
  ['a batch that is no XML', 'POST', '/bkt?delete', 400, 'MalformedXML', { body: '<Delete>' }],
  [
    'a batch with an entity',
    'POST',
    '/bkt?delete',
    400,
    'MalformedXML',
    { body: `<!DOCTYPE x [<!ENTITY a "b">]>${XML_DELETE('&a;')}` },
  ],
  ['an empty batch', 'POST', '/bkt?delete', 400, 'MalformedXML', { body: '<Delete></Delete>' }],
  ['a copy of nothing', 'PUT', '/bkt/k', 404, 'NoSuchKey', { headers: { 'x-amz-copy-source': '/bkt/none' } }],
  [
    'a copy onto itself',
    'PUT',
    '/bkt/five',
    400,
    'InvalidRequest',
    { headers: { 'x-amz-copy-source': 'bkt/five' } },
  ],
  [
    'a copy source without key',
    'PUT',
    '/bkt/k',
    400,
    'InvalidArgument',
    { headers: { 'x-amz-copy-source': 'bkt' } },
  ],
  [
    'a copy from a bucket that is not ours',
    'PUT',
    '/bkt/k',
    403,
    'AccessDenied',
    { headers: { 'x-amz-copy-source': 'secret/k' } },
  ],
  ['a bucket that is not ours', 'GET', '/secret/k', 403, 'AccessDenied'],
]
for (const [title, method, target, status, code, sent] of errors) {
  test(`${title} is answered ${status} ${code ?? ''}, and nothing is left of it`, async () => {
    await ask(server.endpoint, 'PUT', '/bkt/five', { body: 'hello' })
    const files = (await bodies(dir)).length
    const answer = await ask(server.endpoint, method, target, sent)
    assert.deepEqual([answer.status, answer.code], [status, code], answer.text)
    assert.equal((await bodies(dir)).length, files)
  })
}
