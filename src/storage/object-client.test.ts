import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { systemClock } from '../lib/clock.ts'
import { ObjectClient } from './object-client.ts'
import { ObjectStoreError } from './object-store-error.ts'
import { authorizeAlways, authorizeS3V4 } from './server/authorize.ts'
import { createObjectHandler } from './server/object-handler.ts'
import { listenObjectServer, type ObjectServer } from './server/object-server-fixture.ts'
import { type ObjectStore, openObjectStore } from './server/object-store.ts'
import { onlyKey } from './server/store-fixture.ts'

let dir: string
let store: ObjectStore
let server: ObjectServer
let client: ObjectClient

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ropeway-client-'))
  store = await openObjectStore({ dir: join(dir, 'store'), clock: systemClock })
  const authorize = authorizeS3V4({ lookup: onlyKey('AK', 'SK'), clock: systemClock })
  server = await listenObjectServer(createObjectHandler({ store, authorize }), { host: '127.0.0.1', port: 0 })
  client = new ObjectClient({ target: { endpoint: server.endpoint, accessKey: 'AK', secretKey: 'SK' } })
  await client.createBucket('bkt')
})
after(async () => {
  await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

const textOf = async (body: Readable): Promise<string> => Buffer.concat(await body.toArray()).toString()
const failed = (code: string, status?: number) => (error: unknown) =>
  error instanceof ObjectStoreError &&
  error.code === code &&
  (status === undefined || error.status === status)

test('buckets are made once, seen, listed and deleted', async () => {
  assert.equal(await client.createBucket('other'), true)
  assert.equal(await client.createBucket('other'), false)
  assert.deepEqual(
    (await client.listBuckets()).map((bucket) => bucket.name),
    ['bkt', 'other'],
  )
  await client.deleteBucket('other')
  assert.deepEqual([await client.bucketExists('bkt'), await client.bucketExists('other')], [true, false])
})

const keys = [
  'plain',
  'a b+c',
  '../up',
  './x',
  '/abs',
  'a//b',
  'folder/',
  '训练/数据',
  'q?x=1&y#z',
  '100%',
  "(it's)*!~",
  '\u{1F600}',
  'tab\tand\nline',
]
for (const key of keys) {
  test(`the key ${JSON.stringify(key)} survives put, list, get, copy and delete`, async () => {
    const { etag } = await client.put('bkt', key, Buffer.from(key), {
      contentType: 'x/y',
      metadata: { Note: '训' },
    })
    const { facts, body } = await client.getStream('bkt', key)
    assert.equal(await textOf(body), key)
    assert.deepEqual(
      [facts.etag, facts.size, facts.contentType, facts.etagIsMd5],
      [etag, Buffer.byteLength(key), 'x/y', true],
    )
    assert.deepEqual(
      (await Array.fromAsync(client.list('bkt'))).map((entry) => entry.kind === 'object' && entry.key),
      [key],
    )
    await client.copy({ bucket: 'bkt', key }, { bucket: 'bkt', key: `copy of ${key}` })
    await client.deleteMany('bkt', [key, `copy of ${key}`, 'never there'])
    assert.equal(await client.head('bkt', key), undefined)
    assert.deepEqual(await Array.fromAsync(client.list('bkt')), [])
  })
}

test('a list goes on over its pages, with folders and without', async () => {
  const names = Array.from({ length: 25 }, (_, at) => `${at % 5}/${String(at).padStart(2, '0')} +`)
  for (const name of names) await client.put('bkt', name, Buffer.from(name))
  const all = await Array.fromAsync(client.list('bkt', { pageSize: 4 }))
  assert.deepEqual(
    all.map((entry) => entry.kind === 'object' && entry.key),
    [...names].sort(),
  )
  const top = await Array.fromAsync(client.list('bkt', { delimiter: '/', pageSize: 2 }))
  assert.deepEqual(
    top.map((entry) => entry.kind === 'prefix' && entry.prefix),
    ['0/', '1/', '2/', '3/', '4/'],
  )
  assert.equal((await Array.fromAsync(client.list('bkt', { prefix: '3/' }))).length, 5)
  await client.deleteMany('bkt', names)
})

test('a stream of known size is stored, and a range of it read while it is the same', async () => {
  const body = { size: 6, open: () => Readable.from([Buffer.from('abc'), Buffer.from('def')]) }
  const { etag } = await client.put('bkt', 'k', body)
  const part = await client.getStream('bkt', 'k', { range: { start: 2, end: 4 }, ifMatch: etag })
  assert.deepEqual([await textOf(part.body), part.facts.size], ['cd', 6])
  await assert.rejects(client.getStream('bkt', 'k', { ifMatch: 'other' }), failed('PreconditionFailed', 412))
})

test('errors carry the status and the word of the store', async () => {
  await assert.rejects(client.getStream('bkt', 'none'), failed('NoSuchKey', 404))
  await assert.rejects(client.put('nobkt', 'k', Buffer.from('x')), failed('NoSuchBucket', 404))
  await assert.rejects(Array.fromAsync(client.list('nobkt')), failed('NoSuchBucket', 404))
  await using stranger = new ObjectClient({
    target: { endpoint: server.endpoint, accessKey: 'AK', secretKey: 'no' },
  })
  await assert.rejects(stranger.head('bkt', 'k'), failed('AccessDenied', 403))
  await assert.rejects(stranger.listBuckets(), failed('SignatureDoesNotMatch', 403))
})

test("over a task's socket no key is needed", async () => {
  const socketPath = join(dir, 'task.sock')
  const handler = createObjectHandler({ store, authorize: authorizeAlways('') })
  await using _listener = await listenObjectServer(handler, { socketPath })
  await using task = new ObjectClient({ target: { socketPath } })
  await task.put('bkt', 'from task', Buffer.from('x'))
  assert.equal((await client.head('bkt', 'from task'))?.size, 1)
})

type Answer = (req: IncomingMessage, res: ServerResponse) => void
const status =
  (code: number, body = '', headers = {}): Answer =>
  (_, res) =>
    res.writeHead(code, headers).end(body)
const cut: Answer = (req) => req.socket.destroy()
const slow = '<Error><Code>SlowDown</Code><Message>slow down</Message></Error>'

/** A client of a server that gives the listed answers in turn, the last one forever. */
async function scripted(answers: Answer[], attempts = 4) {
  const bodies: string[] = []
  const fake = await listenObjectServer(
    (req, res) => {
      let text = ''
      req.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      req.on('end', () => {
        bodies.push(text)
        answers[Math.min(bodies.length, answers.length) - 1]?.(req, res)
      })
    },
    { host: '127.0.0.1', port: 0 },
  )
  const target = {
    endpoint: `${fake.endpoint}/base/`,
    accessKey: 'a',
    secretKey: 's',
    dialect: 'v4' as const,
  }
  const asking = new ObjectClient({ target, attempts, backoffMs: 1 })
  const dispose = async () => {
    await asking[Symbol.asyncDispose]()
    await fake[Symbol.asyncDispose]()
  }
  return { asking, bodies, [Symbol.asyncDispose]: dispose }
}

const stored = status(200, '', { etag: '"e"' })
const tries: Array<[title: string, answers: Answer[], code: string, count: number]> = [
  ['a busy store is asked again, the body sent anew', [status(503, slow), status(500), stored], 'ok', 3],
  ['a cut connection is tried again', [cut, cut, stored], 'ok', 3],
  ['too many requests are spread out', [status(429), stored], 'ok', 2],
  ['a store that stays busy is asked longer, and given up', [status(503, slow)], 'SlowDown', 16],
  ['a dead connection is given up', [cut], 'ConnectionFailed', 4],
  ['a refusal is final', [status(403, '<Error><Code>AccessDenied</Code></Error>')], 'AccessDenied', 1],
  ['a full disk is final', [status(507)], 'Status507', 1],
  ['what no store would say is told by its status', [status(404, '<html>nginx')], 'NoSuchKey', 1],
]
for (const [title, answers, code, count] of tries) {
  test(title, async () => {
    await using run = await scripted(answers)
    const body = { size: 5, open: () => Readable.from([Buffer.from('hello')]) }
    const result = await run.asking.put('bkt', 'k', body).then(
      () => 'ok',
      (error: unknown) => (error instanceof ObjectStoreError ? error.code : String(error)),
    )
    assert.deepEqual([result, run.bodies.length], [code, count])
    assert.ok(run.bodies.every((one) => one === 'hello'))
  })
}

test('an abort ends the waiting between tries with its own reason', async () => {
  const stop = new AbortController()
  await using run = await scripted(
    [
      (_, res) => {
        res.writeHead(503).end()
        stop.abort(new Error('enough'))
      },
    ],
    1000,
  )
  await assert.rejects(run.asking.head('bkt', 'k', { signal: stop.signal }), /enough/)
})

test('what a store sends behind an answer to HEAD is not taken for the next answer', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (request: Buffer) => {
      const isHead = request.toString().startsWith('HEAD')
      // radosgw does this.
      const answer = isHead ? 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n' : 'Content-Length: 0\r\n\r\n'
      socket.write(`HTTP/1.1 ${isHead ? '403 Forbidden' : '204 No Content'}\r\n${answer}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  {
    const endpoint = `http://127.0.0.1:${address.port}`
    await using asking = new ObjectClient({ target: { endpoint, accessKey: 'a', secretKey: 's' } })
    for (let round = 0; round < 3; round += 1) {
      await assert.rejects(asking.head('bkt', 'k'), failed('AccessDenied'))
      await asking.delete('bkt', 'k')
    }
  }
  server.close()
})

test('an error inside a success is an error', async () => {
  await using run = await scripted([
    status(200, '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>late</Message></Error>'),
  ])
  const upload = { bucket: 'bkt', key: 'k', uploadId: 'u' }
  await assert.rejects(run.asking.completeUpload(upload, [{ number: 1, etag: 'e' }]), failed('InternalError'))
})

test('a store that ignores ranges is found out', async () => {
  await using run = await scripted([status(200, 'whole', { etag: '"e"' })])
  await assert.rejects(
    run.asking.getStream('bkt', 'k', { range: { start: 1, end: 2 } }),
    failed('RangeIgnored'),
  )
})
