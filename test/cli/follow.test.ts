// Following a job: nothing lost, nothing twice, whatever the server does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FollowItem, followJob } from '../../src/client/follow.ts'
import { RopewayClient } from '../../src/client/ropeway-client.ts'
import { JobScript } from './job-script.ts'
import { JOB_ID, KEY, StubServer } from './stub-server.ts'

async function collect(
  items: AsyncIterable<FollowItem>,
  onItem: (item: FollowItem) => Promise<void> | void = () => undefined,
) {
  const logs: Record<string, string> = {}
  const events: string[] = []
  let end = ''
  for await (const item of items) {
    if (item.kind === 'log') logs[item.task] = (logs[item.task] ?? '') + Buffer.from(item.bytes).toString()
    if (item.kind === 'event') events.push(item.event.message)
    if (item.kind === 'end') end = item.state.phase
    await onItem(item)
  }
  return { logs, events, end }
}

const signal = () => AbortSignal.timeout(20_000)

test('events and the logs of all tasks come once each, and the end comes last', async () => {
  const script = new JobScript(2)
  await using server = await new StubServer(script.handler).start()
  await using client = new RopewayClient({ endpoint: server.endpoint, ...KEY })
  script.event('created')
  const seen = await collect(followJob(client, JOB_ID, { signal: signal() }), (item) => {
    if (item.kind === 'event' && item.event.message === 'created') {
      script.phase('Running')
      script.event('running')
      script.log('worker-1', 'from the second\n')
    }
    if (item.kind === 'log' && item.offset === 0) {
      script.log('worker-0', 'late, and longer than one answer holds\n')
      script.phase('Failed', 3)
      script.event('failed')
    }
  })
  assert.deepEqual(seen, {
    logs: { 'worker-0': script.logs.get('worker-0')?.toString(), 'worker-1': 'from the second\n' },
    events: ['created', 'running', 'failed'],
    end: 'Failed',
  })
})

test('a server that is killed and comes back costs no byte and doubles none', async () => {
  const script = new JobScript()
  await using server = await new StubServer(script.handler).start()
  await using client = new RopewayClient({ endpoint: server.endpoint, ...KEY })
  script.phase('Running')
  let pieces = 0
  let written = 0
  const seen = await collect(followJob(client, JOB_ID, { signal: signal() }), async (item) => {
    if (item.kind === 'state' || item.kind === 'log') {
      pieces += 1
      if (pieces % 3 === 0) {
        await server.kill()
        await server.start()
      }
      if (written < 200) for (let line = 0; line < 5; line += 1) script.log('worker-0', `line ${written++}\n`)
      else script.phase('Completed', 0)
    }
  })
  assert.equal(seen.logs['worker-0'], script.logs.get('worker-0')?.toString())
  assert.equal(seen.end, 'Completed')
  assert.ok(written >= 200)
})

test('a job that ended before it was followed shows everything and ends', async () => {
  const script = new JobScript()
  script.event('done')
  script.log('worker-0', 'no newline at the end')
  script.phase('Completed', 0)
  await using server = await new StubServer(script.handler).start()
  await using client = new RopewayClient({ endpoint: server.endpoint, ...KEY })
  const seen = await collect(followJob(client, JOB_ID, { signal: signal() }))
  assert.deepEqual(seen, {
    logs: { 'worker-0': 'no newline at the end' },
    events: ['done'],
    end: 'Completed',
  })
})

test('leaving the loop ends all requests, and an abort is thrown', async () => {
  const script = new JobScript()
  script.phase('Running')
  script.event('running')
  await using server = await new StubServer(script.handler).start()
  await using client = new RopewayClient({ endpoint: server.endpoint, ...KEY })
  for await (const item of followJob(client, JOB_ID, { signal: signal() })) if (item.kind === 'event') break
  const abort = new AbortController()
  const following = collect(followJob(client, JOB_ID, { signal: abort.signal }), () =>
    abort.abort(new Error('enough')),
  )
  await assert.rejects(following, /enough/)
})

test('a job that is deleted while it is followed ends with the server’s words', async () => {
  let asked = 0
  await using server = await new StubServer((request) => {
    if (!request.path.endsWith('/stream') || asked++ === 0) return new JobScript().handler(request)
    return { status: 400, json: { error_msg: 'gone', error_code: 'ModelArts.2775', error_solution: 's' } }
  }).start()
  await using client = new RopewayClient({ endpoint: server.endpoint, ...KEY })
  await assert.rejects(collect(followJob(client, JOB_ID, { signal: signal() })), {
    name: 'ApiError',
    message: 'gone',
  })
})
