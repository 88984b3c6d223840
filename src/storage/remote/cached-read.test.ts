// Reading a store elsewhere by way of kept blocks: what the store is asked for, and what comes out.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { BLOCK_BYTES, openBlockCache } from '../block-cache.ts'
import { ObjectClient } from '../object-client.ts'
import { authorizeAlways } from '../server/authorize.ts'
import { createObjectHandler } from '../server/object-handler.ts'
import { listenObjectServer, type ObjectServer } from '../server/object-server-fixture.ts'
import { openObjectStore } from '../server/object-store.ts'
import { remoteObjects } from './remote-objects.ts'

const owned = new AsyncDisposableStack()
let far: ObjectServer
let client: ObjectClient
let dir: string
/** `GET` requests for bytes that reached the store. */
let gets = 0

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ropeway-cached-'))
  owned.defer(() => rm(dir, { recursive: true, force: true }))
  const store = owned.use(await openObjectStore({ dir: join(dir, 'far'), clock: systemClock }))
  const handler = createObjectHandler({ store, authorize: authorizeAlways('') })
  const counted: typeof handler = (request, response) => {
    if (request.method === 'GET') gets += 1
    handler(request, response)
  }
  far = owned.use(await listenObjectServer(counted, { host: '127.0.0.1', port: 0 }))
  client = owned.use(new ObjectClient({ target: { endpoint: far.endpoint, accessKey: 'x', secretKey: 'y' } }))
  await client.createBucket('far')
})
beforeEach(() => {
  gets = 0
})
after(() => owned.disposeAsync())

async function cached(name: string) {
  const blocks = await openBlockCache({ dir: join(dir, name), budgetBytes: 2 ** 30, minFreeBytes: 0 })
  const objects = remoteObjects(client, ['far'], { blocks, store: 'far' })
  return async (key: string, start?: number, end?: number): Promise<Buffer> => {
    await using object = await objects.read('far', key)
    const pieces: Buffer[] = []
    for await (const piece of object.stream(start, end)) pieces.push(piece)
    return Buffer.concat(pieces)
  }
}

test('eight readers of one object fetch each of its blocks once, and ranges come out of those blocks', async () => {
  const body = randomBytes(2 * BLOCK_BYTES + 1000)
  await client.put('far', 'big', body)
  const read = await cached('a')
  const all = await Promise.all(Array.from({ length: 8 }, () => read('big')))
  for (const one of all) assert.ok(one.equals(body))
  assert.equal(gets, 3)
  for (const [start, end] of [
    [0, 1],
    [BLOCK_BYTES - 1, BLOCK_BYTES + 1],
    [5, body.length],
    [body.length - 1, body.length],
    [7, 7],
  ] as const)
    assert.ok((await read('big', start, end)).equals(body.subarray(start, end)), `${start}-${end}`)
  assert.equal(gets, 3)
  assert.equal((await (await cached('a'))('big')).length, body.length)
  assert.equal(gets, 3)
})

test('an object that was replaced is fetched anew, an empty one is empty, one that is gone is gone', async () => {
  const read = await cached('b')
  await client.put('far', 'k', Buffer.from('one'))
  assert.equal((await read('k')).toString(), 'one')
  await client.put('far', 'k', Buffer.from('two!'))
  assert.equal((await read('k')).toString(), 'two!')
  await client.put('far', 'empty', Buffer.alloc(0))
  assert.equal((await read('empty')).length, 0)
  await client.delete('far', 'k')
  await assert.rejects(read('k'), { code: 'NoSuchKey' })
})
