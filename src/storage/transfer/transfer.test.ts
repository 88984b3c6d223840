import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request as forward } from 'node:http'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { crc32Text } from '../crc32.ts'
import type { ObjectClient } from '../object-client.ts'
import { listenObjectServer } from '../server/object-server-fixture.ts'
import { downloadObject, downloadPrefix } from './download.ts'
import { bucket, clientOf, differences, failed, MIB, TransferSpace } from './transfer-fixture.ts'
import type { TransferProgress } from './transfer-types.ts'
import { uploadFile, uploadFolder } from './upload.ts'

let space: TransferSpace
let client: ObjectClient
let src: string
let dest: string

before(async () => {
  space = await TransferSpace.open()
  client = space.client
})
beforeEach(async () => {
  await space.nextRound()
  src = space.src
  dest = space.dest
})
after(() => space[Symbol.asyncDispose]())

test('a folder goes up and comes down the same: big and empty files, odd names, empty folders', async () => {
  const big = randomBytes(40 * MIB)
  await space.makeFiles({
    a: 'x',
    'd/e/f': 'yy',
    'd/训 练+%&.txt': 'zzz',
    empty: '',
    'big/one': big,
    'exactly 8 MiB': big.subarray(0, 8 * MIB),
  })
  await mkdir(join(src, 'd', 'nothing'))
  const seen: TransferProgress[] = []
  const onProgress = (progress: TransferProgress) => void seen.push(progress)
  const counts = { files: 6, bytes: 48 * MIB + 6, kept: 0, skipped: [] }
  assert.deepEqual(await uploadFolder({ client, bucket, dir: src, prefix: 'out', onProgress }), counts)
  const atTheEnd = { files: 6, bytes: counts.bytes, totalFiles: 6, totalBytes: counts.bytes, etaMs: 0 }
  assert.partialDeepStrictEqual(seen.at(-1), atTheEnd)
  assert.match((await client.head(bucket, 'out/big/one'))?.etag ?? '', /-5$/)
  assert.ok((await space.keys()).includes('out/d/nothing/'))
  const { brought, ...down } = await downloadPrefix({
    ...{ client, bucket, prefix: 'out/', destDir: dest, onProgress },
  })
  assert.deepEqual(down, counts)
  for (const { path, size, crc32: sum } of brought) {
    const bytes = readFileSync(join(src, path))
    assert.deepEqual([size, sum], [bytes.length, crc32Text(crc32(bytes))], path)
  }
  assert.equal(brought.length, 6)
  assert.partialDeepStrictEqual(seen.at(-1), atTheEnd)
  assert.equal(differences(src, dest), '')
})

test('one file goes up and comes down, big or small, into folders that are made', async () => {
  await space.makeFiles({ small: 'hello', big: randomBytes(33 * MIB) })
  for (const name of ['small', 'big']) {
    const sent = await uploadFile({ client, bucket, key: `k/${name}`, path: join(src, name) })
    assert.equal(sent.crc32, crc32Text(crc32(readFileSync(join(src, name)))))
    const down = await downloadObject({ client, bucket, key: `k/${name}`, path: join(dest, 'x/y', name) })
    assert.equal(down.files, 1)
  }
  assert.equal(differences(src, join(dest, 'x/y')), '')
  await assert.rejects(
    downloadObject({ client, bucket, key: 'none', path: join(dest, 'none') }),
    failed('NoSuchKey'),
  )
  assert.deepEqual((await readdir(dest)).sort(), ['x'])
})

test('a prefix means the folder, not every key that begins alike, and an empty one is no error', async () => {
  for (const key of ['code/a', 'code2/b']) await client.put(bucket, key, Buffer.from('x'))
  assert.equal((await downloadPrefix({ client, bucket, prefix: 'code', destDir: dest })).files, 1)
  assert.deepEqual(await readdir(dest), ['a'])
  assert.deepEqual(await downloadPrefix({ client, bucket, prefix: 'none', destDir: dest }), {
    files: 0,
    bytes: 0,
    kept: 0,
    brought: [],
    skipped: [],
  })
  await assert.rejects(
    downloadPrefix({ client, bucket: 'nobkt', prefix: '', destDir: dest }),
    failed('NoSuchBucket'),
  )
})

test('keys that would leave the folder are refused before anything is written', async () => {
  for (const key of ['p/ok', 'p/../../evil']) await client.put(bucket, key, Buffer.from('x'))
  await assert.rejects(downloadPrefix({ client, bucket, prefix: 'p', destDir: dest }), failed('UnsafeKey'))
  await assert.rejects(readdir(dest), /ENOENT/)
})

test('what already stands at the destination is replaced, unless a file stands for a folder or the other way round', async () => {
  await client.put(bucket, 'p/a', Buffer.from('new'))
  await mkdir(dest)
  await writeFile(join(dest, 'a'), 'old')
  await downloadPrefix({ client, bucket, prefix: 'p', destDir: dest })
  assert.equal(await readFile(join(dest, 'a'), 'utf8'), 'new')
  await client.put(bucket, 'p/a/b', Buffer.from('x'))
  await client.delete(bucket, 'p/a')
  await assert.rejects(downloadPrefix({ client, bucket, prefix: 'p', destDir: dest }), failed('NameConflict'))
  await rm(join(dest, 'a'))
  await mkdir(join(dest, 'a/b'), { recursive: true })
  await assert.rejects(downloadPrefix({ client, bucket, prefix: 'p', destDir: dest }), failed('NameConflict'))
  await assert.rejects(
    downloadObject({ client, bucket, key: 'p/a/b', path: join(dest, 'a') }),
    failed('NameConflict'),
  )
  assert.deepEqual((await readdir(dest)).sort(), ['a'])
})

