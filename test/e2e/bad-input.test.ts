// What the API answers to bad input: the field, what came, what is valid; and nothing is left behind.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { body, Ropeway } from './harness.ts'
import { type RawOptions, rawCall } from './raw-call.ts'

let ropeway: Ropeway
before(async () => {
  ropeway = await Ropeway.start({ backend: 'fake', simulate: '2x4' })
})
after(() => ropeway[Symbol.asyncDispose]())

const fake = (behaviour: object) => ({ 'ropeway/fake': JSON.stringify({ tasks: { '*': behaviour } }) })
const failsWith = async (promise: Promise<unknown>, status: number, code: string, message?: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof ApiError, String(error))
    assert.deepEqual([error.status, error.errorCode], [status, code])
    if (message) assert.match(error.message, message)
    return true
  })

const raw = (method: string, path: string, text: string, options: RawOptions = {}) =>
  rawCall(ropeway.credentials, method, path, text, options)

describe('bad input', () => {
  const jobs = () => `/v2/${ropeway.credentials.project_id}/training-jobs`
  const good = body('x', 'true')
  const cases: [title: string, text: () => string, status: number, code: string, message: RegExp][] = [
    ['malformed JSON', () => '{"kind":', 400, 'ModelArts.2787', /body: is not JSON/],
    [
      'a body nested 5000 deep',
      () => `{"kind":"job","metadata":{"name":"x"},"deep":${'['.repeat(5000)}${']'.repeat(5000)}}`,
      400,
      'ModelArts.2787',
      /nested too deep/,
    ],
    ['an array', () => '[]', 400, 'ModelArts.2787', /JSON object/],
    ['no metadata', () => '{"kind":"job"}', 400, 'ModelArts.2788', /metadata: got nothing/],
    [
      'a name with a blank',
      () => JSON.stringify({ ...good, metadata: { name: 'a b' } }),
      400,
      'ModelArts.2788',
      /metadata\.name: got "a b"; valid: .*letters/,
    ],
    [
      'a name of 65 letters',
      () => JSON.stringify({ ...good, metadata: { name: 'a'.repeat(65) } }),
      400,
      'ModelArts.2788',
      /metadata\.name/,
    ],
    [
      'half a node',
      () => JSON.stringify({ ...good, spec: { resource: { node_count: 1.5 } } }),
      400,
      'ModelArts.2825',
      /spec\.resource\.node_count: got 1\.5; valid: a whole number/,
    ],
    [
      'no nodes',
      () => JSON.stringify({ ...good, spec: { resource: { node_count: 0 } } }),
      400,
      'ModelArts.2816',
      /at least 1/,
    ],
    [
      'a number for a name',
      () => JSON.stringify({ ...good, metadata: { name: 5 } }),
      400,
      'ModelArts.2825',
      /metadata\.name: got 5; valid: a text/,
    ],
    [
      'a dollar in a value',
      () => JSON.stringify(body('x', 'true', { environments: { A: '$HOME' } })),
      400,
      'ModelArts.2788',
      /environments\.A: got "\$HOME".*"\$"/,
    ],
    [
      'a blank in a variable name',
      () => JSON.stringify(body('x', 'true', { environments: { 'A B': '1' } })),
      400,
      'ModelArts.2788',
      /A B/,
    ],
    [
      '101 variables',
      () =>
        JSON.stringify(
          body('x', 'true', {
            environments: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`V${i}`, '1'])),
          }),
        ),
      400,
      'ModelArts.2788',
      /100/,
    ],
    [
      'more than is kept of a job, in a field that nobody knows',
      () => JSON.stringify({ ...good, colour: 'x'.repeat(1 << 20) }),
      413,
      'ModelArts.9001',
      /got \d{7} bytes .*at most 1048576 bytes/,
    ],
    [
      'a description of an experiment that is too long',
      () =>
        JSON.stringify({
          ...good,
          metadata: {
            name: 'x',
            training_experiment_reference: { name: 'e', description: 'x'.repeat(257) },
          },
        }),
      400,
      'ModelArts.2788',
      /training_experiment_reference\.description: .*at most 256 characters/,
    ],
    [
      'a body of 12 MB and more',
      () => JSON.stringify(body('x', 'true', { environments: { A: 'x'.repeat(12 << 20) } })),
      413,
      'ModelArts.9001',
      /12582912/,
    ],
  ]
  for (const [title, text, status, code, message] of cases) {
    it(title, async () => {
      const answer = await raw('POST', jobs(), text())
      assert.deepEqual([answer.status, answer.json.error_code], [status, code], answer.text)
      assert.match(answer.json.error_msg, message)
      assert.ok(answer.json.error_solution)
    })
  }

  it('an algorithm that is larger than what is kept', async () => {
    const job_config = { engine: { image_url: 'host' }, command: 'true', note: 'x'.repeat(1 << 20) }
    const text = JSON.stringify({ metadata: { name: 'x' }, job_config })
    const answer = await raw('POST', `/v2/${ropeway.credentials.project_id}/algorithms`, text)
    assert.deepEqual([answer.status, answer.json.error_code], [413, 'ModelArts.9001'], answer.text)
  })

  it('the advice comes in the language that was asked for', async () => {
    const german = await raw('POST', jobs(), '[]', { headers: { 'x-language': 'de-de' } })
    assert.match(german.json.error_solution, /^Send a JSON object/)
    const chinese = await raw('POST', jobs(), '[]', { headers: { 'x-language': 'zh-cn' } })
    assert.match(chinese.json.error_solution, /^请发送 JSON 对象/)
  })

  it('another action is refused by name', async () => {
    const { job } = await ropeway.run(body('act', 'true', { annotations: fake({ runMs: 0 }) }))
    const answer = await raw(
      'POST',
      `/v2/${ropeway.credentials.project_id}/training-jobs/${job.metadata.id}/actions`,
      '{"action_type":"restart"}',
    )
    assert.deepEqual([answer.status, answer.json.error_code], [400, 'ModelArts.2812'])
  })

  it('leaves nothing behind', async () => {
    assert.equal(
      (await ropeway.client.search({ filters: [{ key: 'name', operator: 'in', value: ['x'] }] })).count,
      0,
    )
  })

  it('a name that exists', async () => {
    await ropeway.run(body('twice', 'true', { annotations: fake({ runMs: 0 }) }))
    await failsWith(
      ropeway.client.create(body('twice', 'true', { annotations: fake({ runMs: 0 }) })),
      400,
      'ModelArts.2751',
      /twice/,
    )
  })

  it('a job, a task, a path that is not there', async () => {
    await failsWith(ropeway.client.show('11111111-2222-4333-8444-555555555555'), 400, 'ModelArts.2775')
    const { job } = await ropeway.run(body('tasks', 'true', { annotations: fake({ runMs: 0 }) }))
    await failsWith(ropeway.client.previewLog(job.metadata.id, 'worker-9'), 404, 'ModelArts.9002', /worker-0/)
    assert.equal(
      (await raw('GET', `/v2/${ropeway.credentials.project_id}/nothing`, '')).json.error_code,
      'ModelArts.2836',
    )
  })

  it('a method that a path does not have', async () => {
    const answer = await raw('PUT', jobs(), '{}')
    assert.deepEqual([answer.status, answer.json.error_code], [405, 'ModelArts.2803'])
    assert.match(answer.json.error_msg, /got PUT .*valid: POST/)
  })

  it('nothing answers without a signature but /healthz', async () => {
    for (const path of [jobs(), '/', '/v2', `/ropeway/v1/${ropeway.credentials.project_id}/dry-run`]) {
      const answer = await raw('GET', path, '', { unsigned: true })
      assert.deepEqual([answer.status, answer.json.error_code], [401, 'APIG.0301'], path)
    }
    assert.equal((await raw('GET', '/healthz', '', { unsigned: true })).status, 200)
  })
})
