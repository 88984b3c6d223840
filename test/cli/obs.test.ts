// `ropeway obs` as a process against the embedded object server.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { ObjectClient } from '../../src/storage/object-client.ts'
import { authorizeS3V4 } from '../../src/storage/server/authorize.ts'
import { createObjectHandler } from '../../src/storage/server/object-handler.ts'
import { openObjectStore } from '../../src/storage/server/object-store.ts'
import { onlyKey } from '../../src/storage/server/store-fixture.ts'
import { type Ended, ropeway } from './ropeway.ts'

const owned = new AsyncDisposableStack()
let folder = ''
let env: Record<string, string> = {}
let client: ObjectClient
const bytes = (size: number, seed: number) =>
  Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * seed) >> 3))

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ropeway-obs-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const store = owned.use(await openObjectStore({ dir: join(folder, 'store'), clock: systemClock }))
  const authorize = authorizeS3V4({ lookup: onlyKey('AK', 'sk'), clock: systemClock })
  const onFailure = (error: Error) => assert.fail(error)
  const server = createServer(createObjectHandler({ store, authorize, onFailure }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  owned.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  env = { ROPEWAY_OBJECT_ENDPOINT: endpoint, ROPEWAY_ACCESS_KEY: 'AK', ROPEWAY_SECRET_KEY: 'sk' }
  client = owned.use(new ObjectClient({ target: { endpoint, accessKey: 'AK', secretKey: 'sk' } }))
  await client.createBucket('bucket')
})
after(() => owned.disposeAsync())

const obs = (...args: string[]): Promise<Ended> => ropeway(['obs', ...args], env)
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await obs(...args, '--json')
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Writes files below a new folder. */
async function files(name: string, contents: Record<string, Buffer>): Promise<string> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true })
    await writeFile(join(folder, name, path), content)
  }
  return join(folder, name)
}
const keysOf = async (prefix: string) => {
  const keys: string[] = []
  for await (const entry of client.list('bucket', { prefix }))
    if (entry.kind === 'object') keys.push(entry.key)
  return keys
}

test('a bucket is made, listed, shown and removed', async () => {
  assert.equal((await obs('mb', 'obs://new-bucket')).stdout, 'Bucket new-bucket was made\n')
  assert.match((await obs('mb', 'obs://new-bucket')).stdout, /is there already/)
  assert.match((await obs('ls')).stdout, / {2}obs:\/\/new-bucket\n/)
  assert.equal((await obs('stat', 'obs://new-bucket')).stdout, 'Bucket: new-bucket\n')
  assert.equal((await obs('rm', 'obs://new-bucket')).stdout, 'Bucket new-bucket was removed\n')
  const gone = await obs('stat', 'obs://new-bucket')
  assert.deepEqual(
    [gone.code, gone.stderr.split('\n')[0]],
    [1, 'ropeway: There is no bucket obs://new-bucket'],
  )
})

test('a folder goes up in parallel parts and comes down the same', async () => {
  const contents = { 'a.txt': bytes(10, 3), 'sub/big': bytes(20_000_000, 7), 'sub/empty': Buffer.alloc(0) }
  const from = await files('tree', contents)
  assert.deepEqual(await json('cp', '-r', from, 'obs://bucket/tree'), {
    source: from,
    destination: 'obs://bucket/tree',
    files: 3,
    bytes: 20_000_010,
    kept: 0,
    unchanged: 0,
    removed: 0,
    skipped: [],
  })
  assert.deepEqual(await keysOf('tree/'), ['tree/a.txt', 'tree/sub/big', 'tree/sub/empty'])
  assert.equal(
    (await obs('cp', '-r', 'obs://bucket/tree/', join(folder, 'down'))).stdout,
    '3 files copied (19.1 MiB)\n',
  )
  for (const [path, content] of Object.entries(contents))
    assert.ok((await readFile(join(folder, 'down', path))).equals(content), path)
})

