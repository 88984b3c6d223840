// A job's life as its user sees it, on the fake backend: what the API answers in each phase.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { body, Ropeway } from './harness.ts'

let ropeway: Ropeway
before(async () => {
  ropeway = await Ropeway.start({ backend: 'fake', simulate: '2x4' })
})
after(() => ropeway[Symbol.asyncDispose]())

const fake = (behaviour: object) => ({ 'ropeway/fake': JSON.stringify({ tasks: { '*': behaviour } }) })
const forever = fake({ runMs: null })
const failsWith = async (promise: Promise<unknown>, status: number, code: string, message?: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof ApiError, String(error))
    assert.deepEqual([error.status, error.errorCode], [status, code])
    if (message) assert.match(error.message, message)
    return true
  })

describe('a job', () => {
  it('goes from Creating to Completed, with events that tell it', async () => {
    const { job, events } = await ropeway.run(
      body('fine', 'true', { annotations: fake({ runMs: 0, logs: ['hello'] }) }),
    )
    assert.equal(job.status.phase, 'Completed')
    assert.equal(job.status.exit_code, 0)
    const reasons = events.map((event) => event.split(':')[0])
    for (const reason of ['JobCreated', 'ResourcesBooked', 'JobCompleted'])
      assert.ok(reasons.includes(reason), events.join('\n'))
  })

  it('answers create with the whole document, tasks included, before anything is scheduled', async () => {
    const job = await ropeway.client.create(
      body('doc', 'true', { nodes: 2, flavor: 'modelarts.kat1.2xlarge', annotations: fake({ runMs: 0 }) }),
    )
    assert.equal(job.status.phase, 'Creating')
    assert.deepEqual(job.status.tasks, ['worker-0', 'worker-1'])
    assert.match(job.metadata.id, /^[0-9a-f-]{36}$/)
    assert.equal(job.status.node_count_metrics, null)
    await ropeway.follow(job.metadata.id)
  })

  it('that fails has the exit code of its first failing task', async () => {
    const annotations = {
      'ropeway/fake': JSON.stringify({
        tasks: { '*': { runMs: null }, 'worker-1': { runMs: 0, exitCode: 7 } },
      }),
    }
    const { job, events } = await ropeway.run(
      body('bad', 'true', { nodes: 2, annotations, flavor: 'ropeway.ascend-910a.1' }),
    )
    assert.equal(job.status.phase, 'Failed')
    assert.equal(job.status.exit_code, 7)
    assert.match(events.join('\n'), /worker-1/)
  })

  it('whose start fails is Abnormal (CreateFailed) and holds nothing', async () => {
    const { job } = await ropeway.run(
      body('nostart', 'true', { annotations: fake({ outcome: 'fail-start', message: 'no such image' }) }),
    )
    assert.deepEqual([job.status.phase, job.status.secondary_phase], ['Abnormal', 'CreateFailed'])
    assert.match(String(job.status.message), /no such image/)
  })

  it('whose task is lost is Abnormal (Lost)', async () => {
    const { job } = await ropeway.run(
      body('lost', 'true', { annotations: fake({ outcome: 'lost', runMs: 0 }) }),
    )
    assert.deepEqual([job.status.phase, job.status.secondary_phase], ['Abnormal', 'Lost'])
  })

  it('that is lost runs again when it asked for that, as a new attempt', async () => {
    const annotations = { ...fake({ outcome: 'lost', runMs: 0 }), 'fault-tolerance/job-retry-num': '1' }
    const { job, events } = await ropeway.run(body('retry', 'true', { annotations }))
    assert.equal(job.status.phase, 'Abnormal')
    assert.equal(job.status.running_records.length, 2)
    assert.match(events.join('\n'), /JobRestarted/)
  })
})

