// Training jobs to the letter of ModelArts' documents: what is filled in, what is accepted as not set, what comes back.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { body, Ropeway } from './harness.ts'
import { rawCall, v2 } from './raw-call.ts'

const SITE = `engines:
  - { engine_id: ms-2.3, engine_name: Ascend-Powered-Engine, engine_version: mindspore_2.3, image_url: host }
`
const fake = (behaviour: object) => ({ 'ropeway/fake': JSON.stringify({ tasks: { '*': behaviour } }) })

let ropeway: Ropeway
const call = (...args: Parameters<typeof v2> extends [unknown, ...infer Rest] ? Rest : never) =>
  v2(ropeway.credentials, ...args)

describe('training jobs', () => {
  before(async () => {
    ropeway = await Ropeway.start({ backend: 'fake', simulate: '2x4', site: SITE })
    await ropeway.upload({ 'bkt/code/train.py': 'print(1)' })
  })
  after(() => ropeway[Symbol.asyncDispose]())

  it('the documents’ own ways to say nothing are accepted, and come back filled in', async () => {
    const { status, json } = await call('POST', '/training-jobs', {
      kind: 'job',
      metadata: { name: 'blank', workspace_id: '', description: null, annotations: fake({ runMs: 0 }) },
      algorithm: {
        engine: { image_url: 'host' },
        command: 'true',
        parameters: [],
        policies: { auto_search: null },
        environments: {},
        local_code_dir: '',
        working_dir: '',
        inputs: [],
      },
      spec: {
        resource: { flavor_id: 'modelarts.kat1.xlarge', node_count: null, pool_id: '' },
        log_export_path: { obs_url: '' },
        volumes: [],
      },
      endpoints: { ssh: { key_pair_names: [] } },
    })
    assert.equal(status, 201)
    assert.match(json.metadata.id, /^[0-9a-f]{8}-/)
    assert.deepEqual(
      [json.metadata.workspace_id, json.metadata.description, json.metadata.ai_project],
      ['0', '', 'default-ai-project'],
    )
    assert.deepEqual(
      [json.status.phase, json.status.secondary_phase, json.status.node_count_metrics, json.status.tasks],
      ['Creating', 'Creating', null, ['worker-0']],
    )
    assert.deepEqual([json.status.start_time, json.status.duration], [0, 0])
    const { resource } = json.spec
    assert.deepEqual([resource.node_count, resource.policy], [1, 'regular'])
    assert.equal(resource.flavor_detail.flavor_info.npu.unit_num, '1')
    assert.equal(resource.flavor_detail.flavor_info.disk.size, '0')
    assert.equal(resource.main_container_allocated_resources.accelerator_type, 'ascend-910a')
  })

  it('paths come back in the form they were given', async () => {
    const job = body('paths', 'true', {
      annotations: fake({ runMs: 0 }),
      algorithm: {
        command: '',
        code_dir: '/bkt/code/',
        boot_file: 's3://bkt/code/train.py',
        inputs: [{ name: 'data_url', remote: { obs: { obs_url: '/bkt/code/' } }, access_method: '' }],
        outputs: [{ name: 'train_url', remote: { obs: { obs_url: 'obs://bkt/out/' } } }],
        parameters: [{ name: 'lr', value: '0.1' }],
      },
    })
    const { json } = await call('POST', '/training-jobs', job)
    const { code_dir, boot_file, inputs, outputs, parameters } = json.algorithm
    assert.deepEqual([code_dir, boot_file], ['/bkt/code/', 's3://bkt/code/train.py'])
    assert.equal(inputs[0].remote.obs.obs_url, '/bkt/code/')
    assert.equal(inputs[0].local_dir, '/home/ma-user/modelarts/inputs/data_url_0')
    assert.equal(outputs[0].local_dir, '/home/ma-user/modelarts/outputs/train_url_0')
    assert.deepEqual(parameters, [
      {
        name: 'lr',
        value: '0.1',
        description: '',
        i18n_description: null,
        constraint: {
          ...{ type: 'String', editable: true, required: false, sensitive: false },
          ...{ valid_type: 'None', valid_range: [] },
        },
      },
    ])
  })

  it('a preset engine runs on the image that the administrator gave it, by id or by name and version', async () => {
    const byName = { engine_name: 'Ascend-Powered-Engine', engine_version: 'mindspore_2.3' }
    for (const [index, engine] of [{ engine_id: 'ms-2.3' }, byName].entries()) {
      const algorithm = { engine, command: '', code_dir: '/bkt/code/', boot_file: '/bkt/code/train.py' }
      const { status, json } = await call(
        'POST',
        '/training-jobs',
        body(`engine-${index}`, '', { algorithm, annotations: fake({ runMs: 0 }) }),
      )
      assert.equal(status, 201, JSON.stringify(json))
      const { engine_id, engine_version, image_url, usage } = json.algorithm.engine
      assert.deepEqual(
        [engine_id, engine_version, image_url, usage],
        ['ms-2.3', 'mindspore_2.3', 'host', 'training'],
      )
    }
    const other = await call(
      'POST',
      '/training-jobs',
      body('engine-x', 'true', { algorithm: { engine: { engine_id: 'tf-1' } } }),
    )
    assert.deepEqual([other.status, other.json.error_code], [400, 'ModelArts.2780'])
    assert.match(other.json.error_msg, /ms-2\.3/)
  })

  it('a repeated create with the same token makes one job, however many come at once', async () => {
    const job = body('token', 'true', { annotations: fake({ runMs: 0 }) })
    const send = (token: string, what: object) =>
      call('POST', '/training-jobs', what, { headers: { 'x-client-token': token } })
    const answers = await Promise.all(Array.from({ length: 8 }, () => send('once', job)))
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201])
    assert.equal(new Set(answers.map(({ json }) => json.metadata.id)).size, 1)
    const other = await send('once', body('token-2', 'true'))
    assert.deepEqual([other.status, other.json.error_code], [400, 'ModelArts.2788'])
    assert.match(other.json.error_msg, /X-Client-Token.*another body/)
    assert.equal((await send('twice', job)).json.error_code, 'ModelArts.2751')
    assert.equal((await send('a b', job)).status, 400)
  })

  it('the description can be changed and nothing else; the answer is null', async () => {
    const { json } = await call(
      'POST',
      '/training-jobs',
      body('words', 'true', { annotations: fake({ runMs: 0 }) }),
    )
    const path = `/training-jobs/${json.metadata.id}`
    assert.equal((await call('PUT', path, { description: 'new', spec: {} })).text, 'null')
    assert.equal((await call('GET', path)).json.metadata.description, 'new')
    const refused = await call('PUT', path, { spec: { schedule_policy: { priority: 3 } } })
    assert.deepEqual([refused.status, refused.json.error_code], [400, 'ModelArts.2858'])
  })

  it('pages are counted from 0, blank filters find all, the address may hold the limit', async () => {
    const filters = [
      { key: 'name', operator: 'like', value: [''] },
      { key: 'create_time', operator: 'between', value: ['', ''] },
      { key: 'kind', operator: 'in', value: [] },
    ]
    const first = await call('POST', '/training-job-searches?limit=1', { filters, order: 'asc' })
    const second = await call('POST', '/training-job-searches', {
      filters,
      order: 'asc',
      limit: 1,
      offset: 1,
    })
    assert.deepEqual([first.json.items.length, first.json.limit, first.json.offset], [1, 1, 0])
    assert.equal(first.json.count, first.json.total)
    assert.notEqual(first.json.items[0].metadata.id, second.json.items[0].metadata.id)
    assert.equal((await call('POST', '/training-job-searches')).json.group_by, '')
    assert.deepEqual((await call('POST', '/training-job-searches', { offset: 999 })).json.items, [])
  })

  it('a search by address shows which task is where', async () => {
    const { job } = await ropeway.run(body('where', 'true', { nodes: 2, annotations: fake({ runMs: 0 }) }))
    const { json: tasks } = await call('GET', `/training-jobs/${job.metadata.id}/tasks`)
    const found = await call('POST', '/training-job-searches', { host_ips: [tasks[0].host_ip] })
    const item = found.json.items.find((one: typeof job) => one.metadata.id === job.metadata.id)
    assert.deepEqual(item.status.task_ips, tasks)
    assert.deepEqual(
      (await call('POST', '/training-job-searches', { host_ips: ['192.0.2.1'] })).json.items,
      [],
    )
  })

  it('names are checked, stages are told, ranks are in the order of tasks', async () => {
    assert.deepEqual((await call('GET', '/training-job-names?job_name=where')).json, { is_duplicate: true })
    assert.deepEqual((await call('GET', '/training-job-names?job_name=new')).json, { is_duplicate: false })
    const [job] = (
      await ropeway.client.search({ filters: [{ key: 'name', operator: 'in', value: ['where'] }] })
    ).items
    const { json } = await call('GET', `/training-jobs/${job!.metadata.id}/stages`)
    assert.equal(json.total_count, 1)
    assert.deepEqual(
      json.running_records[0].stages.map((stage: { name: string; stage_order: number }) => [
        stage.name,
        stage.stage_order,
      ]),
      [
        ['scheduling', 1],
        ['preparing', 2],
        ['running', 3],
        ['end', 4],
      ],
    )
    const plan = (await call('GET', `/training-jobs/${job!.metadata.id}/route_plan`)).json
    assert.equal(plan.rank_mapping, '0-0,1-1')
    assert.deepEqual((await call('GET', '/jobs?type=reboot-node')).json, { count: 0, items: [] })
  })

  it('blank query parameters are as ones that are not there', async () => {
    const { job } = await ropeway.run(body('unset', 'true', { annotations: fake({ runMs: 0 }) }))
    for (const [path, post] of [
      [
        '/algorithms',
        { metadata: { name: 'unset' }, job_config: { engine: { image_url: 'host' }, command: 'true' } },
      ],
      ['/training-experiments', { metadata: { name: 'unset' } }],
    ] as const)
      assert.equal((await call('POST', path, post)).status < 300, true, path)
    const blanks = {
      [`/training-jobs/${job.metadata.id}/events`]: [
        'start_time',
        'end_time',
        'level',
        'order',
        'limit',
        'offset',
      ],
      [`/training-jobs/${job.metadata.id}/tasks`]: ['schedule_count'],
      '/algorithms': ['workspace_id', 'limit', 'order', 'sort_by', 'searches', 'group_by'],
      '/training-experiments': ['workspace_id', 'limit', 'order', 'sort_by'],
      '/training-job-flavors': ['flavor_type'],
      '/training-job-names': ['workspace_id'],
      '/workspaces': ['limit', 'offset', 'name'],
      '/pools/default/workloads': ['status', 'limit', 'ascend', 'hostip', 'type'],
    }
    for (const [path, names] of Object.entries(blanks)) {
      const needed = path === '/training-job-names' ? 'job_name=unset' : ''
      const query = [needed, ...names.map((name) => `${name}=`)].join('&')
      const v = path.startsWith('/workspaces') ? 'v1' : 'v2'
      const get = (target: string) => rawCall(ropeway.credentials, 'GET', target, '')
      const base = `/${v}/${ropeway.credentials.project_id}${path}`
      const [blank, without] = [await get(`${base}?${query}`), await get(`${base}?${needed}`)]
      assert.deepEqual([blank.status, blank.json], [200, without.json], `${path}?${query}: ${blank.text}`)
      // Nothing is live in the pool just now.
      if (!path.startsWith('/pools')) assert.doesNotMatch(blank.text, /"(events|items)":\[\]/, path)
    }
  })

  it('of many events the client reads every one, once, in order, whatever the size of its pages', async () => {
    const { job } = await ropeway.run(body('talks', 'true', { annotations: fake({ runMs: 0 }) }))
    const { id } = job.metadata
    const types = Array.from({ length: 250 }, (_, n) => `Step-${n}`)
    for (const type of types)
      await call('POST', `/training-jobs/${id}/tasks/worker-0/reports/training-event`, { type })
    for (const query of [{}, { limit: 7 }, { limit: 50 }]) {
      const events = await Array.fromAsync(ropeway.client.allEvents(id, query))
      const said = events.flatMap(({ message }) => /Step-\d+/.exec(message)?.[0] ?? [])
      assert.deepEqual(said, types, JSON.stringify(query))
    }
  })

  it('a batch is deleted whole or not at all', async () => {
    const ids = []
    for (const name of ['batch-1', 'batch-2'])
      ids.push((await ropeway.run(body(name, 'true', { annotations: fake({ runMs: 0 }) }))).job.metadata.id)
    const batch = (list: readonly string[]) =>
      call('POST', '/training-jobs/batch-delete', {
        jobs: list.map((id) => ({ kind: 'job', metadata: { id } })),
      })
    const refused = await batch([ids[0]!, 'nobody'])
    assert.deepEqual([refused.status, refused.json.error_code], [400, 'ModelArts.2775'])
    assert.match(refused.json.error_msg, /jobs\[1\]/)
    assert.equal((await call('GET', `/training-jobs/${ids[0]}`)).json.status.phase, 'Completed')
    const accepted = await batch(ids as string[])
    assert.deepEqual([accepted.status, accepted.text], [202, ''])
  })
})

it('a create that was sent again after a kill -9 made one job', async () => {
  await using server = await Ropeway.start({ backend: 'fake', simulate: '1x1' })
  const job = body('once', 'true', { annotations: fake({ runMs: 60_000 }) })
  const send = () =>
    v2(server.credentials, 'POST', '/training-jobs', job, { headers: { 'x-client-token': 't' } })
  const first = await send()
  await server.kill()
  await server.start()
  const again = await send()
  assert.deepEqual([again.status, again.json.metadata.id], [201, first.json.metadata.id])
  assert.equal((await server.client.search({})).total, 1)
})
