// Requests as ModelArts' documents show them (modelarts.md §1.3, §1.6, §1.11), with their mixed paths, blank fields and
// strings for numbers: what is described there is sent as it stands, and answered as described.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RawAnswer } from './signed.ts'
import { openWorld, type World } from './world.ts'

let world: World
let project: string
before(async () => {
  world = await openWorld()
  project = world.ropeway.credentials.project_id
  await world.ropeway.upload({
    'bucket/code/train.py': 'print(1)\n',
    'bucket/data/1.bin': 'one',
    'bucket/log/': '',
  })
})
after(() => world[Symbol.asyncDispose]())

const send = (method: string, path: string, body?: unknown): Promise<RawAnswer> =>
  world.raw.send({
    method,
    target: `/v2/${project}${path}`,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
type Job = {
  metadata: { id: string; create_time: number; description: string }
  status: { phase: string; tasks: string[]; start_time: number; node_count_metrics: unknown }
  algorithm: Record<string, unknown> & { inputs: { local_dir: string }[]; outputs: { local_dir: string }[] }
  spec: Record<string, unknown> & { resource: Record<string, unknown> }
}
const created = async (body: object): Promise<Job> => {
  const answer = await send('POST', '/training-jobs', body)
  assert.equal(answer.status, 201, answer.text)
  return answer.json as Job
}

/** §1.3.3, "smallest useful custom-image body", on a flavor that is here and without a file share. */
const SMALLEST = (name: string) => ({
  kind: 'job',
  metadata: {
    ...{ name, description: '', workspace_id: '0' },
    annotations: { 'fault-tolerance/job-retry-num': '3' },
  },
  algorithm: {
    engine: { image_url: 'org/img:tag' },
    ...{ code_dir: '/bucket/code/', command: 'python $MA_JOB_DIR/code/train.py' },
    ...{ local_code_dir: '', working_dir: '' },
    environments: { NCCL_DEBUG: 'INFO' },
    parameters: [{ name: 'lr', value: '0.1' }],
    inputs: [{ name: 'data_url', remote: { obs: { obs_url: '/bucket/data/' } } }],
    outputs: [{ name: 'train_url', remote: { obs: { obs_url: `/bucket/${name}/` } } }],
  },
  spec: {
    resource: { flavor_id: 'modelarts.vm.cpu.2u', node_count: 1 },
    log_export_path: { obs_url: '/bucket/log/' },
    auto_stop: { time_unit: 'HOURS', duration: 1 },
  },
})

describe('create', () => {
  it('the smallest body of a custom image: paths come back in the form given, places are filled in', async () => {
    const { metadata, status, algorithm, spec } = await created(SMALLEST('smallest'))
    assert.deepEqual(
      [status.phase, status.tasks, status.start_time, status.node_count_metrics],
      ['Creating', ['worker-0'], 0, null],
    )
    assert.ok(Math.abs(metadata.create_time - Date.now()) < 600_000, 'milliseconds')
    assert.equal(algorithm['code_dir'], '/bucket/code/')
    assert.equal(algorithm.inputs[0]?.local_dir, '/home/ma-user/modelarts/inputs/data_url_0')
    assert.equal(algorithm.outputs[0]?.local_dir, '/home/ma-user/modelarts/outputs/train_url_0')
    assert.deepEqual(algorithm['environments'], { NCCL_DEBUG: 'INFO' })
    assert.equal(spec.resource['flavor_id'], 'ropeway.cpu.2', 'flavors of the documents become ours')
  })

  it('blank parts, as the samples send them, mean that nothing is set (§1.11 quirk 7)', async () => {
    const body = SMALLEST('blank')
    const algorithm = {
      ...body.algorithm,
      parameters: [],
      policies: { auto_search: null },
      environments: {},
      outputs: [],
    }
    const spec = { ...body.spec, log_export_path: { obs_url: '' }, volumes: [], schedule_policy: null }
    const job = await created({ ...body, algorithm, spec })
    assert.deepEqual([job.algorithm['parameters'], job.algorithm['environments']], [[], {}])
  })

  it('obs://, s3:// and /bucket/ may stand in one body (quirk 5)', async () => {
    const body = SMALLEST('mixed')
    const inputs = ['obs://bucket/data/', 's3://bucket/data/', '/bucket/data/'].map((obs_url, index) => ({
      name: `in${index}`,
      remote: { obs: { obs_url } },
    }))
    const { algorithm } = await created({ ...body, algorithm: { ...body.algorithm, inputs } })
    assert.deepEqual(
      (algorithm.inputs as unknown as typeof inputs).map(({ remote }) => remote.obs.obs_url),
      inputs.map(({ remote }) => remote.obs.obs_url),
    )
    assert.equal(algorithm.inputs[2]?.local_dir, '/home/ma-user/modelarts/inputs/in2_2')
  })

  it('a boot file within the code folder, with an image', async () => {
    const body = SMALLEST('boot')
    const { command: _, ...algorithm } = body.algorithm
    await created({ ...body, algorithm: { ...algorithm, boot_file: '/bucket/code/train.py' } })
  })

  const refused: [title: string, change: (body: ReturnType<typeof SMALLEST>) => object, code: string][] = [
    ['a name that exists', (body) => ({ ...body, metadata: { name: 'smallest' } }), 'ModelArts.2751'],
    [
      'a code folder that is not there',
      (body) => ({ ...body, algorithm: { ...body.algorithm, code_dir: '/bucket/none/' } }),
      'ModelArts.2757',
    ],
    [
      'a code folder without a slash',
      (body) => ({ ...body, algorithm: { ...body.algorithm, code_dir: '/bucket/code' } }),
      'ModelArts.2791',
    ],
    [
      'a boot file elsewhere',
      (body) => ({
        ...body,
        algorithm: { ...body.algorithm, command: undefined, boot_file: '/bucket/data/1.py' },
      }),
      'ModelArts.2792',
    ],
    ['a command without an image', (body) => ({ ...body, algorithm: { command: 'x' } }), 'ModelArts.2806'],
    [
      'a place of the platform',
      (body) => ({ ...body, algorithm: { ...body.algorithm, local_code_dir: '/home/ma-user/modelarts' } }),
      'ModelArts.2857',
    ],
    [
      'a flavor that is not there',
      (body) => ({ ...body, spec: { resource: { flavor_id: 'modelarts.p9.none' } } }),
      'ModelArts.2781',
    ],
    [
      'a pool that is not there',
      (body) => ({ ...body, spec: { resource: { pool_id: 'pool-x', flavor_id: 'modelarts.vm.cpu.2u' } } }),
      'ModelArts.2890',
    ],
    [
      'more nodes than there are',
      (body) => ({ ...body, spec: { resource: { flavor_id: 'modelarts.vm.cpu.2u', node_count: 1000 } } }),
      'ModelArts.2793',
    ],
  ]
  for (const [title, change, code] of refused)
    it(`${title} is refused as documented`, async () => {
      const answer = await send('POST', '/training-jobs', change(SMALLEST('refused')))
      assert.equal((answer.json as { error_code: string }).error_code, code, answer.text)
    })
})

describe('the other calls about jobs', () => {
  it('answer as the documents say, with their bodies of nothing (§1.6, quirks 1 and 6)', async () => {
    const { job = '' } = await world.paramsFor('actOnTrainingJob')
    const described = await send('PUT', `/training-jobs/${job}`, { description: 'new' })
    assert.deepEqual([described.status, described.text], [200, 'null'])
    const unknown = await send('POST', `/training-jobs/${job}/actions`, { action_type: 'pause' })
    assert.equal((unknown.json as { error_code: string }).error_code, 'ModelArts.2812')
    const stopped = await send('POST', `/training-jobs/${job}/actions`, { action_type: 'terminate' })
    assert.deepEqual([stopped.status, (stopped.json as Job).status.phase], [202, 'Terminating'])
    await world.ropeway.waitFor(job, 'it is stopped', ({ status }) => status.phase === 'Terminated')
    const again = await send('POST', `/training-jobs/${job}/actions`, { action_type: 'terminate' })
    assert.deepEqual(
      [again.status, (again.json as { error_code: string }).error_code],
      [409, 'ModelArts.2796'],
    )
    const deleted = await send('DELETE', `/training-jobs/${job}`)
    assert.deepEqual([deleted.status, deleted.text], [202, ''])
    const none = await send('GET', '/training-jobs/not-there')
    assert.deepEqual([none.status, (none.json as { error_code: string }).error_code], [400, 'ModelArts.2775'])
  })

  it("the console's search, with every filter blank and a limit in the query too (§1.6)", async () => {
    const filters = [
      { key: 'name', operator: 'like', value: [''] },
      { key: 'create_time', operator: 'between', value: ['', ''] },
      { key: 'phase', operator: 'in', value: [''] },
      { key: 'algorithm_name', operator: 'like', value: [''] },
      { key: 'kind', operator: 'in', value: [] },
      { key: 'user_id', operator: 'in', value: [''] },
    ]
    const body = { offset: 0, limit: 10, order: 'desc', sort_by: 'create_time', workspace_id: '0', filters }
    const found = await send('POST', '/training-job-searches?limit=1', body)
    const { total, count, items } = found.json as { total: number; count: number; items: Job[] }
    assert.deepEqual([found.status, total === count, items.length > 0], [200, true, true])
  })
})
