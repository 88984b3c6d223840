// The data folder on a small disk that fills up: what was accepted stays, what was not leaves nothing.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ObjectStoreError } from '../../src/storage/object-store-error.ts'
import { body, Ropeway } from './harness.ts'
import { dataFolder, smallDisk } from './small-disk.ts'

it('an upload that does not fit is refused with a sentence, and the server goes on', async () => {
  using disk = smallDisk('48m')
  const dataDir = dataFolder(disk.dir, 'disk: { min_free: 1Mi }\n')
  await using ropeway = await Ropeway.start({ backend: 'fake', dataDir })
  await ropeway.upload({ 'bucket/kept.bin': Buffer.alloc(1 << 20, 7) })
  await assert.rejects(ropeway.objects.put('bucket', 'big.bin', Buffer.alloc(64 << 20)), (error) => {
    assert.ok(error instanceof ObjectStoreError)
    assert.equal(error.status, 507)
    return true
  })
  assert.equal(await ropeway.objects.head('bucket', 'big.bin'), undefined)
  assert.equal((await ropeway.objects.head('bucket', 'kept.bin'))?.size, 1 << 20)
  await ropeway.objects.put('bucket', 'small.bin', Buffer.alloc(1 << 20))
  const annotations = { 'ropeway/fake': '{"tasks":{"*":{"runMs":0}}}' }
  assert.equal((await ropeway.run(body('still', 'true', { annotations }))).job.status.phase, 'Completed')
})
