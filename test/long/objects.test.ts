// The object client and the transfer engine against stores that somebody else wrote, in every dialect they know, and
// such a store behind our server.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ObjectClient } from '../../src/storage/object-client.ts'
import { ObjectStoreError } from '../../src/storage/object-store-error.ts'
import type { Dialect } from '../../src/storage/object-target.ts'
import { downloadPrefix } from '../../src/storage/transfer/download.ts'
import { runCopy } from '../../src/storage/transfer/run-copy.ts'
import { uploadFolder } from '../../src/storage/transfer/upload.ts'
import { body, Ropeway } from '../e2e/harness.ts'
import { startCeph } from '../engines/ceph.ts'
import { startSeaweed, type TestStore } from '../engines/seaweed.ts'

const MIB = 1024 ** 2
const CEPH_PORT = 17480

const STORES: ReadonlyArray<
  readonly [name: string, start: () => Promise<TestStore>, dialects: readonly Dialect[]]
> = [
  ['SeaweedFS', startSeaweed, ['auto', 'v4', 'v2']],
  ['Ceph', () => startCeph(CEPH_PORT), ['auto', 'v4', 'v2']],
]

const failed = (code: string) => (error: unknown) => error instanceof ObjectStoreError && error.code === code
const differences = (one: string, other: string): string =>
  spawnSync('diff', ['-r', one, other]).stdout.toString()

for (const [name, start, dialects] of STORES)
  describe(name, () => {
    let store: TestStore
    let dir: string
    before(async () => {
      dir = mkdtempSync(join(tmpdir(), 'rw-peer-'))
      const files: Record<string, Buffer> = {
        empty: Buffer.alloc(0),
        'big/one': randomBytes(70 * MIB),
        'd/训 练+%&.txt': Buffer.from('zzz'),
      }
      for (let at = 0; at < 300; at += 1) files[`many/${at % 7}/${at}`] = randomBytes(at * 37)
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(dir, 'src', path)), { recursive: true })
        writeFileSync(join(dir, 'src', path), content)
      }
      store = await start()
    })
    after(async () => {
      await store[Symbol.asyncDispose]()
      rmSync(dir, { recursive: true, force: true })
    })

    for (const dialect of dialects) {
      it(`takes a folder and gives it back the same, ${dialect}`, async () => {
        await using client = new ObjectClient({ target: { ...store.target, dialect } })
        const bucket = `folder-${dialect}`
        await client.createBucket(bucket)
        await uploadFolder({ client, bucket, dir: join(dir, 'src'), prefix: 'p' })
        const destDir = join(dir, `dest-${dialect}`)
        const counts = await downloadPrefix({ client, bucket, prefix: 'p', destDir })
        assert.deepEqual([counts.files, differences(join(dir, 'src'), destDir)], [303, ''])
        const from = { bucket, key: 'p/big/one' }
        await runCopy([{ from, to: { bucket, key: 'copied' }, size: 70 * MIB }], { client })
        assert.equal((await client.head(bucket, 'copied'))?.size, 70 * MIB)
        const keys = (await Array.fromAsync(client.list(bucket))).map((entry) =>
          entry.kind === 'object' ? entry.key : '',
        )
        await client.deleteMany(bucket, keys)
        await client.deleteBucket(bucket)
      })

      it(`refuses wrong keys and names what is not there, ${dialect}`, async () => {
        await using client = new ObjectClient({ target: { ...store.target, dialect } })
        await using stranger = new ObjectClient({ target: { ...store.target, dialect, secretKey: 'other' } })
        await assert.rejects(stranger.listBuckets(), failed('SignatureDoesNotMatch'))
        await assert.rejects(Array.fromAsync(client.list('no-such-bucket')), failed('NoSuchBucket'))
        await assert.rejects(client.getStream('ready', 'none'), failed('NoSuchKey'))
        assert.equal(await client.head('ready', 'none'), undefined)
      })

      it(`opens to a link without keys, ${dialect}`, async () => {
        await using client = new ObjectClient({ target: { ...store.target, dialect } })
        await client.put('ready', 'a b+训', Buffer.from('linked'))
        const answer = await fetch(await client.presign('ready', 'a b+训', 60))
        assert.deepEqual([answer.status, await answer.text()], [200, 'linked'])
      })
    }

    it('serves a job from behind our server', async () => {
      await using ropeway = await Ropeway.start()
      await using client = new ObjectClient({ target: store.target })
      await client.createBucket('behind')
      await client.put(
        'behind',
        'code/main.py',
        Buffer.from('open("/home/work/out.txt","w").write("x" * 3)\nprint("ran")\n'),
      )
      const { endpoint, accessKey, secretKey } = store.target
      await ropeway.client.call('putStorageConnection', {
        params: { connection: 'peer' },
        body: { endpoint, buckets: ['behind'], access_key: accessKey, secret_key: secretKey },
      })
      const { job, logs } = await ropeway.run(
        body('behind', 'python3 /home/ma-user/modelarts/user-job-dir/code/main.py', {
          algorithm: {
            command: '',
            code_dir: 'obs://behind/code/',
            boot_file: 'obs://behind/code/main.py',
            outputs: [{ name: 'out', remote: { obs: { obs_url: 'obs://behind/out/' } } }],
          },
        }),
      )
      assert.equal(job.status.phase, 'Completed', JSON.stringify(logs))
      assert.ok(await client.head('behind', 'out/.ropeway-complete.json'))
    })
  })