test('an object changed between list and read is noticed', async () => {
  for (const key of ['p/a', 'p/b']) await client.put(bucket, key, Buffer.from('old'))
  let changed: Promise<unknown> | undefined
  const onProgress = () => {
    changed ??= space.store.put({
      bucket,
      key: 'p/b',
      body: (async function* () {
        yield Buffer.from('new')
      })(),
    })
  }
  const held = clientOf(space.server.endpoint)
  const read = held.get.bind(held)
  held.get = async (...args) => {
    await changed
    return read(...args)
  }
  await assert.rejects(
    downloadPrefix({ client: held, bucket, prefix: 'p', destDir: dest, concurrency: 1, onProgress }),
    failed('ObjectChanged'),
  )
  assert.deepEqual(await readdir(dest), ['a'])
  await held[Symbol.asyncDispose]()
})

/** A way to the server that cuts every answer to a GET of an object after `bytes` of its body. */
const cutting = (bytes: number) =>
  listenObjectServer(
    (req, res) => {
      const { hostname, port } = new URL(space.server.endpoint)
      const onward = forward(
        { hostname, port, path: req.url, method: req.method, headers: req.headers },
        (answer) => {
          res.writeHead(answer.statusCode ?? 500, answer.headers)
          let left = req.method === 'GET' && !req.url?.includes('?') ? bytes : Number.POSITIVE_INFINITY
          answer.on('data', (piece: Buffer) => {
            res.write(piece.subarray(0, left))
            left -= piece.length
            if (left > 0) return
            answer.destroy()
            res.socket?.destroySoon()
          })
          answer.on('end', () => res.end())
        },
      )
      req.pipe(onward)
    },
    { host: '127.0.0.1', port: 0 },
  )

test('a download goes on where its connection was cut, again and again', async () => {
  await space.makeFiles({ small: randomBytes(3 * MIB), big: randomBytes(34 * MIB) })
  await uploadFolder({ client, bucket, dir: src, prefix: 'p' })
  await using bad = await cutting(1_400_000)
  await using held = clientOf(bad.endpoint)
  let told = 0
  const onProgress = ({ bytes }: TransferProgress) => {
    told = bytes
  }
  await downloadPrefix({ client: held, bucket, prefix: 'p', destDir: dest, onProgress })
  assert.equal(differences(src, dest), '')
  assert.equal(told, 37 * MIB)
})

test('a store that sends nothing any more is given up, and nothing half is left', async () => {
  await client.put(bucket, 'p/a', Buffer.from('hello'))
  await using bad = await cutting(0)
  await using held = clientOf(bad.endpoint)
  await assert.rejects(
    downloadPrefix({ client: held, bucket, prefix: 'p', destDir: dest }),
    failed('ConnectionFailed'),
  )
  assert.deepEqual(await readdir(dest), [])
})

test('a body that is not what the ETag says is refused', async () => {
  await client.put(bucket, 'p/a', Buffer.from('hello'))
  const entries = await readdir(join(space.dir, 'store', 'bodies'), { recursive: true, withFileTypes: true })
  const file = entries.find((entry) => entry.isFile())
  const path = join(file!.parentPath, file!.name)
  const content = await readFile(path)
  content.write('hellO')
  await chmod(path, 0o600)
  await writeFile(path, content)
  await assert.rejects(downloadPrefix({ client, bucket, prefix: 'p', destDir: dest }), failed('Damaged'))
  assert.deepEqual(await readdir(dest), [])
})

test('an abort ends a download and an upload with its reason, and leaves no half file, part or upload', async () => {
  await space.makeFiles({ big: randomBytes(40 * MIB) })
  const stopUp = new AbortController()
  const abort = (stop: AbortController) => () => stop.abort(new Error('enough'))
  const up = { client, bucket, dir: src, prefix: 'p', concurrency: 2 }
  await assert.rejects(uploadFolder({ ...up, signal: stopUp.signal, onProgress: abort(stopUp) }), /enough/)
  assert.deepEqual([await space.keys(), await space.store.listUploads(bucket)], [[], []])
  await uploadFolder(up)
  const stop = new AbortController()
  const down = { client, bucket, prefix: 'p', destDir: dest, signal: stop.signal, onProgress: abort(stop) }
  await assert.rejects(downloadPrefix(down), /enough/)
  assert.deepEqual(await readdir(dest), [])
})

test('names that cannot be keys are left out and reported, in both directions', async () => {
  await space.makeFiles({ ok: 'x' })
  await writeFile(Buffer.concat([Buffer.from(`${src}/bad`), Buffer.from([0xff])]), 'x')
  const deep = Array.from({ length: 5 }, () => 'n'.repeat(250)).join('/')
  await space.makeFiles({ [`${deep}`]: 'x' })
  const { files, skipped } = await uploadFolder({ client, bucket, dir: src, prefix: 'p' })
  assert.equal(files, 1)
  assert.deepEqual(skipped.map((one) => one.reason).sort(), [
    'key longer than 1024 bytes',
    'name is not UTF-8',
  ])
  await client.put(bucket, `p/${'n'.repeat(256)}`, Buffer.from('x'))
  const down = await downloadPrefix({ client, bucket, prefix: 'p', destDir: dest })
  assert.deepEqual([down.files, down.skipped.map((one) => one.reason)], [1, ['name longer than 255 bytes']])
})
