// The TypeScript client beside a server that is slow, busy or gone: what it repeats, and what it never does twice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, RopewayClient, UnexpectedAnswerError } from '../../src/client/ropeway-client.ts'
import { type Handler, JOB_ID, jobDocument, KEY, type StubRequest, StubServer } from './stub-server.ts'

async function open(handler: Handler) {
  const server = await new StubServer(handler).start()
  const client = new RopewayClient({ endpoint: server.endpoint, ...KEY })
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

const page = (items: unknown[]) => ({
  json: {
    ...{ total: 9, count: 9, limit: 2, offset: 0, sort_by: 'create_time', order: 'desc', group_by: '' },
    ...{ workspace_id: '0', ai_project: 'default-ai-project', items },
  },
})
const job = (id: string) => ({ ...jobDocument(), metadata: { ...jobDocument().metadata, id } })
const body = { metadata: { name: 'digits' }, algorithm: { engine: { image_url: 'i' }, command: 'true' } }

test('a create whose answer is lost is sent again with the same token', async () => {
  let asked = 0
  await using stub = await open(() => {
    asked += 1
    if (asked === 2) {
      // The connection breaks after the request has arrived.
      setImmediate(() => void stub.server.kill().then(() => stub.server.start()))
      return undefined
    }
    return asked === 1 ? { json: { total_count: 0, flavors: [] } } : { status: 201, json: jobDocument() }
  })
  await stub.client.flavors()
  assert.equal((await stub.client.create(body)).metadata.id, JOB_ID)
  const tokens = stub.server.requests.slice(1).map(({ headers }) => headers['x-client-token'])
  assert.equal(tokens.length, 2)
  assert.match(tokens[0] ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(tokens[0], tokens[1])
})

test('a deletion whose answer is lost is not sent again', async () => {
  let asked = 0
  await using stub = await open(() => {
    asked += 1
    if (asked === 1) return { json: { total_count: 0, flavors: [] } }
    setImmediate(() => void stub.server.kill().then(() => stub.server.start()))
    return undefined
  })
  await stub.client.flavors()
  await assert.rejects(stub.client.delete(JOB_ID), { name: 'UnreachableError' })
  assert.equal(asked, 2)
})

test('a busy server is asked again when it says so, whatever was asked', async () => {
  let asked = 0
  await using stub = await open(() => {
    asked += 1
    const json = { error_msg: 'too many', error_code: 'ModelArts.2799', error_solution: 'wait' }
    return asked === 1 ? { status: 429, json, headers: { 'retry-after': '0' } } : { status: 202, json: '' }
  })
  await stub.client.delete(JOB_ID)
  assert.equal(asked, 2)
})

test('a server that stays busy is given up after the patience one has', async () => {
  await using stub = await open(() => ({
    status: 429,
    json: { error_msg: 'too many', error_code: 'ModelArts.2799', error_solution: 'wait' },
    headers: { 'retry-after': '30' },
  }))
  await using client = new RopewayClient({ endpoint: stub.server.endpoint, ...KEY, retryForMs: 1000 })
  await assert.rejects(client.delete(JOB_ID), (error) => error instanceof ApiError && error.status === 429)
})

test('all jobs come page after page, each once, also when new ones push the pages on', async () => {
  const pages = [['a', 'b'], ['b', 'c'], ['d']]
  const at = ({ body: asked }: StubRequest) => (asked as { offset: number }).offset
  await using stub = await open((request) => page((pages[at(request)] ?? []).map(job)))
  const ids = await Array.fromAsync(stub.client.jobs({ limit: 2 }), ({ metadata }) => metadata.id)
  assert.deepEqual(ids, ['a', 'b', 'c', 'd'])
})

test('who stops reading jobs asks for no further page', async () => {
  await using stub = await open(() => page([job('a'), job('b')]))
  for await (const found of stub.client.jobs({ limit: 2 })) if (found.metadata.id === 'a') break
  assert.equal(stub.server.requests.length, 1)
})

test('any call can be made by its name; what the path names is escaped', async () => {
  await using stub = await open(() => ({ json: jobDocument() }))
  const shown = await stub.client.call('showTrainingJob', { params: { job: '../x y' } })
  assert.equal(shown.metadata.id, JOB_ID)
  assert.equal(stub.server.requests[0]?.path, '/training-jobs/../x y')
})

test('"not yet" is null, and an answer of another shape is said to be one', async () => {
  let asked = 0
  await using stub = await open(() => (++asked === 1 ? { status: 204 } : { json: { other: 1 } }))
  const params = { job: JOB_ID, task: 'worker-0' }
  assert.equal(await stub.client.call('previewLog', { params }), null)
  await assert.rejects(stub.client.call('previewLog', { params }), UnexpectedAnswerError)
})

test('a refusal has the code, the advice and the request id', async () => {
  await using stub = await open(() => ({
    status: 400,
    json: { error_msg: 'no such job', error_code: 'ModelArts.2775', error_solution: 'List them.' },
  }))
  await assert.rejects(stub.client.show(JOB_ID), (error) => {
    assert.ok(error instanceof ApiError)
    const { status, errorCode, message, solution, requestId } = error
    assert.deepEqual(
      { status, errorCode, message, solution, requestId },
      {
        status: 400,
        errorCode: 'ModelArts.2775',
        message: 'no such job',
        solution: 'List them.',
        requestId: 'req-1',
      },
    )
    return true
  })
})

test('a signal ends a call, with its own reason', async () => {
  await using stub = await open(() => undefined)
  const stop = new AbortController()
  const call = stub.client.show(JOB_ID, stop.signal)
  stop.abort(new Error('enough'))
  await assert.rejects(call, /enough/)
})
