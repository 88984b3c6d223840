// The command line as a process against a server that checks signatures.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ropeway } from './ropeway.ts'
import { type Handler, JOB_ID, jobDocument, KEY, StubServer } from './stub-server.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ropeway-cli-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const serve = (handler: Handler) => new StubServer(handler).start()
const created: Handler = ({ path }) =>
  path === '/training-jobs' ? { status: 201, json: jobDocument() } : undefined

test('job create sends flags and file as one signed v2 body and prints the stored document', async () => {
  await using server = await serve(created)
  const file = join(folder, 'job.yaml')
  await writeFile(
    file,
    'metadata: {name: from-file}\nalgorithm: {engine: {image_url: host}, command: "true"}\n',
  )
  const args = [
    'job',
    'create',
    '-f',
    file,
    '--nodes',
    '2',
    '--devices',
    '4',
    '--env',
    'A=b=c',
    '--env',
    'D=',
    '--json',
  ]
  const { code, stdout, stderr } = await ropeway(args, server.env)
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  assert.deepEqual(JSON.parse(stdout), jobDocument())
  assert.deepEqual(server.requests[0]?.body, {
    kind: 'job',
    metadata: { name: 'from-file' },
    algorithm: { engine: { image_url: 'host' }, command: 'true', environments: { A: 'b=c', D: '' } },
    spec: { resource: { node_count: 2, main_container_customized_flavor: { accelerator_num: 4 } } },
  })
})

test('settings are found in the data folder’s credentials.json', async () => {
  await using server = await serve(() => ({ json: { total_count: 0, flavors: [] } }))
  const credentials = {
    endpoint: server.endpoint,
    object_endpoint: server.endpoint,
    project_id: KEY.projectId,
    access_key: KEY.accessKey,
    secret_key: KEY.secretKey,
  }
  await writeFile(join(folder, 'credentials.json'), JSON.stringify(credentials))
  assert.equal((await ropeway(['flavor', 'list', '--data', folder])).code, 0)
  assert.equal((await ropeway(['flavor', 'list'], { ROPEWAY_DATA: folder })).code, 0)
  const wrong = await ropeway(['flavor', 'list', '--data', folder, '--secret-key', 'nope'])
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /does not match the request \(APIG\.0301, request req-1\)\n {2}Sign it\.\n/)
})