describe('a job that does not fit', () => {
  it('waits, says its position and why, and starts when there is room', async () => {
    const big = await ropeway.client.create(
      body('big', 'true', { nodes: 2, flavor: 'ropeway.ascend-910a.4', annotations: forever }),
    )
    await ropeway.waitFor(big.metadata.id, 'big runs', (job) => job.status.phase === 'Running')
    const next = await ropeway.client.create(
      body('next', 'true', { nodes: 2, flavor: 'ropeway.ascend-910a.4', annotations: fake({ runMs: 0 }) }),
    )
    const last = await ropeway.client.create(body('last', 'true', { annotations: fake({ runMs: 0 }) }))
    const waiting = await ropeway.waitFor(
      last.metadata.id,
      'last waits',
      (job) => job.status.phase === 'Pending',
    )
    assert.deepEqual(waiting.status.waiting?.position, 2)
    assert.match(waiting.status.waiting?.reason ?? '', /"next"/)
    const first = await ropeway.client.show(next.metadata.id)
    assert.equal(first.status.waiting?.position, 1)
    assert.match(first.status.waiting?.reason ?? '', /sim-0/)
    const said = await ropeway.client.events(next.metadata.id, { order: 'asc' })
    assert.match(
      said.events.map(({ message }) => message).join('\n'),
      /Waiting for resources \(position 1\): .*sim-0/,
    )
    await ropeway.client.terminate(big.metadata.id)
    assert.equal((await ropeway.follow(next.metadata.id)).job.status.phase, 'Completed')
    assert.equal((await ropeway.follow(last.metadata.id)).job.status.phase, 'Completed')
    assert.equal((await ropeway.client.show(big.metadata.id)).status.phase, 'Terminated')
  })
})

describe('terminate and delete', () => {
  it('a running job shows Terminating at once and ends Terminated', async () => {
    const job = await ropeway.client.create(body('stopme', 'true', { annotations: fake({ runMs: null }) }))
    await ropeway.waitFor(job.metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
    assert.equal((await ropeway.client.terminate(job.metadata.id)).status.phase, 'Terminating')
    assert.equal((await ropeway.follow(job.metadata.id)).job.status.phase, 'Terminated')
    await failsWith(ropeway.client.terminate(job.metadata.id), 409, 'ModelArts.2796', /Terminated/)
  })

  it('a live job is stopped, then deleted, and its name is free again', async () => {
    const job = await ropeway.client.create(body('gone', 'true', { annotations: forever }))
    await ropeway.client.delete(job.metadata.id)
    const isGone = async () => {
      try {
        await ropeway.client.streamEvents(job.metadata.id, 0, 1)
        return false
      } catch (error) {
        assert.ok(error instanceof ApiError && error.errorCode === 'ModelArts.2775')
        return true
      }
    }
    const deadline = Date.now() + 30_000
    while (!(await isGone())) assert.ok(Date.now() < deadline, 'the job is still there')
    await failsWith(ropeway.client.show(job.metadata.id), 400, 'ModelArts.2775')
    await ropeway.run(body('gone', 'true', { annotations: fake({ runMs: 0 }) }))
  })
})

it('search pages, filters and sorts', async () => {
  for (const name of ['s-a', 's-b', 's-c'])
    await ropeway.run(body(name, 'true', { annotations: fake({ runMs: 0 }) }))
  const filters = [
    { key: 'name', operator: 'like', value: ['s-'] },
    { key: 'phase', operator: 'in', value: ['Completed', ''] },
  ]
  const page = await ropeway.client.search({
    filters,
    limit: 2,
    offset: 1,
    sort_by: 'create_time',
    order: 'asc',
  })
  assert.equal(page.count, 3)
  assert.deepEqual(
    page.items.map(({ metadata }) => metadata.name),
    ['s-c'],
  )
  await failsWith(ropeway.client.search({ sort_by: 'colour' }), 400, 'ModelArts.2790')
})

it('a dry run says what would happen and stores nothing', async () => {
  const answer = await ropeway.client.dryRun(
    body('dry', 'python train.py', {
      flavor: 'ropeway.ascend-910a.4',
      nodes: 2,
      environments: { TOKEN: 'hush' },
      annotations: { 'ropeway/secret-environment': 'TOKEN' },
    }),
  )
  assert.equal(answer.environments.length, 2)
  assert.doesNotMatch(JSON.stringify(answer), /hush/)
  assert.equal(
    (await ropeway.client.search({ filters: [{ key: 'name', operator: 'in', value: ['dry'] }] })).count,
    0,
  )
})

it('the server stops cleanly and exits with 0', async () => {
  const other = await Ropeway.start({ backend: 'fake' })
  assert.equal(await other.stop(), 0)
  await other[Symbol.asyncDispose]()
})
