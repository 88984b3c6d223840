// Stores that break off, lie, do not end or have too much to do: a clear end each time, and nothing half-done under
// its final name.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { listenObjectServer } from '../server/object-server-fixture.ts'
import { downloadPrefix } from './download.ts'
import { bucket, clientOf, differences, failed, MIB, TransferSpace } from './transfer-fixture.ts'
import type { TransferEvent } from './transfer-types.ts'
import { uploadFolder } from './upload.ts'

let space: TransferSpace
before(async () => {
  space = await TransferSpace.open()
})
beforeEach(() => space.nextRound())
after(() => space[Symbol.asyncDispose]())

type Answer = (req: IncomingMessage, res: ServerResponse) => void

/** Sends a request on to the real store. */
const pass: Answer = (req, res) => {
  const { hostname, port } = new URL(space.server.endpoint)
  const onward = forward(
    { hostname, port, path: req.url, method: req.method, headers: req.headers },
    (answer) => {
      res.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(res)
    },
  )
  req.pipe(onward)
}

/** A store on loopback that answers as told. */
const standIn = (answer: Answer) => listenObjectServer(answer, { host: '127.0.0.1', port: 0 })
const isObject = (req: IncomingMessage): boolean => (req.url ?? '').split('/').length > 2
const isList = (req: IncomingMessage): boolean => req.method === 'GET' && !isObject(req)
const listOf = (key: string, size: number, etag: string): string =>
  `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>${key}</Key><Size>${size}</Size><ETag>"${etag}"</ETag><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>`
const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

/** Downloads from a stand-in and expects this failure, with an empty destination afterwards. */
async function refusesDownload(answer: Answer, code: string, words = /./): Promise<void> {
  await using bad = await standIn(answer)
  await using client = clientOf(bad.endpoint)
  const download = downloadPrefix({ client, bucket, prefix: 'p', destDir: space.dest })
  await assert.rejects(download, (error: Error) => {
    assert.match(error.message, words)
    return failed(code)(error)
  })
  assert.deepEqual(await readdir(space.dest).catch(() => []), [])
}

/** Lists one object of 5 bytes and answers its GET as told. */
const withObject =
  (answer: Answer): Answer =>
  (req, res) => {
    if (isList(req)) res.end(listOf('p/a', 5, md5('hello')))
    else answer(req, res)
  }
const facts = { etag: `"${md5('hello')}"`, 'content-length': '5' }
const chunks = (res: ServerResponse) => {
  const timer = setInterval(() => res.write('x'.repeat(65536)), 1)
  res.on('close', () => clearInterval(timer))
}

