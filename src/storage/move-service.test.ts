import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { movePace } from './move-files.ts'
import { serveMove } from './move-service.ts'
import { ObjectClient } from './object-client.ts'
import { authorizeAlways } from './server/authorize.ts'
import { createObjectHandler } from './server/object-handler.ts'
import { listenObjectServer } from './server/object-server-fixture.ts'
import { open, put, tempDir, text } from './server/store-fixture.ts'

type Told = Readonly<Record<string, unknown>>

/** A store with a bucket `bkt`, and what a mover tells when it is given these lines. */
async function openMover() {
  const owned = new AsyncDisposableStack()
  const { dir } = owned.use(await tempDir())
  const store = owned.use(await open(join(dir, 'objects')))
  await store.createBucket('bkt')
  const authorize = authorizeAlways('')
  const socketPath = join(dir, 's')
  owned.use(await listenObjectServer(createObjectHandler({ store, authorize }), { socketPath }))
  const client = owned.use(new ObjectClient({ target: { socketPath }, attempts: 1 }))
  const move = async (lines: readonly unknown[], signal = new AbortController().signal): Promise<Told> => {
    const told: string[] = []
    const input = Readable.from(
      lines.map((line) => Buffer.from(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)),
    )
    await serveMove(input, (line) => told.push(line), { client, pace: movePace(), signal })
    assert.ok(told.every((line) => line.endsWith('\n')))
    return JSON.parse(told.at(-1) ?? 'null')
  }
  return { dir, store, move, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const order = (direction: string, aside: string | null) => ({
  direction,
  bucket: 'bkt',
  workers: 4,
  aside,
  mode: 0o640,
})

test('files go up and come back, with the permissions asked for; the folder aside is gone', async () => {
  await using mover = await openMover()
  const { dir, move, store } = mover
  writeFileSync(join(dir, 'a'), 'one')
  writeFileSync(join(dir, 'b'), '')
  const up = await move([
    order('upload', null),
    ['k/a', join(dir, 'a'), 3, null],
    ['k/b\n', join(dir, 'b'), 0, null],
  ])
  assert.deepEqual(up, { done: true, files: 2, bytes: 3 })
  assert.equal(await text(store, 'k/a'), 'one')
  mkdirSync(join(dir, 'aside'))
  const down = await move([
    order('download', join(dir, 'aside')),
    ['k/a', join(dir, 'back'), null, null],
    ['k/b\n', join(dir, 'empty'), 0, null],
  ])
  assert.deepEqual(down, { done: true, files: 2, bytes: 3 })
  assert.equal(readFileSync(join(dir, 'back'), 'utf8'), 'one')
  assert.deepEqual([existsSync(join(dir, 'empty')), existsSync(join(dir, 'aside'))], [true, false])
})

test('what fails is told by kind: not there, no such file, a folder in the way', async () => {
  await using mover = await openMover()
  const { dir, move, store } = mover
  await put(store, 'there', 'x')
  writeFileSync(join(dir, 'a'), 'one')
  mkdirSync(join(dir, 'folder', 'inside'), { recursive: true })
  const fetchTo = async (key: string, path: string) => {
    mkdirSync(join(dir, 'aside'), { recursive: true })
    return move([order('download', join(dir, 'aside')), [key, path, null, null]])
  }
  const failures = [
    await fetchTo('none', join(dir, 'x')),
    await fetchTo('there', join(dir, 'folder')),
    await move([order('upload', null), ['k', join(dir, 'none'), 1, null]]),
    await move([{ ...order('upload', null), bucket: 'nowhere' }, ['k', join(dir, 'a'), 1, null]]),
  ].map(({ failed }) => failed as Told)
  assert.deepEqual(
    failures.map(({ kind, status, errno, about }) => ({ kind, status, errno, about })),
    [
      { kind: 'store', status: 404, errno: undefined, about: 'obs://bkt/none' },
      { kind: 'duplicate', status: undefined, errno: undefined, about: join(dir, 'folder') },
      { kind: 'local', status: undefined, errno: 2, about: join(dir, 'none') },
      { kind: 'store', status: 404, errno: undefined, about: 'obs://nowhere/k' },
    ],
  )
})

const WRONG: ReadonlyArray<readonly [string, readonly unknown[]]> = [
  ['no line', []],
  ['no JSON', ['download please']],
  ['another direction', [order('sideways', null)]],
  ['a download without a folder aside', [order('download', null)]],
  ['no worker', [{ ...order('upload', null), workers: 0 }]],
  ['a relative path', [order('upload', null), ['k', 'a', 1, null]]],
  ['a file without a key', [order('upload', null), [null, '/a', 1, null]]],
]
for (const [title, lines] of WRONG)
  test(`an order with ${title} is refused in its own words`, async () => {
    await using mover = await openMover()
    const { failed } = await mover.move(lines)
    assert.equal((failed as Told)['kind'], 'other')
    assert.ok(String((failed as Told)['message']).length > 10)
  })

test('a caller that is gone ends it', async () => {
  await using mover = await openMover()
  const { dir, move } = mover
  writeFileSync(join(dir, 'a'), 'one')
  const gone = AbortSignal.abort(new Error('the script is gone'))
  const { failed } = await move([order('upload', null), ['k', join(dir, 'a'), 3, null]], gone)
  assert.match(String((failed as Told)['message']), /the script is gone/)
})