test('one file or object keeps its name in a folder and takes the name given', async () => {
  const file = join(await files('one', { 'f.txt': Buffer.from('one') }), 'f.txt')
  await json('cp', file, 'obs://bucket/one/')
  await json('cp', file, 'obs://bucket/one/renamed')
  await json('cp', 'obs://bucket/one/renamed', 'obs://bucket/two/')
  assert.deepEqual(
    [...(await keysOf('one/')), ...(await keysOf('two/'))],
    ['one/f.txt', 'one/renamed', 'two/renamed'],
  )
  await json('cp', 'obs://bucket/one/f.txt', `${folder}/into/`)
  await json('cp', 'obs://bucket/one/f.txt', join(folder, 'into', 'other'))
  for (const name of ['f.txt', 'other'])
    assert.equal(await readFile(join(folder, 'into', name), 'utf8'), 'one')
})

test('sync copies what is missing, changed or newer, and nothing else', async () => {
  const from = await files('sync', { same: bytes(5, 1), touched: bytes(5, 2), grown: bytes(5, 3) })
  const counts = async (source: string, destination: string) => {
    const { files: copied, unchanged } = await json('sync', source, destination)
    return [copied, unchanged]
  }
  assert.deepEqual(await counts(from, 'obs://bucket/sync/'), [3, 0])
  assert.deepEqual(await counts(from, 'obs://bucket/sync/'), [0, 3])
  await files('sync', { grown: bytes(6, 3), 'deep/new': bytes(1, 1) })
  await utimes(join(from, 'touched'), new Date(), new Date(Date.now() + 60_000))
  assert.deepEqual(await counts(from, 'obs://bucket/sync/'), [3, 1])
  const down = join(folder, 'sync-down')
  assert.deepEqual(await counts('obs://bucket/sync/', down), [4, 0])
  assert.deepEqual(await counts('obs://bucket/sync/', down), [0, 4])
  assert.ok((await readFile(join(down, 'deep/new'))).equals(bytes(1, 1)))
  assert.deepEqual(await counts('obs://bucket/sync/', 'obs://bucket/inside/'), [4, 0])
  await client.put('bucket', 'inside/same', bytes(5, 9))
  assert.deepEqual(await counts('obs://bucket/sync/', 'obs://bucket/inside/'), [1, 3])
})

test('sync --delete removes what the source does not have, after the filters, and says so before', async () => {
  const from = await files('mirror', { a: bytes(1, 1), 'd/b': bytes(2, 1) })
  for (const key of ['mirror/a', 'mirror/old', 'mirror/d/old', 'mirror/keep.log'])
    await client.put('bucket', key, bytes(1, 1))
  const args = ['sync', from, 'obs://bucket/mirror/', '--delete', '--exclude', '*.log', '--size-only']
  const planned = await obs(...args, '--dry-run')
  assert.equal(
    planned.stdout,
    `(dry run) copy ${from}/d/b to obs://bucket/mirror/d/b (2 B)
(dry run) remove obs://bucket/mirror/d/old
(dry run) remove obs://bucket/mirror/old
`,
  )
  assert.equal((await keysOf('mirror/')).length, 4)
  assert.equal((await obs(...args)).stdout, '1 file copied (2 B), 1 unchanged, 2 removed\n')
  assert.deepEqual(await keysOf('mirror/'), ['mirror/a', 'mirror/d/b', 'mirror/keep.log'])
  const down = await files('mirror-down', { old: bytes(1, 1), 'x/keep.log': bytes(1, 1) })
  await json('sync', 'obs://bucket/mirror/', down, '--delete', '--exclude', '*.log')
  assert.deepEqual((await readdir(down, { recursive: true })).sort(), ['a', 'd', 'd/b', 'x', 'x/keep.log'])
})

test('include and exclude choose what is copied, the last that matches counts', async () => {
  const from = await files('chosen', { 'a.ckpt': bytes(1, 1), 'b.tmp': bytes(1, 1), 'd/c.ckpt': bytes(1, 1) })
  const args = ['--exclude', '*', '--include', '*.ckpt', '--exclude', 'd/*']
  assert.equal((await json('cp', '-r', from, 'obs://bucket/chosen/', ...args))['files'], 1)
  assert.deepEqual(await keysOf('chosen/'), ['chosen/a.ckpt'])
  assert.equal((await json('rm', '-r', 'obs://bucket/chosen/', '--exclude', '*'))['removed'], 0)
})