test('a job is found by its name, and names from the server cannot act on the terminal', async () => {
  const evil = 'di\u001b[2Jgits'
  await using server = await serve(({ method, path }) => {
    if (path === '/training-job-searches') {
      const items = [jobDocument({ name: 'digits' })]
      const page = {
        total: 1,
        count: 1,
        limit: 50,
        offset: 0,
        sort_by: '',
        order: '',
        group_by: '',
        workspace_id: '0',
      }
      return { json: { ...page, ai_project: '', items } }
    }
    if (method === 'GET' && path === `/training-jobs/${JOB_ID}`) return { json: jobDocument({ name: evil }) }
    return undefined
  })
  const { code, stdout } = await ropeway(['job', 'show', 'digits'], server.env)
  assert.equal(code, 0)
  assert.match(stdout, /^Name: +di\\x1b\[2Jgits$/m)
  const none = await ropeway(['job', 'show', 'other'], server.env)
  assert.deepEqual(
    [none.code, none.stderr.split('\n')[0]],
    [1, 'ropeway: There is no job with the id or name "other"'],
  )
})

const byId = (action: string, ...more: string[]) => ['job', action, JOB_ID, ...more]
const simple: [
  title: string,
  args: string[],
  status: number,
  json: unknown,
  request: string,
  stdout: RegExp,
][] = [
  [
    'stop',
    byId('stop'),
    202,
    jobDocument({ phase: 'Terminating' }),
    `POST /training-jobs/${JOB_ID}/actions`,
    /is Terminating/,
  ],
  ['delete', byId('delete', '--json'), 202, '', `DELETE /training-jobs/${JOB_ID}`, /"deleted": true/],
  [
    'tasks',
    byId('tasks'),
    200,
    [{ task: 'worker-0', ip: '10.0.0.1', host_ip: '127.0.0.1', schedule_count: 1 }],
    `GET /training-jobs/${JOB_ID}/tasks`,
    /^TASK +IP +HOST IP +ATTEMPT\nworker-0 +10\.0\.0\.1 +127\.0\.0\.1 +1\n$/,
  ],
]
for (const [title, args, status, json, request, stdout] of simple)
  test(`job ${title} makes one request and prints its result`, async () => {
    await using server = await serve(() => ({ status, json }))
    const result = await ropeway(args, server.env)
    assert.deepEqual([result.code, result.stderr], [0, ''])
    assert.match(result.stdout, stdout)
    assert.deepEqual(
      server.requests.map(({ method, path }) => `${method} ${path}`),
      [request],
    )
  })

test('--dry-run shows the plan and creates nothing', async () => {
  const json = {
    backend: 'host',
    job: {},
    admission: { admitted: false, reason: '3 of 4 devices are busy' },
    plan: { tasks: [{ task: 'worker-0', request: { argv: ['bwrap'] } }] },
    environments: [{ task: 'worker-0', environment: { A: '1' } }],
    warnings: ['notification is not acted on'],
  }
  await using server = await serve(({ path }) => (path === '/dry-run' ? { json } : undefined))
  const { code, stdout } = await ropeway(
    ['run', '--image', 'host', '--command', 'true', '--dry-run'],
    server.env,
  )
  assert.equal(code, 0)
  for (const part of ['later: 3 of 4 devices are busy', 'Warning: notification', '"bwrap"', '  A=1'])
    assert.ok(stdout.includes(part), part)
})

const wrong: [title: string, args: string[], message: RegExp][] = [
  ['an unknown command', ['jbo'], /unknown command 'jbo'/],
  ['an unknown flag', ['job', 'list', '--lmit', '1'], /unknown option '--lmit'/],
  ['a missing argument', ['job', 'show'], /missing required argument/],
  ['no subcommand', ['job'], /Usage: ropeway job/],
  ['a number that is none', ['run', '--nodes', 'two'], /whole number of at least 1/],
  ['a pair that is none', ['run', '--env', 'A'], /NAME=VALUE/],
  ['an input that is no object folder', ['run', '--input', 'a=/tmp'], /NAME=obs:\/\//],
  ['devices and flavor together', ['run', '--devices', '1', '--flavor', 'f'], /cannot be used with/],
  ['nothing to run', ['run'], /There is nothing to run/],
  ['a file that is not there', ['job', 'create', '-f', '/nonexistent/j'], /cannot be read/],
  ['no credentials', ['flavor', 'list'], /There is no endpoint/],
]
for (const [title, args, message] of wrong)
  test(`${title} is wrong usage: exit code 2 and a sentence on standard error`, async () => {
    const { code, stdout, stderr } = await ropeway(args)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })

test('a server that is not there is said in a sentence, exit code 1', async () => {
  const server = await serve(() => undefined)
  await server.kill()
  const { code, stderr } = await ropeway(['flavor', 'list'], server.env)
  assert.equal(code, 1)
  assert.match(stderr, /^ropeway: No answer from http:.*ECONNREFUSED.*\n {2}Start the server/)
})

test('every command has help with an example', async () => {
  const jobs = ['create', 'list', 'show', 'tasks', 'events', 'logs', 'wait', 'stop', 'delete'].map((name) => [
    'job',
    name,
  ])
  const objects = ['mb', 'ls', 'cp', 'sync', 'rm', 'stat'].map((name) => ['obs', name])
  const others = [
    ['serve'],
    ['run'],
    ['doctor'],
    ['flavor', 'list'],
    ['rank-table', 'convert'],
    ['rank-table', 'check'],
    ['rank-table', 'show'],
    ['launcher', 'export'],
  ]
  for (const words of [[], ...jobs, ...objects, ...others]) {
    const { code, stdout } = await ropeway([...words, '--help'])
    assert.equal(code, 0, words.join(' '))
    assert.match(stdout, /\nExample:\n {2}ropeway /, words.join(' '))
    if (words.length > 0) assert.match(stdout, /--json/, words.join(' '))
  }
})

test('rank-table converts, shows and checks; tables go to standard output and findings to standard error', async () => {
  const device = (id: string, ip: string) => ({ device_id: id, device_ip: ip })
  const table = {
    status: 'completed',
    group_count: '1',
    group_list: [
      {
        group_name: 'job-trainjob',
        device_count: '2',
        instance_count: '1',
        instance_list: [
          {
            pod_name: 'p0',
            server_id: '10.0.0.1',
            devices: [device('0', '192.168.100.1'), device('1', '192.168.101.1')],
          },
        ],
      },
    ],
  }
  const good = await ropeway(['rank-table', 'convert', '-'], {}, JSON.stringify(table))
  assert.equal(good.code, 0, good.stderr)
  const converted = JSON.parse(good.stdout) as { version: string; server_list: { device: unknown[] }[] }
  assert.equal(converted.version, '1.0')
  assert.equal(converted.server_list[0]?.device.length, 2)
  const shown = await ropeway(['rank-table', 'show', '-', '--pod', 'p0'], {}, JSON.stringify(table))
  assert.equal(
    shown.stdout,
    'RANK  TASK  SERVER    LOGICAL  DEVICE  ADDRESS\n' +
      '   0  p0    10.0.0.1        0       0  192.168.100.1\n' +
      '   1  p0    10.0.0.1        1       1  192.168.101.1\n',
  )
  const nobody = await ropeway(['rank-table', 'show', '-', '--pod', 'p9'], {}, JSON.stringify(table))
  assert.equal(nobody.code, 2)
  assert.match(nobody.stderr, /--pod: got "p9"; valid: p0/)
  const flat = await ropeway(['rank-table', 'convert', '-', '--to', '1.2'], {}, JSON.stringify(table))
  assert.deepEqual([flat.code, flat.stdout], [2, ''])
  assert.match(flat.stderr, /super_device_id: got nothing/)
  const waiting = await ropeway(['rank-table', 'check', '-'], {}, '{"status":"initializing"}')
  assert.deepEqual([waiting.code, waiting.stdout], [2, ''])
  assert.match(waiting.stderr, /status: got "initializing"/)
  const broken = await ropeway(['rank-table', 'check', '-'], {}, '{')
  assert.equal(broken.code, 2)
  assert.match(broken.stderr, /standard input is refused: .*not complete JSON/)
})

test('job logs --download writes exactly the bytes of the log', async () => {
  const log = Buffer.from('eins\n\u0000\u00fczwei')
  await using server = await serve(({ path, query }) => {
    if (!path.endsWith('/logs/rank-3')) return { json: jobDocument() }
    const offset = Number(query.get('offset'))
    const bytes = log.subarray(offset, offset + 4)
    const next = String(offset + bytes.length)
    return {
      bytes,
      headers: {
        'Ropeway-Log-Offset': String(offset),
        'Ropeway-Log-Next': next,
        'Ropeway-Log-End': String(bytes.length === 0),
      },
    }
  })
  const file = join(folder, 'log')
  const { code, stdout } = await ropeway(
    byId('logs', '--stream', 'rank-3', '--download', file, '--json'),
    server.env,
  )
  assert.equal(code, 0)
  assert.deepEqual(await readFile(file), log)
  assert.equal((JSON.parse(stdout) as { size: number }).size, log.length)
})
