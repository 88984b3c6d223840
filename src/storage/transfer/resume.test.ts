// Transfers whose process is killed in the middle, and the next one that goes on.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { listenObjectServer } from '../server/object-server-fixture.ts'
import { downloadPrefix } from './download.ts'
import { bucket, differences, failed, MIB, TransferSpace } from './transfer-fixture.ts'
import { uploadFolder } from './upload.ts'

let space: TransferSpace
before(async () => {
  space = await TransferSpace.open()
})
beforeEach(() => space.nextRound())
after(() => space[Symbol.asyncDispose]())

const CHILD = join(import.meta.dirname, 'transfer-child-fixture.ts')

/** A way to the store that lets `bytes` of objects through and then stands still; `stalled` tells when. */
async function gateway(bytes: number, port = 0) {
  const passed = { bytes: 0 }
  const { promise: stalled, resolve } = Promise.withResolvers<void>()
  const count = (stream: IncomingMessage, onward: NodeJS.WritableStream) => {
    stream.on('data', (piece: Buffer) => {
      passed.bytes += piece.length
      if (passed.bytes > bytes) {
        stream.pause()
        resolve()
      } else if (!onward.write(piece)) {
        stream.pause()
        onward.once('drain', () => stream.resume())
      }
    })
    stream.on('end', () => onward.end())
  }
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    const { hostname, port } = new URL(space.server.endpoint)
    const onward = forward(
      { hostname, port, path: req.url, method: req.method, headers: req.headers },
      (from) => {
        res.writeHead(from.statusCode ?? 500, from.headers)
        if (req.method === 'GET' && !req.url?.includes('prefix=')) count(from, res)
        else from.pipe(res)
      },
    )
    onward.on('error', () => res.destroy())
    res.on('close', () => onward.destroy())
    if (req.method === 'PUT') count(req, onward)
    else req.pipe(onward)
  }
  const server = await listenObjectServer(answer, { host: '127.0.0.1', port })
  return { server, passed, stalled }
}

const child = (direction: string, endpoint: string, local: string): ChildProcess =>
  spawn(process.execPath, [CHILD, direction, endpoint, local, join(space.dir, 'state')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

/** Runs a transfer that is killed when so many bytes have passed, then another one; answers what the latter moved. */
async function killedAndAgain(direction: string, local: string, bytes: number, between = async () => {}) {
  const first = await gateway(bytes)
  const killed = child(direction, first.server.endpoint, local)
  await first.stalled
  killed.kill('SIGKILL')
  await once(killed, 'close')
  await first.server[Symbol.asyncDispose]()
  await between()
  // The state of uploads belongs to an endpoint: the same port again.
  const second = await gateway(Number.POSITIVE_INFINITY, Number(new URL(first.server.endpoint).port))
  const again = child(direction, second.server.endpoint, local)
  let text = ''
  again.stdout?.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  const [code] = await once(again, 'close')
  await second.server[Symbol.asyncDispose]()
  assert.equal(code, 0)
  return { moved: second.passed.bytes, counts: JSON.parse(text) as { files: number; kept: number } }
}

async function makeSource(): Promise<number> {
  const small = Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`d/${at}`, randomBytes(1000)]))
  await space.makeFiles({ ...small, big: randomBytes(40 * MIB) })
  return 40 * MIB + 80_000
}

test('a killed download goes on: what had come is not fetched again, and what is left behind is cleared away', async () => {
  const total = await makeSource()
  await uploadFolder({ client: space.client, bucket, dir: space.src, prefix: 'p' })
  const { moved, counts } = await killedAndAgain('down', space.dest, 24 * MIB)
  // Two ranges at once, each on record for every MiB; the rest was in the buffers of sockets.
  assert.ok(moved <= total - 24 * MIB + 16 * MIB, `${moved} bytes came again`)
  assert.equal(counts.files, 81)
  assert.equal(differences(space.src, space.dest), '')
  assert.deepEqual((await readdir(space.dest)).sort(), ['big', 'd'])
})

test('after the big one the small ones are kept too, unless somebody changed them', async () => {
  await makeSource()
  await uploadFolder({ client: space.client, bucket, dir: space.src, prefix: 'p' })
  const { moved, counts } = await killedAndAgain('down', space.dest, 40 * MIB + 75_000, async () => {
    const [one = ''] = await readdir(join(space.dest, 'd'))
    await writeFile(join(space.dest, 'd', one), 'mine')
  })
  assert.ok(moved < 16 * MIB, `${moved} bytes came again`)
  assert.ok(counts.kept >= 1 && counts.kept < 81, String(counts.kept))
  assert.equal(differences(space.src, space.dest), '')
})

test('an object that changed meanwhile is fetched anew', async () => {
  await makeSource()
  const dir = space.src
  await uploadFolder({ client: space.client, bucket, dir, prefix: 'p' })
  await killedAndAgain('down', space.dest, 24 * MIB, async () => {
    await space.makeFiles({ big: randomBytes(40 * MIB) })
    await uploadFolder({ client: space.client, bucket, dir, prefix: 'p' })
  })
  assert.equal(differences(dir, space.dest), '')
})

test('a transfer that failed leaves its part only when it may go on, and a finished one nothing', async () => {
  await makeSource()
  await uploadFolder({ client: space.client, bucket, dir: space.src, prefix: 'p' })
  const stop = new AbortController()
  const onProgress = () => stop.abort(new Error('enough'))
  const options = { client: space.client, bucket, prefix: 'p', destDir: space.dest }
  const resume = { stateDir: join(space.dir, 'state') }
  await assert.rejects(downloadPrefix({ ...options, signal: stop.signal, onProgress }), /enough/)
  assert.deepEqual(await readdir(space.dest), ['d'])
  await assert.rejects(downloadPrefix({ ...options, signal: stop.signal, onProgress, resume }), /enough/)
  await downloadPrefix({ ...options, resume })
  assert.deepEqual((await readdir(space.dest)).sort(), ['big', 'd'])
  await assert.rejects(downloadPrefix({ ...options, bucket: 'none', resume }), failed('NoSuchBucket'))
})

test('a killed upload goes on with the parts that had arrived, unless the file is another one now', async () => {
  const total = await makeSource()
  const { moved } = await killedAndAgain('up', space.src, 24 * MIB)
  // Two parts of 8 MiB may have been under way.
  assert.ok(moved <= total - 24 * MIB + 16 * MIB, `${moved} bytes went again`)
  await downloadPrefix({ client: space.client, bucket, prefix: 'p', destDir: space.dest })
  assert.equal(differences(space.src, space.dest), '')
  assert.deepEqual(await space.store.listUploads(bucket), [])
})
