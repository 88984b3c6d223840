import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { systemClock } from '../../lib/clock.ts'
import { sha256Hex } from '../../lib/signature/canonical.ts'
import { presignS3V4, signS3V4 } from '../../lib/signature/s3-v4.ts'
import { type Authorize, authorizeAlways, authorizeS3V4 } from './authorize.ts'
import { createObjectHandler } from './object-handler.ts'
import { listenObjectServer, type ObjectServer } from './object-server-fixture.ts'
import { type ObjectStore, openObjectStore } from './object-store.ts'
import { ask as askAt, bodies, onlyKey, type Sent } from './store-fixture.ts'

const credentials = { accessKey: 'AK', secretKey: 'SK' }
const local = { host: '127.0.0.1', port: 0 }
let dir: string
let store: ObjectStore
let signed: ObjectServer
let open: ObjectServer

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ropeway-objects-'))
  store = await openObjectStore({ dir, clock: systemClock })
  const s3 = authorizeS3V4({ lookup: onlyKey('AK', 'SK'), clock: systemClock })
  // As a task's socket would: no signature, but one bucket is not this task's.
  const task: Authorize = (asked) =>
    asked.bucket === 'secret'
      ? { ok: false, code: 'AccessDenied', message: 'not yours' }
      : authorizeAlways('')(asked)
  signed = await listenObjectServer(createObjectHandler({ store, authorize: s3 }), local)
  open = await listenObjectServer(createObjectHandler({ store, authorize: task }), local)
  await store.createBucket('bkt')
  await store.createBucket('secret')
})
after(async () => {
  await signed[Symbol.asyncDispose]()
  await open[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

/** A request without signature to the listener that needs none. */
const ask = (method: string, target: string, sent?: Sent) => askAt(open.endpoint, method, target, sent)

const bodyFiles = async (): Promise<number> => (await bodies(dir)).length

test('an object comes back with its type, metadata, length and ETag, whole, in part and as headers only', async () => {
  const headers = {
    'content-type': 'text/plain',
    'x-amz-meta-note': 'a  b',
    'cache-control': 'no-store',
    'content-encoding': 'gzip,aws-chunked',
  }
  const put = await ask('PUT', '/bkt/a%20b/%E8%AE%AD+x', { headers, body: 'hello' })
  assert.deepEqual([put.status, put.headers['etag']], [200, '"5d41402abc4b2a76b9719d911017c592"'])
  const get = await ask('GET', '/bkt/a%20b/%e8%ae%ad%2Bx')
  assert.equal(get.text, 'hello')
  const {
    etag,
    'content-type': type,
    'x-amz-meta-note': note,
    'content-encoding': encoding,
    'cache-control': cache,
  } = get.headers
  assert.deepEqual(
    [etag, type, note, encoding, cache],
    [put.headers['etag'], 'text/plain', 'a  b', 'gzip', 'no-store'],
  )
  const part = await ask('GET', '/bkt/a%20b/%E8%AE%AD+x', { headers: { range: 'bytes=1-3' } })
  assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, 'ell', 'bytes 1-3/5'])
  const head = await ask('HEAD', '/bkt/a%20b/%E8%AE%AD+x?response-content-type=x%2Fy')
  assert.deepEqual(
    [head.status, head.text, head.headers['content-length'], head.headers['content-type']],
    [200, '', '5', 'x/y'],
  )
})

test('keys that look like paths are keys, and no file of that name appears', async () => {
  for (const target of ['/bkt/../../etc/x', '/bkt//abs', '/bkt/a/../b', '/bkt/%2e%2e/up', '/bkt/.']) {
    await ask('PUT', target, { body: target })
    assert.equal((await ask('GET', target)).text, target)
  }
  const keys = (await store.list({ bucket: 'bkt' })).objects.map((object) => object.key)
  assert.ok(keys.includes('../../etc/x') && keys.includes('/abs') && keys.includes('../up'))
  assert.deepEqual(
    (await readdir(dir)).filter((name) => !/^(objects\.sqlite|bodies|buckets|reserve)/.test(name)),
    [],
  )
})

test('text from keys cannot break out of the XML', async () => {
  const key = '<a>&"\'\u0001]]>'
  await store.put({ bucket: 'bkt', key, body: (async function* () {})() })
  const target = `/bkt?prefix=${encodeURIComponent('<a>')}`
  assert.match((await ask('GET', target)).text, /<Key>&lt;a&gt;&amp;&quot;&apos;&#x1;\]\]&gt;<\/Key>/)
  assert.match(
    (await ask('GET', `${target}&encoding-type=url`)).text,
    /<Key>%3Ca%3E%26%22%27%01%5D%5D%3E<\/Key>/,
  )
  assert.match((await ask('GET', `/bkt/${encodeURIComponent('<x>')}`)).text, /&lt;x&gt;/)
})

test('a batch deletes what it names, spaces, references and all', async () => {
  for (const key of ['%20x', 'a%26b%0A', 'keep']) await ask('PUT', `/bkt/${key}`, { body: 'x' })
  const body =
    '<Delete><Object><Key> x</Key></Object><Object><Key>a&amp;b&#10;</Key></Object><Object><Key>never</Key></Object></Delete>'
  const answer = await ask('POST', '/bkt?delete', { body })
  assert.equal(answer.text.match(/<Deleted>/g)?.length, 3)
  const statuses = await Promise.all(
    ['%20x', 'a%26b%0A', 'keep'].map(async (key) => (await ask('HEAD', `/bkt/${key}`)).status),
  )
  assert.deepEqual(statuses, [404, 404, 200])
})

test('a copy takes the metadata along, or the new one', async () => {
  await ask('PUT', '/bkt/from%3F', { body: 'hello', headers: { 'x-amz-meta-a': '1', 'content-type': 'x/y' } })
  const source = { 'x-amz-copy-source': '/bkt/from%3F' }
  await ask('PUT', '/bkt/to', { headers: source })
  await ask('PUT', '/bkt/to2', {
    headers: { ...source, 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-b': '2' },
  })
  const [one, two] = [await ask('GET', '/bkt/to'), await ask('GET', '/bkt/to2')]
  assert.deepEqual(
    [one.text, one.headers['x-amz-meta-a'], one.headers['content-type']],
    ['hello', '1', 'x/y'],
  )
  assert.deepEqual(
    [two.text, two.headers['x-amz-meta-a'], two.headers['x-amz-meta-b']],
    ['hello', undefined, '2'],
  )
})

test('without a signature only the question for the API version is answered, in a way that OBS clients fall back to S3', async () => {
  for (const method of ['GET', 'HEAD'] as const) {
    const answer = await request(`${signed.endpoint}/?apiversion`, { method })
    assert.deepEqual(
      [answer.statusCode, answer.headers['x-obs-api'], await answer.body.text()],
      [200, undefined, ''],
    )
    const other = await request(`${signed.endpoint}/bkt/five`, { method })
    assert.equal(other.statusCode, 403)
    await other.body.dump()
  }
})

test('signed requests and presigned links open, and a wrong key, a changed body or an old date do not', async () => {
  const { host } = new URL(signed.endpoint)
  const send = async (
    body: string,
    over: { secretKey?: string; now?: Date; signedBody?: string; accessKey?: string } = {},
  ) => {
    const headers = signS3V4({
      request: { method: 'PUT', path: '/bkt/signed', query: '', headers: { host } },
      credentials: { ...credentials, ...over },
      now: over.now ?? new Date(),
      payloadHash: sha256Hex(over.signedBody ?? body),
    })
    const answer = await request(`${signed.endpoint}/bkt/signed`, { method: 'PUT', headers, body })
    return [answer.statusCode, /<Code>(\w+)/.exec(await answer.body.text())?.[1]]
  }
  assert.deepEqual(await send('good'), [200, undefined])
  assert.deepEqual(await send('x', { secretKey: 'no' }), [403, 'SignatureDoesNotMatch'])
  assert.deepEqual(await send('x', { accessKey: 'NO' }), [403, 'InvalidAccessKeyId'])
  assert.deepEqual(await send('x', { signedBody: 'y' }), [400, 'XAmzContentSHA256Mismatch'])
  assert.deepEqual(await send('x', { now: new Date(Date.now() - 20 * 60_000) }), [
    403,
    'RequestTimeTooSkewed',
  ])
  const link = { method: 'GET', path: '/bkt/signed', query: '', headers: { host } }
  const query = presignS3V4({ request: link, credentials, now: new Date(), expiresSeconds: 60 })
  const answer = await request(`${signed.endpoint}/bkt/signed?${query}`)
  assert.equal(await answer.body.text(), 'good')
})

test('a client that dies in the middle of an upload leaves nothing, and the server goes on', async () => {
  const files = await bodyFiles()
  const { port } = new URL(open.endpoint)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(`PUT /bkt/half HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n${'x'.repeat(2_000_000)}`)
  while ((await bodyFiles()) === files) await delay(2)
  socket.destroy()
  await once(socket, 'close')
  const deadline = Date.now() + 5000
  while ((await bodyFiles()) !== files && Date.now() < deadline) await delay(2)
  assert.equal(await bodyFiles(), files)
  assert.equal((await ask('GET', '/bkt/half')).status, 404)
})

test('an error in the middle of a sent body reaches the client, and its connection goes on', async () => {
  const { port } = new URL(open.endpoint)
  const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
  let seen = ''
  socket.on('data', (text: string) => {
    seen += text
  })
  const body = 'x'.repeat(3_000_000)
  socket.write(`PUT /none/k HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  socket.write('HEAD /?apiversion HTTP/1.1\r\nHost: h\r\n\r\n')
  const deadline = Date.now() + 5000
  while (!/404 Not Found[\s\S]*HTTP\/1\.1 200/.test(seen) && Date.now() < deadline) await delay(2)
  socket.destroy()
  assert.match(seen, /404 Not Found[\s\S]*NoSuchBucket[\s\S]*HTTP\/1\.1 200/)
})
