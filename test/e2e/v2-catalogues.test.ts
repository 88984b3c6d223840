// Logs by link and by line, events, metrics, engines and pools, as ModelArts' clients read them.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { body, Ropeway } from './harness.ts'
import { type RawOptions, rawCall, v2 } from './raw-call.ts'

const SITE = `engines:
  - { engine_id: ms, engine_name: Ascend-Powered-Engine, image_url: host, run_user: 1000 }
  - { engine_id: pt, engine_name: PyTorch, engine_version: "2.4", image_url: "reg.example/pt:2.4" }
`
const fake = (behaviour: object) => ({ 'ropeway/fake': JSON.stringify({ tasks: { '*': behaviour } }) })
const LINES = Array.from({ length: 10 }, (_, index) => `line ${index}`)

let ropeway: Ropeway
let done = ''
const get = (path: string, options: RawOptions = {}) =>
  v2(ropeway.credentials, 'GET', path, undefined, options)
const taskPath = (job: string, rest: string) => `/training-jobs/${job}/tasks/worker-0/${rest}`

before(async () => {
  ropeway = await Ropeway.start({ backend: 'fake', simulate: '2x4', site: SITE })
  const { job } = await ropeway.run(body('done', 'true', { annotations: fake({ runMs: 0, logs: LINES }) }))
  done = job.metadata.id
})
after(() => ropeway[Symbol.asyncDispose]())

