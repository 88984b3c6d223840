// Two unfinished jobs do not write into one folder unawares.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppError } from '../../src/api/error.ts'
import { ANNOTATION } from '../../src/job/annotations.ts'
import { changeOf, claimedBy, newJob, type OpenStores } from './store-fixture.ts'

export function describeStoreOutputs(open: OpenStores): void {
  test('a folder that an unfinished job writes to is refused with its name, and so are those around and inside it', async () => {
    await using stores = await open()
    const store = stores.store()
    const first = await store.create(
      newJob({ name: 'first', outputs: ['obs://b/run/a/', 'obs://b/other/'] }),
      [],
    )
    for (const url of ['obs://b/run/a/', '/b/run/a/deep/', 's3://b/run/', 'obs://b/', 'obs://b/other/x/']) {
      const job = newJob({ name: `second-${url.length}`, outputs: ['obs://free/', url] })
      await assert.rejects(store.create(job, []), (error: AppError) => {
        assert.equal(error.code, 'OutputInUse', url)
        assert.match(error.message, /algorithm\.outputs\[1\]/)
        assert.ok(error.message.includes(`job "first" (${first.id})`), error.message)
        return true
      })
      assert.equal(await store.getById(job.id), null)
    }
    for (const [index, url] of [
      'obs://b/run/ab/',
      'obs://b/ru/',
      'obs://c/run/a/',
      'obs://b/run/A/',
    ].entries())
      await store.create(newJob({ name: `beside-${index}`, outputs: [url] }), [])
  })

  test('of creates at one time that want one folder, or folders in each other, one gets it', async () => {
    await using stores = await open()
    const store = stores.store()
    const deep = `obs://b/${'x/'.repeat(20)}`
    const rounds = [
      ['obs://b/run/', 'obs://b/run/', 'obs://b/run/a/', 'obs://b/run/a/b/'],
      [deep, `${deep}y/`, `${deep}y/z/`, deep],
    ]
    for (const [round, urls] of rounds.entries()) {
      const answers = await Promise.allSettled(
        // Beside a second folder, in one order and the other: nobody waits in a circle.
        urls.map((url, n) => {
          const other = `obs://c/${round}/${n}/`
          return store.create(
            newJob({ name: `r${round}-${n}`, outputs: n % 2 ? [url, other] : [other, url] }),
            [],
          )
        }),
      )
      const codes = answers.map((answer) =>
        answer.status === 'fulfilled' ? 'made' : (answer.reason as AppError).code,
      )
      const kinds = codes.toSorted()
      assert.deepEqual(kinds, ['OutputInUse', 'OutputInUse', 'OutputInUse', 'made'], codes.join())
    }
  })

  test('a bucket of another project that has the same name is another bucket', async () => {
    await using stores = await open()
    const store = stores.store()
    await store.create(newJob({ name: 'hidden', outputs: ['obs://b/run/'] }), [])
    const theirs = (name: string) => newJob({ name, outputs: ['obs://b/run/'], job: { projectId: 'q' } })
    const made = await store.create(theirs('theirs'), [])
    await assert.rejects(store.create(theirs('again'), []), (error: AppError) => {
      assert.ok(error.message.includes(`job "theirs" (${made.id})`), error.message)
      return true
    })
  })

  test('a job that says so shares a folder, and an ended one leaves it free', async () => {
    await using stores = await open()
    const store = stores.store()
    const outputs = ['obs://b/run/']
    const first = await store.create(newJob({ name: 'first', outputs }), [])
    const annotations = { [ANNOTATION.sharedOutputs]: 'true' }
    const second = await store.create(newJob({ name: 'second', outputs, annotations }), [])
    for (const { id } of [first, second]) {
      await assert.rejects(store.create(newJob({ name: 'third', outputs }), []), /is not finished/)
      const { lease, version } = await claimedBy(store, id)
      assert.equal(await store.write(lease, version, changeOf({ phase: 'Completed', attempt: 1 })), true)
    }
    const third = await store.create(newJob({ name: 'third', outputs }), [])
    await stores.reopen()
    await assert.rejects(stores.store().create(newJob({ name: 'fourth', outputs }), []), /job "third"/)
    const { lease, version } = await claimedBy(stores.store(), third.id)
    assert.equal(await stores.store().erase(lease, version), true)
    await stores.store().create(newJob({ name: 'fourth', outputs }), [])
  })
}
