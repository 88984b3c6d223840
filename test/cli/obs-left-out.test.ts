// `ropeway obs` where not all can be copied, and `ropeway obs mv`: what the exit code says, and what stays where it was.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { type Removal, takeFiles } from '../../src/cli/obs/removal.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { ObjectClient } from '../../src/storage/object-client.ts'
import { authorizeAlways } from '../../src/storage/server/authorize.ts'
import { createObjectHandler } from '../../src/storage/server/object-handler.ts'
import { listenObjectServer } from '../../src/storage/server/object-server-fixture.ts'
import { openObjectStore } from '../../src/storage/server/object-store.ts'
import { type Ended, ropeway } from './ropeway.ts'

const owned = new AsyncDisposableStack()
let dir = ''
let src = ''
let rounds = 0
let env: Record<string, string> = {}
let client: ObjectClient
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rw-left-'))
  owned.defer(() => rmSync(dir, { recursive: true }))
  const store = owned.use(await openObjectStore({ dir: join(dir, 'store'), clock: systemClock }))
  const handler = createObjectHandler({ store, authorize: authorizeAlways('') })
  const { endpoint } = owned.use(await listenObjectServer(handler, { host: '127.0.0.1', port: 0 }))
  env = { ROPEWAY_OBJECT_ENDPOINT: endpoint, ROPEWAY_ACCESS_KEY: 'AK', ROPEWAY_SECRET_KEY: 'sk' }
  client = owned.use(new ObjectClient({ target: { endpoint, accessKey: 'AK', secretKey: 'sk' } }))
  await client.createBucket('bucket')
})
beforeEach(() => {
  rounds += 1
  src = join(dir, `src${rounds}`)
  mkdirSync(src)
  writeFileSync(join(src, 'good'), 'x')
})
after(() => owned.disposeAsync())

const obs = (...args: string[]): Promise<Ended> => ropeway(['obs', ...args], env)
const keysOf = async (prefix: string): Promise<string[]> =>
  (await Array.fromAsync(client.list('bucket', { prefix }))).map((entry) =>
    entry.kind === 'object' ? entry.key : entry.prefix,
  )
const at = (name: string): string => join(src, name)

const UP: ReadonlyArray<readonly [reason: string, make: () => void, prefix?: string]> = [
  [
    'name is not UTF-8',
    () => writeFileSync(Buffer.concat([Buffer.from(`${src}/`), Buffer.from([0xff])]), 'x'),
  ],
  ['key longer than 1024 bytes', () => writeFileSync(at('n'.repeat(200)), 'x'), `${'p'.repeat(900)}/`],
  ['symbolic link to nothing', () => symlinkSync('nowhere', at('link'))],
  ['symbolic link out of the folder', () => symlinkSync('/etc/passwd', at('link'))],
  ['symbolic link to a folder', () => mkdirSync(at('d')) ?? symlinkSync('d', at('link'))],
  ['not a regular file', () => spawnSync('mkfifo', [at('pipe')])],
]
for (const [reason, make, prefix = ''] of UP)
  test(`going up, what is left out makes the exit code 2: ${reason}`, async () => {
    make()
    const target = `obs://bucket/${prefix}up${rounds}/`
    const { code, stderr } = await obs('cp', '-r', src, target)
    assert.deepEqual([code, stderr.includes(reason)], [2, true], stderr)
    const isMarker = (key: string) => key.endsWith('/')
    const keys = (await keysOf(`${prefix}up${rounds}/`)).filter((key) => !isMarker(key))
    assert.deepEqual(keys, [`${prefix}up${rounds}/good`])
  })

test('sync, a dry run and JSON tell it too; what was not asked for is not missed', async () => {
  spawnSync('mkfifo', [at('pipe')])
  const target = 'obs://bucket/told/'
  for (const args of [['sync'], ['cp', '-r', '--dry-run'], ['cp', '-r', '--json']]) {
    const { code, stdout, stderr } = await obs(...args, src, target)
    assert.deepEqual([code, `${stdout}${stderr}`.includes('not a regular file')], [2, true], args.join(' '))
  }
  assert.equal((await obs('cp', '-r', src, target, '--exclude', 'p*')).code, 0)
})

