// Lists, events, stored logs and the doctor, as processes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ropeway } from './ropeway.ts'
import { JOB_ID, jobDocument, StubServer } from './stub-server.ts'

test('job list filters on the server, prints a table and says how to see more', async () => {
  await using server = await new StubServer(() => {
    const page = {
      total: 9,
      count: 5,
      limit: 1,
      offset: 0,
      sort_by: '',
      order: '',
      group_by: '',
      workspace_id: '0',
    }
    return { json: { ...page, ai_project: '', items: [jobDocument({ phase: 'Running' })] } }
  }).start()
  const args = ['job', 'list', '--phase', 'Running', '--phase', 'Failed', '--match', 'dig', '--limit', '1']
  const { code, stdout, stderr } = await ropeway(args, server.env)
  assert.equal(code, 0)
  assert.match(stdout, new RegExp(`^NAME +ID +PHASE +TIME +CREATED\ndigits +${JOB_ID} +Running`))
  assert.equal(stderr, '4 more: --page 2\n')
  assert.deepEqual(server.requests[0]?.body, {
    limit: 1,
    offset: 0,
    filters: [
      { key: 'phase', operator: 'in', value: ['Running', 'Failed'] },
      { key: 'name', operator: 'like', value: ['dig'] },
    ],
  })
})

test('job events reads all pages, oldest first', async () => {
  const all = Array.from({ length: 150 }, (_, index) => ({
    time: '2026-03-01T12:00:00+00:00',
    level: index === 149 ? 'Error' : 'Info',
    source: 'Job',
    message: `event ${index}`,
    reason: 'Said',
  }))
  await using server = await new StubServer(({ query }) => {
    const offset = Number(query.get('offset'))
    assert.equal(query.get('order'), 'asc')
    const page = { total: 150, limit: 100, offset, order: 'asc', start_time: null, end_time: null }
    return { json: { ...page, events: all.slice(offset * 100, (offset + 1) * 100) } }
  }).start()
  const text = await ropeway(['job', 'events', JOB_ID], server.env)
  assert.equal(text.stdout.split('\n').length, 151)
  assert.match(text.stdout, /:00 Error {3}event 149\n$/)
  const json = await ropeway(['job', 'events', JOB_ID, '--json'], server.env)
  assert.deepEqual(JSON.parse(json.stdout), all)
})

test('job logs prints what is stored, task by task, and can be cut down to one', async () => {
  await using server = await new StubServer(({ path, query }) => {
    const task = /tasks\/(worker-\d)\/logs\/task$/.exec(path)?.[1]
    if (!task) return { json: jobDocument({ tasks: ['worker-0', 'worker-1'] }) }
    const bytes = query.get('offset') === '0' ? Buffer.from(`from ${task}\n`) : Buffer.alloc(0)
    return { bytes }
  }).start()
  const both = await ropeway(['job', 'logs', JOB_ID], server.env)
  assert.equal(both.stdout, '[worker-0] from worker-0\n[worker-1] from worker-1\n')
  const one = await ropeway(['job', 'logs', JOB_ID, '--task', 'worker-1'], server.env)
  assert.equal(one.stdout, 'from worker-1\n')
  const download = await ropeway(['job', 'logs', JOB_ID, '--download', '/nonexistent/x'], server.env)
  assert.equal(download.code, 2)
  assert.match(download.stderr, /needs --task: the job has 2 tasks\n {2}Choose one of worker-0, worker-1\./)
})

test('the doctor says one line for each thing it looked at', async () => {
  await using server = await new StubServer(() => ({ json: {} })).start()
  const env = { ...server.env, DOCKER_HOST: 'unix:///nonexistent/docker.sock', ROPEWAY_DATA: '/proc/none' }
  const { stdout, code } = await ropeway(['doctor', '--json'], env)
  const { findings } = JSON.parse(stdout) as { findings: { check: string; state: string; message: string }[] }
  const state = Object.fromEntries(findings.map((finding) => [finding.check, finding.state]))
  assert.deepEqual(Object.keys(state), [
    'kernel',
    'node',
    'bwrap',
    'tini-static',
    'python3',
    'isolation',
    'cgroups',
    'devices',
    'data folder',
    'site file',
    'api',
    'objects',
    'docker',
  ])
  assert.deepEqual(
    [state['kernel'], state['node'], state['api'], state['docker']],
    ['ok', 'ok', 'ok', 'note'],
  )
  assert.equal(state['objects'], 'note')
  assert.equal(code, findings.some((finding) => finding.state === 'missing') ? 1 : 0)
  const text = await ropeway(['doctor'], env)
  assert.equal(text.stdout.trimEnd().split('\n').length, findings.length + 1)
})
