// A process that writes jobs as fast as it can and prints each id once it is acknowledged; store-sqlite.test.ts kills it.
// Run: node store-writer.ts DIR
import { writeSync } from 'node:fs'
import { openDatabase } from '../../src/db/database.ts'
import { createJobStore } from '../../src/db/job-store.ts'
import { changeOf, claimedBy, event, newJob, SERVE } from './store-fixture.ts'

const [, , dir = ''] = process.argv
await using database = await openDatabase(dir)
const store = createJobStore(database.db, {
  secretKey: Buffer.alloc(32, 7),
  serveId: SERVE,
  ownership: 'serve',
})
for (;;) {
  const made = newJob({ name: `job-${process.pid}-${process.hrtime.bigint()}` })
  const job = await store.create(made, [event('Created')])
  writeSync(1, `created ${job.id}\n`)
  const { lease, version } = await claimedBy(store, job.id)
  const booking = {
    jobId: job.id,
    attempt: 1,
    task: 'worker-0',
    taskIndex: 0,
    hostId: `host-${job.id}`,
    physicalIds: [0],
    cpuCores: 1,
    memoryBytes: 1,
  }
  await store.write(lease, version, {
    ...changeOf({ phase: 'Running', attempt: 1, events: [event('Started')] }),
    bookings: [booking],
  })
  writeSync(1, `running ${job.id}\n`)
}
