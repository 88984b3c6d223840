// A job that prints without end leaves room for the others, and is not held up.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { body, Ropeway, until } from './harness.ts'

it('a job that prints past its budget runs on; its log says so and how much, over a kill -9, and so does an event', async () => {
  await using ropeway = await Ropeway.start({ site: 'disk: { job_log_size: 2Mi }\n' })
  await ropeway.objects.createBucket('logs')
  const script = `echo begin; until [ -e /tmp/go ]; do head -c 262144 /dev/zero | tr '\\0' x; echo; sleep 0.05; done; echo end`
  const { metadata } = await ropeway.client.create(
    body('prints', script, { spec: { log_export_path: { obs_url: 'obs://logs/' } } }),
  )
  const { id } = metadata
  const touch = async () => {
    const command = { command: ['touch', '/tmp/go'], terminal: null }
    await using session = await ropeway.client.exec(id, 'worker-0', command, { onOutput: () => undefined })
    assert.equal(await session.exitCode, 0)
  }
  const log = async () =>
    (await ropeway.client.readLog(id, { task: 'worker-0', stream: 'task', offset: 0, limit: 4 << 20 })).bytes
  const toldOf = async () => {
    const { job, events } = await ropeway.follow(id)
    assert.equal(job.status.phase, 'Completed')
    return events.filter((event) => event.startsWith('LogBudgetReached'))
  }
  await until('the budget is reached', async () =>
    Buffer.from(await log()).includes('from here on is not kept'),
  )
  await ropeway.kill()
  await ropeway.start()
  await ropeway.waitFor(id, 'it runs on', ({ status }) => status.phase === 'Running')
  await touch()
  const told = await toldOf()
  assert.equal(told.length, 1)
  assert.match(
    told[0]!,
    /have reached the 2\.0 MiB that this installation keeps of one job \(disk\.job_log_size\)/,
  )
  const text = Buffer.from(await log()).toString()
  assert.ok(text.length < 2.1 * 2 ** 20)
  assert.match(text, /^begin\n/)
  const [cut = '', lost = '', ...more] = text.split('\n').slice(-3)
  assert.match(cut, /^\[ModelArts Service Log\] the logs of this job take the 2\.0 MiB that are kept/)
  assert.match(lost, /^\[ModelArts Service Log\] \d{5,} bytes that this stream printed were not kept$/)
  assert.deepEqual(more, [''])
  const key = `modelarts-job-${id}-worker-0.log`
  assert.equal(
    (await ropeway.objects.head('logs', key))?.size,
    Buffer.byteLength(text),
    'the log path has the same',
  )
})