const liars: Array<[title: string, answer: Answer, code: string, words: RegExp]> = [
  [
    'a web page in place of a list',
    (_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>'),
    'NotAnObjectStore',
    /answers with a web page; it is no object store, or a proxy stands in the way/,
  ],
  [
    'a web page in place of an object',
    withObject((_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('hello')),
    'NotAnObjectStore',
    /answers with a web page/,
  ],
  ['a list that is no list', (_, res) => res.end('{"ok":true}'), 'NotAnObjectStore', /no XML|XML/],
  ['a list without an end', (_, res) => chunks(res), 'NotAnObjectStore', /a body that does not end/],
  [
    'a refusal without an end',
    (_, res) => {
      res.writeHead(403)
      chunks(res)
    },
    'NotAnObjectStore',
    /a refusal that does not end/,
  ],
  [
    'a list that goes in a circle',
    (_, res) => res.end(listOf('p/a', 5, '').replace('>false<', '>true<')),
    'InvalidAnswer',
    /does not go on after p\/a/,
  ],
  [
    'a redirect to itself',
    (req, res) => res.writeHead(307, { location: `http://${req.headers.host}${req.url}` }).end(),
    'Status307',
    /is not its endpoint, the store points to/,
  ],
  [
    'an object without an end',
    withObject((_, res) => {
      res.writeHead(200, { etag: facts.etag })
      chunks(res)
    }),
    'ObjectChanged',
    /has 0 bytes/,
  ],
  [
    'an object that is longer than its length',
    withObject((_, res) => res.writeHead(200, { ...facts, 'content-length': '7' }).end('hello w')),
    'ObjectChanged',
    /has 7 bytes now/,
  ],
  [
    'another object of the same size',
    withObject((_, res) => res.writeHead(200, { ...facts, etag: `"${md5('jello')}"` }).end('jello')),
    'ObjectChanged',
    /is another one now/,
  ],
  [
    'bytes that are not those of the ETag',
    withObject((_, res) => res.writeHead(200, facts).end('jello')),
    'Damaged',
    /arrived with md5/,
  ],
  [
    'bytes that are not those of the checksum',
    withObject((_, res) => res.writeHead(200, { ...facts, 'x-amz-checksum-crc32': 'AAAAAA==' }).end('hello')),
    'Damaged',
    /arrived with crc32/,
  ],
  [
    'an object removed after the list',
    withObject((_, res) => res.writeHead(404).end()),
    'ObjectChanged',
    /was removed while/,
  ],
  [
    'a store that closes in the middle, always',
    withObject((_, res) => {
      res.writeHead(200, facts)
      res.flushHeaders()
      res.socket?.destroy()
    }),
    'ConnectionFailed',
    /cut/,
  ],
]
for (const [title, answer, code, words] of liars)
  test(`${title} is found out`, () => refusesDownload(answer, code, words))

test('what is no HTTP is told as such', async () => {
  const server = createServer((socket) =>
    socket.on('error', () => undefined).end('220 mail.example.com ESMTP\r\n'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  await using client = clientOf(`http://127.0.0.1:${address.port}`)
  await assert.rejects(client.listBuckets(), (error: Error) => {
    assert.match(error.message, /answers with The answer begins with "220 mail/)
    return failed('NotAnObjectStore')(error)
  })
  server.close()
})

test('a store that throttles every second request gets fewer at once, and everything arrives', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [`d${at % 7}/f${at}`, `content ${at}`]),
  )
  await space.makeFiles({ ...files, big: randomBytes(20 * MIB) })
  let asked = 0
  await using busy = await standIn((req, res) => {
    asked += 1
    if (asked % 2 === 1) return pass(req, res)
    req.resume()
    res
      .writeHead(503, { 'retry-after': '0' })
      .end('<Error><Code>SlowDown</Code><Message>slow</Message></Error>')
  })
  await using client = clientOf(busy.endpoint)
  const seen = new Set<string>()
  const onEvent = ({ kind }: TransferEvent) => void seen.add(kind)
  await uploadFolder({ client, bucket, dir: space.src, prefix: 'p', onEvent })
  await downloadPrefix({ client, bucket, prefix: 'p', destDir: space.dest, onEvent })
  assert.equal(differences(space.src, space.dest), '')
  assert.deepEqual([...seen].sort(), ['moved', 'retry', 'throttled'])
})

test('a store that loses what it was sent is asked again, and given up without an object', async () => {
  await space.makeFiles({ a: 'hello' })
  let puts = 0
  await using bad = await standIn((req, res) => {
    req.resume().on('end', () => {
      puts += 1
      res.writeHead(200, { etag: `"${md5('other')}"` }).end()
    })
  })
  await using client = clientOf(bad.endpoint)
  await assert.rejects(uploadFolder({ client, bucket, dir: space.src, prefix: 'p' }), failed('Damaged'))
  assert.equal(puts, 5)
})

test('many small objects come through connections that are cut every few answers', async () => {
  const files = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`f${at}`, `content ${at}`]))
  await space.makeFiles(files)
  await uploadFolder({ client: space.client, bucket, dir: space.src, prefix: 'p' })
  const answered = new WeakMap<object, number>()
  await using flaky = await standIn((req, res) => {
    const count = (answered.get(req.socket) ?? 0) + 1
    answered.set(req.socket, count)
    if (count % 7 === 0) req.socket.destroy()
    else pass(req, res)
  })
  await using client = clientOf(flaky.endpoint)
  await downloadPrefix({ client, bucket, prefix: 'p', destDir: space.dest })
  assert.equal(differences(space.src, space.dest), '')
})