const DOWN: ReadonlyArray<readonly [reason: string, key: string]> = [
  ['name longer than 255 bytes', 'n'.repeat(256)],
  ['empty name between slashes', 'a//b'],
  ['folder marker with content', 'folder/'],
]
for (const [reason, key] of DOWN)
  test(`coming down, what is left out makes the exit code 2: ${reason}`, async () => {
    const prefix = `down${rounds}/`
    for (const name of [key, 'good']) await client.put('bucket', `${prefix}${name}`, Buffer.from('x'))
    const { code, stderr } = await obs('cp', '-r', `obs://bucket/${prefix}`, at('down'))
    assert.equal(code, 2)
    assert.match(stderr, new RegExp(`left out: .*: ${reason}`))
    assert.equal(readFileSync(at('down/good'), 'utf8'), 'x')
  })

test('nothing left out is 0, a copy that failed is 1, a line that cannot be meant is 2', async () => {
  const codes = [
    await obs('cp', '-r', src, 'obs://bucket/all/'),
    await obs('cp', '-r', src, 'obs://no-such-bucket/'),
    await obs('cp', src, 'obs://bucket/all/'),
  ].map(({ code }) => code)
  assert.deepEqual(codes, [0, 1, 2])
})

test('mv moves files up, objects down and inside, by filters too; only what has arrived goes', async () => {
  for (const name of ['one', 'keep.tmp']) writeFileSync(at(name), name)
  symlinkSync('/etc/passwd', at('link'))
  const planned = await obs('mv', '-r', src, 'obs://bucket/mv/', '--exclude', '*.tmp', '--dry-run')
  assert.match(
    planned.stdout,
    /copy .*\/one to obs:\/\/bucket\/mv\/one .*\n.*remove .*\/good\n.*remove .*\/one\n$/s,
  )
  assert.ok(existsSync(at('one')))
  const up = await obs('mv', '-r', src, 'obs://bucket/mv/', '--exclude', '*.tmp')
  assert.deepEqual([up.code, up.stdout], [2, '2 files moved (4 B)\n'])
  assert.deepEqual(
    [existsSync(at('one')), existsSync(at('keep.tmp')), existsSync(at('link'))],
    [false, true, true],
  )
  assert.equal((await obs('mv', '-r', 'obs://bucket/mv/', 'obs://bucket/moved/')).code, 0)
  assert.deepEqual([await keysOf('mv/'), await keysOf('moved/')], [[], ['moved/good', 'moved/one']])
  assert.equal((await obs('mv', 'obs://bucket/moved/one', `${src}/`)).code, 0)
  assert.equal((await obs('mv', '-r', 'obs://bucket/moved/', src)).code, 0)
  assert.deepEqual([await keysOf('moved/'), readFileSync(at('one'), 'utf8')], [[], 'one'])
  assert.equal((await obs('mv', at('one'), 'obs://bucket/mv/renamed')).stdout, '1 file moved (3 B)\n')
  assert.deepEqual([await keysOf('mv/'), existsSync(at('one'))], [['mv/renamed'], false])
})

test('a move onto itself or into itself is refused, and a move that fails takes nothing away', async () => {
  await client.put('bucket', 'self/a', Buffer.from('x'))
  for (const words of [
    ['obs://bucket/self/a', 'obs://bucket/self/'],
    ['-r', 'obs://bucket/self/', 'obs://bucket/self/in/'],
    ['-r', 'obs://bucket/self/', 'obs://bucket/'],
  ])
    assert.equal((await obs('mv', ...words)).code, 2)
  assert.deepEqual(await keysOf('self/'), ['self/a'])
  assert.equal((await obs('mv', '-r', src, 'obs://no-such-bucket/')).code, 1)
  assert.ok(existsSync(at('good')))
})

test('a file that was written to after it was sent stays', async () => {
  const path = at('good')
  utimesSync(path, 1, 1)
  const file = { name: 'good', path, size: 1, modifiedMs: 1000 }
  const { signal } = new AbortController()
  const take = (): ReturnType<Removal> => takeFiles([file], (one) => one.path, signal)([])
  writeFileSync(path, 'y')
  assert.deepEqual(await take(), [{ name: 'good', reason: 'changed while it was moved' }])
  utimesSync(path, 1, 1)
  assert.deepEqual([await take(), existsSync(path)], [[], false])
})