test('cat prints objects, a link reads one without keys, rb --force takes a bucket with all in it', async () => {
  await client.put('bucket', 'cat/a', Buffer.from('one'))
  await client.put('bucket', 'cat/b', bytes(3_000_000, 7))
  assert.equal((await obs('cat', 'obs://bucket/cat/a', 'obs://bucket/cat/a')).stdout, 'oneone')
  const { stdout } = await obs('presign', 'obs://bucket/cat/a', '--expires', '60')
  const answer = await fetch(stdout.trim())
  assert.deepEqual([answer.status, await answer.text()], [200, 'one'])
  assert.equal((await obs('presign', 'obs://bucket/none')).code, 1)
  await client.createBucket('doomed')
  await client.put('doomed', 'x', bytes(1, 1))
  assert.equal((await obs('rb', 'obs://doomed')).code, 1)
  assert.equal(
    (await obs('rb', 'obs://doomed', '--force')).stdout,
    'Bucket doomed was removed with 1 objects\n',
  )
})

test('ls shows one level or everything, with sizes', async () => {
  await client.put('bucket', 'list/a', bytes(2048, 1))
  await client.put('bucket', 'list/b/c', bytes(1, 1))
  const one = await obs('ls', 'obs://bucket/list/')
  assert.match(
    one.stdout,
    /^ +2\.0 KiB {2}[\d: -]{19} {2}obs:\/\/bucket\/list\/a\n +obs:\/\/bucket\/list\/b\/\n$/,
  )
  const { stdout } = await obs('ls', '-r', 'obs://bucket/list/', '--json')
  const entries = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { key: string })
  assert.deepEqual(
    entries.map(({ key }) => key),
    ['list/a', 'list/b/c'],
  )
  assert.equal((await json('stat', 'obs://bucket/list/a'))['size'], 2048)
})

test('rm takes one object, or with -r what is in a folder and not its neighbour', async () => {
  for (const key of ['rm/a', 'rm/b/c', 'rmx']) await client.put('bucket', key, bytes(1, 1))
  assert.equal((await json('rm', 'obs://bucket/rm/a'))['removed'], 1)
  assert.equal((await json('rm', '-r', 'obs://bucket/rm'))['removed'], 1)
  assert.deepEqual(await keysOf('rm'), ['rmx'])
})

test('a key that would leave the folder is refused and nothing is written', async () => {
  await client.put('bucket', 'evil/../../out', bytes(1, 1))
  for (const args of [['cp', '-r'], ['sync']]) {
    const { code, stderr } = await obs(...args, 'obs://bucket/evil/', join(folder, 'victim'))
    assert.equal(code, 1)
    assert.match(stderr, /would leave the folder/)
  }
  assert.equal((await obs('cp', 'obs://bucket/evil/..', join(folder, 'victim'))).code, 2)
})

const wrong: [title: string, args: string[], code: number, message: RegExp][] = [
  ['two local sides', ['cp', 'a', 'b'], 2, /Neither side is an object/],
  ['a bad bucket name', ['mb', 'obs://A'], 2, /no bucket name/],
  ['a bucket with a key', ['mb', 'obs://bucket/key'], 2, /A bucket has no key/],
  ['a folder without -r', ['cp', '/tmp', 'obs://bucket/'], 2, /is a folder\n {2}Copy folders with -r/],
  ['a file that is not there', ['cp', '/nonexistent/f', 'obs://bucket/'], 1, /nothing at \/nonexistent\/f/],
  ['an object that is not there', ['cp', 'obs://bucket/none', '/tmp/'], 1, /There is no object/],
  [
    'a folder of objects that is not there',
    ['sync', 'obs://bucket/none/', '/tmp/none'],
    1,
    /nothing at obs:\/\/bucket\/none\//,
  ],
  [
    'a bucket that is not there',
    ['ls', 'obs://no-such-bucket'],
    1,
    /NoSuchBucket.*\n {2}Create the bucket first/,
  ],
  ['a wrong secret key', ['ls', '--secret-key', 'x'], 1, /SignatureDoesNotMatch.*\n {2}Use the secret key/],
]
for (const [title, args, code, message] of wrong)
  test(`${title} is refused in a sentence, exit code ${code}`, async () => {
    const result = await obs(...args)
    assert.equal(result.code, code)
    assert.equal(result.stdout, '')
    assert.match(result.stderr, message)
  })
