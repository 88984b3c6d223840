// Stores that say less than S3 does: lists without ETags, no CRC-32 of the whole, ETags of parts.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { multipartEtag } from '../multipart-etag.ts'
import { listenObjectServer } from '../server/object-server-fixture.ts'
import { downloadPrefix } from './download.ts'
import { runCopy } from './run-copy.ts'
import { bucket, clientOf, failed, MIB, TransferSpace } from './transfer-fixture.ts'

let space: TransferSpace
before(async () => {
  space = await TransferSpace.open()
})
beforeEach(() => space.nextRound())
after(() => space[Symbol.asyncDispose]())

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')

type Held = {
  /** What the bytes should be, cut into the parts they were sent in. */
  readonly parts: readonly Buffer[]
  readonly listsEtags?: boolean
  readonly knowsParts?: boolean | 'refuses'
  /** What comes in place of the bytes. */
  readonly sent?: Buffer
}

/** A store with one object `p/k`; counts the questions about its parts. */
async function storeOf({ parts, listsEtags = true, knowsParts = true, sent }: Held) {
  const whole = Buffer.concat(parts)
  const bytes = sent ?? whole
  const etag = parts.length === 1 ? md5(whole) : multipartEtag(parts.map(md5))
  const seen = { parts: 0 }
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    const url = new URL(req.url ?? '', 'http://h')
    const number = Number(url.searchParams.get('partNumber') ?? 0)
    const facts = { etag: `"${etag}"`, 'content-length': String(bytes.length) }
    if (url.searchParams.has('prefix')) {
      const said = listsEtags ? `<ETag>"${etag}"</ETag>` : ''
      const line = `<Key>p/k</Key><Size>${bytes.length}</Size>${said}<LastModified>2026-01-01T00:00:00Z</LastModified>`
      res.end(
        `<ListBucketResult><IsTruncated>false</IsTruncated><Contents>${line}</Contents></ListBucketResult>`,
      )
    } else if (number > 0 && knowsParts === 'refuses') res.writeHead(501).end()
    else if (number > 0 && knowsParts) {
      seen.parts += 1
      res.writeHead(206, { ...facts, 'content-length': String(parts[number - 1]?.length) }).end()
    } else {
      const [, start, end] = /bytes=(\d+)-(\d+)/.exec(req.headers.range ?? '') ?? []
      const piece = start === undefined ? bytes : bytes.subarray(Number(start), Number(end) + 1)
      const range = start === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${bytes.length}` }
      res.writeHead(start === undefined ? 200 : 206, {
        ...facts,
        ...range,
        'content-length': String(piece.length),
      })
      res.end(req.method === 'HEAD' ? undefined : piece)
    }
  }
  const server = await listenObjectServer(answer, { host: '127.0.0.1', port: 0 })
  return { ...server, seen, endpoint: server.endpoint }
}

async function download(held: Held): Promise<{ back: Buffer; asked: number }> {
  await using store = await storeOf(held)
  await using client = clientOf(store.endpoint)
  await downloadPrefix({ client, bucket, prefix: 'p', destDir: space.dest })
  return { back: await readFile(join(space.dest, 'k')), asked: store.seen.parts }
}
async function refused(held: Held): Promise<void> {
  await assert.rejects(download(held), failed('Damaged'))
  assert.deepEqual(await readdir(space.dest), [])
}

for (const [title, size] of [
  ['small', 5],
  ['big', 20 * MIB],
] as const) {
  const whole = randomBytes(size)
  const other = Buffer.from(whole)
  other.writeUInt8(whole.readUInt8(size - 1) ^ 1, size - 1)

  test(`a ${title} object of a list without ETags is taken, and compared with what its answer says`, async () => {
    const { back } = await download({ parts: [whole], listsEtags: false })
    assert.ok(back.equals(whole))
  })
  test(`a ${title} object of a list without ETags with other bytes is found out`, () =>
    refused({ parts: [whole], listsEtags: false, sent: other }))

  const cuts = [0, Math.ceil(size / 2), size]
  const even = [whole.subarray(cuts[0], cuts[1]), whole.subarray(cuts[1], cuts[2])]
  const odd = [whole.subarray(0, 1), whole.subarray(1, 3), whole.subarray(3)]
  test(`a ${title} object sent in parts is compared part by part, whatever their sizes`, async () => {
    const first = await download({ parts: even })
    assert.deepEqual([first.back.equals(whole), first.asked], [true, 1])
    await space.nextRound()
    const second = await download({ parts: odd })
    assert.deepEqual([second.back.equals(whole), second.asked], [true, 4])
  })
  test(`a ${title} object sent in parts with other bytes is found out`, () =>
    refused({ parts: even, sent: other }))
  test(`a ${title} object sent in parts of a store that does not tell their sizes is taken`, async () => {
    for (const knowsParts of [false, 'refuses'] as const) {
      assert.ok((await download({ parts: odd, knowsParts })).back.equals(whole))
      await space.nextRound()
    }
  })
}

test('a part is copied of the version that was seen, or not at all', async () => {
  const { client } = space
  const { etag } = await client.put(bucket, 'from', Buffer.from('hello'))
  const upload = { bucket, key: 'to', uploadId: await client.startUpload(bucket, 'to') }
  const piece = { bucket, key: 'from', start: 0, end: 5 }
  assert.equal(await client.copyPart(upload, 1, { ...piece, etag }), etag)
  await assert.rejects(client.copyPart(upload, 2, { ...piece, etag: 'other' }), failed('PreconditionFailed'))
})

test('a big object that is replaced while it is copied is an error, and the upload is given up', async () => {
  const requests: string[] = []
  const server = await listenObjectServer(
    (req, res) => {
      requests.push(`${req.method} ${req.headers['x-amz-copy-source-if-match'] ?? ''}`)
      if (req.method === 'POST')
        res.end('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>')
      else res.writeHead(req.method === 'PUT' ? 412 : 204).end()
    },
    { host: '127.0.0.1', port: 0 },
  )
  await using _server = server
  await using client = clientOf(server.endpoint)
  const pair = { from: { bucket, key: 'a' }, to: { bucket, key: 'b' }, size: 3 * 1024 ** 3, etag: 'e' }
  await assert.rejects(runCopy([pair], { client }), failed('ObjectChanged'))
  assert.deepEqual(requests, ['POST ', 'PUT "e"', 'DELETE '])
})
