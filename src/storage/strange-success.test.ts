// A login page, a captive portal or some other web server that says 200 to everything is not an object store.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { ObjectClient } from './object-client.ts'
import { strangeSuccess } from './refusal.ts'
import { listenObjectServer, type ObjectServer } from './server/object-server-fixture.ts'
import { downloadObject } from './transfer/download.ts'
import { bucket, clientOf, failed, TransferSpace } from './transfer/transfer-fixture.ts'
import { uploadFile } from './transfer/upload.ts'

let space: TransferSpace
let portal: ObjectServer
let client: ObjectClient
let said: Readonly<Record<string, string>> = {}
let page = ''
before(async () => {
  space = await TransferSpace.open()
  portal = await listenObjectServer(
    (req, res) => req.resume().on('end', () => res.writeHead(200, said).end(page)),
    {
      host: '127.0.0.1',
      port: 0,
    },
  )
  client = clientOf(portal.endpoint)
})
beforeEach(() => space.nextRound())
after(async () => {
  await client[Symbol.asyncDispose]()
  await portal[Symbol.asyncDispose]()
  await space[Symbol.asyncDispose]()
})

const KINDS: ReadonlyArray<readonly [title: string, headers: Record<string, string>]> = [
  ['HTML', { 'content-type': 'text/html; charset=utf-8' }],
  ['plain text', { 'content-type': 'text/plain' }],
  ['something without a type', {}],
]
const CALLS: ReadonlyArray<readonly [method: string, call: () => Promise<unknown>]> = [
  ['PUT', () => client.put(bucket, 'k', Buffer.from('x'))],
  ['HEAD', () => client.head(bucket, 'k')],
  ['GET', () => client.getStream(bucket, 'k')],
  ['DELETE', () => client.delete(bucket, 'k')],
  ['PUT of a part', () => client.putPart({ bucket, key: 'k', uploadId: 'u' }, 1, Buffer.from('x'))],
  ['an abort', () => client.abortUpload({ bucket, key: 'k', uploadId: 'u' })],
]
for (const [kind, headers] of KINDS)
  for (const [method, call] of CALLS)
    test(`${method} that is answered with ${kind} and 200 is no success`, async () => {
      page = '<html>Please log in</html>'
      said = { ...headers, 'content-length': String(page.length) }
      await assert.rejects(call, failed('NotAnObjectStore'))
    })

test('a web page has no buckets either', async () => {
  page = '<html>Please log in</html>'
  said = { 'content-type': 'text/html' }
  await assert.rejects(client.bucketExists(bucket), failed('NotAnObjectStore'))
  await assert.rejects(client.createBucket(bucket), failed('NotAnObjectStore'))
})

test('no file goes up to it, and none comes down under its final name', async () => {
  page = '<html>Please log in</html>'
  said = { 'content-type': 'text/html', 'content-length': String(page.length) }
  const path = join(space.src, 'a')
  await writeFile(path, 'hello')
  await assert.rejects(uploadFile({ client, bucket, key: 'k', path }), failed('NotAnObjectStore'))
  const target = join(space.src, 'down')
  await assert.rejects(downloadObject({ client, bucket, key: 'k', path: target }), failed('NotAnObjectStore'))
  assert.equal(existsSync(target), false)
})

const SILENT: ReadonlyArray<readonly [call: string, work: () => Promise<unknown>]> = [
  ['a copy', () => client.copy({ bucket, key: 'a' }, { bucket, key: 'b' })],
  [
    'a copied part',
    () => client.copyPart({ bucket, key: 'k', uploadId: 'u' }, 1, { bucket, key: 'a', start: 0, end: 1 }),
  ],
  [
    'an upload made whole',
    () => client.completeUpload({ bucket, key: 'k', uploadId: 'u' }, [{ number: 1, etag: 'e' }]),
  ],
  ['a list', () => Array.fromAsync(client.list(bucket))],
]
for (const [call, work] of SILENT)
  test(`${call} that is answered with silence or another document is no success`, async () => {
    said = {}
    for (page of ['', '<?xml version="1.0"?><Other/>']) await assert.rejects(work, failed('InvalidAnswer'))
  })

test('what stores do say is taken: pages that are objects, empty answers to DELETE, documents', () => {
  const said = (method: string, headers: Record<string, string>, status = 200) =>
    strangeSuccess({ method, key: 'k' }, { status, headers })
  assert.equal(said('GET', { 'content-type': 'text/html', etag: '"e"' }), undefined)
  assert.equal(said('DELETE', {}, 204), undefined)
  assert.equal(said('DELETE', { 'content-length': '0' }), undefined)
  assert.equal(said('POST', { 'content-type': 'application/xml' }), undefined)
  assert.equal(said('GET', {}, 404), undefined)
})

test('an upload made whole without an ETag in the answer, as Ceph says it, has the one of its parts', async () => {
  said = { 'content-type': 'application/xml' }
  page = '<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>'
  const complete = (etag: string) =>
    client.completeUpload({ bucket, key: 'k', uploadId: 'u' }, [{ number: 1, etag }])
  assert.match(await complete('0cc175b9c0f1b6a831c399e269772661'), /^[0-9a-f]{32}-1$/)
  assert.equal(await complete('no md5'), '')
})
