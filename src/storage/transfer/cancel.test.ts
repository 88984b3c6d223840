// A transfer that is called off in the middle ends there and then, whatever is left of it. What moved after the abort is
// counted, because time is nothing to rely on in a test.
import assert from 'node:assert/strict'
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { listenObjectServer } from '../server/object-server-fixture.ts'
import { createTurns } from '../turns.ts'
import { createBuffers } from './buffers.ts'
import { downloadPrefix } from './download.ts'
import { SourceFile } from './source-file.ts'
import { bucket, clientOf, MIB, TransferSpace } from './transfer-fixture.ts'
import type { TransferProgress } from './transfer-types.ts'
import { uploadFile, uploadFolder } from './upload.ts'

let space: TransferSpace
before(async () => {
  space = await TransferSpace.open()
})
beforeEach(() => space.nextRound())
after(() => space[Symbol.asyncDispose]())

/** A file without a disk behind it. */
function sparse(name: string, size: number): string {
  const path = join(space.src, name)
  const fd = openSync(path, 'w')
  ftruncateSync(fd, size)
  closeSync(fd)
  return path
}

/** Bytes that this process has read from files and connections. */
const bytesRead = (): number => Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'latin1'))?.[1])

/** Aborts with the first progress; `moved` is what was told of after that. */
function stopAtFirst() {
  const stop = new AbortController()
  const seen = { moved: 0, read: 0 }
  let before = 0
  const onProgress = ({ bytes }: TransferProgress) => {
    if (!stop.signal.aborted && bytes > 0) {
      before = bytes
      seen.read = bytesRead()
      stop.abort(new Error('called off'))
    }
    seen.moved = Math.max(0, bytes - before)
  }
  return { signal: stop.signal, onProgress, seen }
}

test('an upload that is called off reads and sends next to nothing more, and leaves no upload behind', async () => {
  const { client } = space
  const path = sparse('big', 256 * MIB)
  mkdirSync(join(space.src, 'd'))
  for (let at = 0; at < 40; at += 1) sparse(`d/f${at}`, 8 * MIB)
  const sends: ReadonlyArray<(stop: ReturnType<typeof stopAtFirst>) => Promise<unknown>> = [
    (stop) => uploadFile({ client, bucket, key: 'k', path, ...stop }),
    (stop) => uploadFolder({ client, bucket, prefix: 'p', dir: join(space.src, 'd'), ...stop }),
  ]
  for (const send of sends) {
    const stop = stopAtFirst()
    await assert.rejects(send(stop), /called off/)
    assert.equal(stop.seen.moved, 0)
    // Both ends are this process: what was on the line is read once more.
    const more = (bytesRead() - stop.seen.read) / MIB
    assert.ok(more < 64, `${more} MiB were read after the abort`)
    assert.deepEqual(await space.store.listUploads(bucket), [])
  }
})

test('nobody who calls an upload off waits for a store that says nothing', { timeout: 5_000 }, async () => {
  await using silent = await listenObjectServer(
    (req, res) => {
      if (req.method === 'POST')
        res.end('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>')
      if (req.method === 'PUT') req.once('data', () => stop.abort(new Error('called off')))
    },
    { host: '127.0.0.1', port: 0 },
  )
  await using client = clientOf(silent.endpoint)
  const stop = new AbortController()
  const one = { client, bucket, key: 'k', path: sparse('big', 64 * MIB), signal: stop.signal }
  await assert.rejects(uploadFile(one), /called off/)
})

test('a download that is called off writes nothing more', async () => {
  const { client } = space
  await uploadFile({ client, bucket, key: 'p/k', path: sparse('big', 64 * MIB) })
  const stop = stopAtFirst()
  const download = downloadPrefix({ client, bucket, prefix: 'p', destDir: space.dest, ...stop })
  await assert.rejects(download, /called off/)
  assert.equal(stop.seen.moved, 0)
  assert.deepEqual(readdirSync(space.dest), [])
})

test('the second look at a file that grew is called off too, and lets others run between its slices', async () => {
  const path = sparse('log', 128 * MIB)
  using file = new SourceFile(path)
  const buffers = createBuffers()
  for (const _ of file.piece(0, 128 * MIB, false, buffers).body.open());
  appendFileSync(path, 'more')
  const stop = new AbortController()
  const turns = createTurns()
  let slices = 0
  const turn = async () => {
    await turns(stop.signal)
    slices += 1
  }
  const confirmed = file.confirm(buffers, turn)
  for (let at = 0; at < 3; at += 1) await setImmediate()
  stop.abort(new Error('called off'))
  await assert.rejects(confirmed, /called off/)
  assert.ok(slices < 10, `${slices} of 256 slices were read`)
})

test('turns come one at a time, with the rest of the process in between', async () => {
  const turns = createTurns()
  const { signal } = new AbortController()
  const order: string[] = []
  let loop = 0
  const counting = (async () => {
    for (; loop < 20; loop += 1) await setImmediate()
  })()
  await Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      await turns(signal)
      order.push(`${name}${loop}`)
    }),
  )
  await counting
  assert.equal(new Set(order.map((one) => one.slice(1))).size, 3, order.join())
})