describe('a log', () => {
  it('has a link that needs no signature, to look at or to save', async () => {
    for (const [type, disposition] of [
      ['text/plain', /^inline; filename=".*worker-0.*"/],
      ['application/octet-stream', /^attachment/],
    ] as const) {
      const { json } = await get(taskPath(done, 'logs/url'), { headers: { 'content-type': type } })
      const answer = await fetch(json.obs_url)
      assert.equal(answer.status, 200)
      assert.match(answer.headers.get('content-type') ?? '', new RegExp(`^${type}`))
      assert.match(answer.headers.get('content-disposition') ?? '', disposition)
      assert.equal((await answer.text()).trim(), LINES.join('\n'))
      const forged = await fetch(`${json.obs_url}x`)
      assert.equal(forged.status, 403)
    }
    const { json } = await get(taskPath(done, 'logs/url?Content-Type=text/plain'))
    assert.equal((await fetch(json.obs_url)).headers.get('content-type'), 'text/plain; charset=utf-8')
  })

  it('is read by lines, newest first or in order, and goes on where an answer ended', async () => {
    const path = `/training-jobs/${done}/logs/worker-0`
    const newest = (await get(`${path}?lines=3`)).json
    assert.deepEqual([newest.lines, newest.content], [3, 'line 9\nline 8\nline 7\n'])
    const older = (await get(`${path}?lines=2&base_line=${newest.end_line}`)).json
    assert.equal(older.content, 'line 6\nline 5\n')
    const first = (await get(`${path}?lines=2&order=asc`)).json
    assert.equal(first.content, 'line 0\nline 1\n')
    const next = (await get(`${path}?lines=1&order=asc&base_line=${first.end_line}`)).json
    assert.deepEqual([next.content, typeof next.start_line], ['line 2\n', 'string'])
    const end = (await get(`${path}?order=asc&base_line=${newest.start_line}`)).json
    assert.deepEqual([end.lines, end.content, end.start_line], [0, '', newest.start_line])
    assert.equal((await get(`${path}?lines=501`)).json.error_code, 'ModelArts.2764')
  })

  it('that is not there yet is 204, and of a task that never started a refusal', async () => {
    const everything = { flavor: 'ropeway.ascend-910a.4', nodes: 2, annotations: fake({ runMs: null }) }
    const holder = await ropeway.client.create(body('holder', 'sleep', everything))
    await ropeway.waitFor(holder.metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
    const waiting = await ropeway.client.create(body('waits', 'sleep', everything))
    const { id } = waiting.metadata
    for (const path of [
      taskPath(id, 'logs/url'),
      `/training-jobs/${id}/logs/worker-0`,
      `/training-jobs/${id}/metrics/worker-0`,
    ])
      assert.deepEqual([(await get(path)).status, (await get(path)).text], [204, ''])
    await ropeway.client.terminate(id)
    await ropeway.waitFor(id, 'it is over', ({ status }) => status.phase === 'Terminated')
    const answer = await get(taskPath(id, 'logs/url'))
    assert.deepEqual([answer.status, answer.json.error_code], [400, 'ModelArts.2818'])
    await ropeway.client.delete(holder.metadata.id)
  })
})

describe('events', () => {
  it('come in pages, between two times, by level, source and part of the message', async () => {
    const path = `/training-jobs/${done}/events`
    const all = (await get(`${path}?order=asc&limit=100`)).json
    assert.equal(all.total, all.events.length)
    const second = (await get(`${path}?order=asc&limit=1&offset=1`)).json
    assert.deepEqual(second.events, [all.events[1]])
    assert.deepEqual([second.total, second.limit, second.offset], [all.total, 1, 1])
    assert.equal((await get(`${path}?pattern=was%20created`)).json.total, 1)
    assert.equal((await get(`${path}?start_time=1&end_time=2`)).json.total, 0)
    assert.match((await get(`${path}?start_time=1`)).json.error_msg, /together with end_time/)
  })

  it('can be reported from inside', async () => {
    const sent = await v2(ropeway.credentials, 'POST', taskPath(done, 'reports/training-event'), {
      type: 'Saved',
    })
    assert.equal(sent.status, 200)
    const { json } = await get(`/training-jobs/${done}/events?pattern=reported`)
    assert.deepEqual(
      [json.events[0].message, json.events[0].source],
      ['[worker-0] The program reported Saved.', 'Task'],
    )
    const other = await v2(ropeway.credentials, 'POST', taskPath(done, 'reports/other'), { type: 'Saved' })
    assert.match(other.json.error_msg, /report_type.*training-event/)
  })

  it('have categories, in the language that was asked for', async () => {
    const english = (await get('/training-event-categories')).json['event-categories']
    const chinese = (await get('/training-event-categories', { headers: { 'x-language': 'zh-cn' } })).json
    assert.deepEqual([english.length, english[0].id, english[0].name], [7, 'JobStarted', 'Job started'])
    assert.equal(chinese['event-categories'][0].name, '作业开始')
  })
})

describe('catalogues', () => {
  it('engines are those of the site', async () => {
    const { json } = await get('/training-job-engines')
    assert.equal(json.total, 2)
    assert.deepEqual(json.items[0], {
      ...{
        engine_id: 'ms',
        engine_name: 'Ascend-Powered-Engine',
        engine_version: 'ms',
        v1_compatible: false,
      },
      ...{ run_user: '1000', tags: [] },
      image_info: { cpu_image_url: '', gpu_image_url: 'host', image_version: 'ms' },
    })
    assert.equal(json.items[1].image_info.cpu_image_url, 'reg.example/pt:2.4')
  })

  it('the pool shows its hosts, what is free of them, and who runs or waits', async () => {
    const cards = await ropeway.client.create(
      body('cards', 'sleep', { flavor: 'ropeway.ascend-910a.4', annotations: fake({ runMs: null }) }),
    )
    await ropeway.waitFor(cards.metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
    const wide = await ropeway.client.create(
      body('wide', 'sleep', {
        flavor: 'ropeway.ascend-910a.4',
        nodes: 2,
        annotations: fake({ runMs: null }),
      }),
    )
    const { json: pools } = await get('/pools')
    assert.deepEqual([pools.items.length, pools.items[0].metadata.name], [1, 'default'])
    assert.deepEqual(pools.items[0].spec.resources, [
      { flavor: 'ropeway.ascend-910a.4', count: 2, maxCount: 2 },
    ])
    const { json: nodes } = await get('/pools/default/nodes')
    const free = nodes.items.map(
      (node: { status: { availableResources: object } }) =>
        Object.entries(node.status.availableResources).find(([name]) => name.startsWith('huawei.com'))?.[1],
    )
    assert.deepEqual(free.toSorted(), ['0', '4'])
    const { json: jobs } = await get('/pools/default/workloads?type=train')
    const states = jobs.items.map((job: { jobName: string; status: string; pendingPosition: number }) => [
      job.jobName,
      job.status,
      job.pendingPosition,
    ])
    assert.deepEqual(states, [
      ['wide', 'Queue', 1],
      ['cards', 'Running', 0],
    ])
    assert.equal(jobs.items[1].nodes[0].npuTopologyPlacement, '00001111')
    assert.equal((await get('/pools/default/workloads?status=Queue')).json.total, 1)
    const { json: monitor } = await get('/pools/default/monitor')
    assert.equal(monitor.metrics[2].dataPoints[0].statistics[0].value, 50)
    const { json: most } = await get('/training-pool-flavors?pool_id=default&flavor_id=ropeway.ascend-910a.4')
    assert.ok(most.cpu_core_num >= 1 && most.mem_size >= 1, JSON.stringify(most))
    const other = await get('/pools/mine')
    assert.deepEqual([other.status, other.json.error_code], [404, 'ModelArts.2890'])
    for (const { metadata } of [wide, cards]) await ropeway.client.delete(metadata.id)

    for (const name of ['over-1', 'over-2', 'over-3'])
      await ropeway.run(body(name, 'true', { annotations: fake({ runMs: 0 }) }))
    const completed = '/pools/default/workloads?status=Completed&ascend=true'
    const { json: all } = await get(completed)
    const { json: page } = await get(`${completed}&offset=1&limit=2`)
    assert.ok(all.items.length >= 3 && all.total === all.items.length, `${all.total}`)
    assert.deepEqual([page.total, page.items], [all.total, all.items.slice(1, 3)])
    const ip = nodes.items[0].status.privateIp
    const on = (await get(`${completed}&hostip=${ip}`)).json
    assert.ok(on.total >= 3 && on.items.every(({ hostIps }: { hostIps: string }) => hostIps === ip), on)
    assert.equal((await get(`${completed}&hostip=192.0.2.1`)).json.total, 0)
    assert.equal((await get(`${completed}&type=infer`)).json.total, 0)
  })

  it('the default workspace is there, and everybody is authorised', async () => {
    const path = `/v1/${ropeway.credentials.project_id}/workspaces`
    const { json } = await rawCall(ropeway.credentials, 'GET', path, '')
    assert.deepEqual([json.total_count, json.workspaces[0].id], [1, '0'])
    assert.equal((await get('/authorizations')).json.auth[0].user_id, 'all-users')
  })

  it('what is not there says so by name', async () => {
    const { status, json } = await v2(ropeway.credentials, 'POST', '/pools', {})
    assert.deepEqual([status, json.error_code], [400, 'ModelArts.2858'])
    assert.match(json.error_msg, /POST \/v2\/\{project_id\}\/pools: there is one pool/)
  })
})