test('names with line breaks and quotes go up and come down', async () => {
  await space.makeFiles({ 'a\nb': '1', 'c\r\nd': '2', 'e"f\'g': '3', 'h\ti': '4', '%2F?#&+ ;=': '' })
  await uploadFolder({ client: space.client, bucket, dir: space.src, prefix: 'p\n' })
  await downloadPrefix({ client: space.client, bucket, prefix: 'p\n', destDir: space.dest })
  assert.equal(differences(space.src, space.dest), '')
})

const notRoot = process.getuid?.() === 0 ? false : 'needs root to mount a small tmpfs'
test('a disk that fills up on the way ends the download with that word, and nothing half is left', {
  skip: notRoot,
}, async () => {
  await space.makeFiles({ a: randomBytes(3 * MIB), b: randomBytes(3 * MIB) })
  await uploadFolder({ client: space.client, bucket, dir: space.src, prefix: 'p' })
  const disk = join(space.dir, 'disk')
  spawnSync('mkdir', [disk])
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]).status, 0)
  try {
    let filled: Promise<unknown> | undefined
    // Somebody else takes the room that was there at the start.
    const onProgress = () => {
      filled ??= writeFile(join(disk, 'ballast'), Buffer.alloc(8 * MIB)).catch(() => undefined)
    }
    await using slow = await standIn((req, res) => {
      if (isList(req)) pass(req, res)
      else void (filled ?? Promise.resolve()).then(() => pass(req, res))
    })
    await using client = clientOf(slow.endpoint)
    const options = { client, bucket, prefix: 'p', destDir: disk, concurrency: 1, onProgress }
    await assert.rejects(downloadPrefix(options), failed('DiskFull'))
    const left = (await readdir(disk)).filter((name) => name !== 'ballast')
    assert.ok(
      left.every((name) => name === 'a'),
      left.join(),
    )
  } finally {
    spawnSync('umount', [disk])
  }
})

test('an object that was made whole, though the answer was lost and the store forgot the upload, is not sent again', async () => {
  await space.makeFiles({ big: randomBytes(20 * MIB) })
  let completes = 0
  let parts = 0
  const noSuchUpload = (res: ServerResponse) =>
    res.writeHead(404).end('<Error><Code>NoSuchUpload</Code><Message>no such upload</Message></Error>')
  const lose = (keep: boolean) =>
    standIn((req, res) => {
      if (req.method === 'PUT' && req.url?.includes('partNumber')) parts += 1
      if (req.method !== 'POST' || !req.url?.includes('uploadId')) return pass(req, res)
      completes += 1
      if (completes > 1 || !keep) return void req.resume().on('end', () => noSuchUpload(res))
      // The store does as told; nobody hears of it.
      const { hostname, port } = new URL(space.server.endpoint)
      const onward = forward(
        { hostname, port, path: req.url, method: 'POST', headers: req.headers },
        (answer) => answer.resume().on('end', () => req.socket.destroy()),
      )
      req.pipe(onward)
    })
  const send = async (keep: boolean) => {
    await using server = await lose(keep)
    await using client = clientOf(server.endpoint)
    return await uploadFolder({ client, bucket, dir: space.src, prefix: 'p' })
  }
  assert.equal((await send(true)).files, 1)
  assert.deepEqual([completes, parts], [2, 3])
  assert.deepEqual(await space.keys(), ['p/big'])
  // One that is there, but is not the one, does not count.
  await space.makeFiles({ big: randomBytes(20 * MIB) })
  await assert.rejects(send(false), failed('NoSuchUpload'))
})
