import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildJob, inventory2x4 } from '../../test/job-builders.ts'
import { buildEnvironment, rankTableDir } from './environment.ts'
import { buildInstructions } from './instructions.ts'
import type { Job } from './job.ts'
import { planInputOf } from './plan-input.ts'
import { rankTableOf } from './rank-table.ts'
import { DEFAULT_SITE } from './site.ts'

const ID = '299293a7-2222-4333-8444-555555555555'
const COMMAND =
  "/bin/bash /home/work/run_train.sh 'obs://b/resnet50/' 'resnet50/train.py' '/tmp/log/train.log' --'data_url'='obs://b/d/'"
const environmentOf = (job: Job, task = 'worker-0', deviceCount = 1) =>
  buildEnvironment({ job, task, address: '127.64.0.1', deviceCount, secrets: {} })

describe('generation 1, as the seed document says', () => {
  const one = buildJob({
    id: ID,
    name: 'demo',
    command: COMMAND,
    environments: { RANK_TABLE_FILE: '/user/config' },
  })
  const two = buildJob({
    id: ID,
    name: 'demo',
    command: COMMAND,
    nodes: 2,
    environments: { RANK_TABLE_FILE: '/user/config' },
  })

  it('a single task gets BATCH_{jobName}.0_HOSTS, with the dot', () => {
    const environment = environmentOf(one)
    assert.match(environment['BATCH_demo.0_HOSTS'] ?? '', /:6666$/)
    assert.equal(environment['DLS_TASK_INDEX'], '0')
    assert.equal(environment['DLS_TASK_NUMBER'], '1')
  })

  it('each of several tasks sees BATCH_CUSTOM{i}_HOSTS of all of them', () => {
    const environment = environmentOf(two, 'worker-1')
    assert.deepEqual(
      Object.keys(environment).filter((name) => name.startsWith('BATCH_CUSTOM')),
      ['BATCH_CUSTOM0_HOSTS', 'BATCH_CUSTOM1_HOSTS'],
    )
    assert.equal(environment['DLS_TASK_INDEX'], '1')
    assert.equal(environment['BATCH_demo.0_HOSTS'], undefined)
  })

  it('both instance names equal the pod name of the rank table', () => {
    const environment = environmentOf(two, 'worker-1')
    assert.equal(environment['BATCH_TASK_CURRENT_INSTANCE'], 'job299293a7-job-trainjob-1')
    assert.equal(environment['MA_CURRENT_INSTANCE_NAME'], 'job299293a7-job-trainjob-1')
  })

  it('no rank table unless RANK_TABLE_FILE is set', () => {
    assert.equal(rankTableDir(one, 1), '/user/config')
    assert.equal(rankTableDir(buildJob({ command: COMMAND }), 4), null)
  })
})

describe('generation 2', () => {
  const job = buildJob({
    id: ID,
    nodes: 2,
    command: 'python train.py',
    algorithm: {
      code_dir: 'obs://b/code/',
      parameters: [{ name: 'lr', value: "0.1 'x" }],
      inputs: [
        { name: 'data_url', remote: { obs: { obs_url: '/b/data/' } } },
        { name: 'more', access_method: 'env', remote: { obs: { obs_url: 's3://b/more/' } } },
      ],
      outputs: [{ name: 'train_url', remote: { obs: { obs_url: 'obs://b/out/' } } }],
    },
  })

  it('presets RANK_TABLE_FILE for jobs with devices only', () => {
    assert.equal(environmentOf(job)['RANK_TABLE_FILE'], '/user/config')
    assert.equal(environmentOf(job, 'worker-0', 0)['RANK_TABLE_FILE'], undefined)
  })

  it('names hosts, index and count', () => {
    const environment = environmentOf(job, 'worker-1', 4)
    assert.equal(
      environment['VC_WORKER_HOSTS'],
      `modelarts-job-${ID}-worker-0.modelarts-job-${ID},modelarts-job-${ID}-worker-1.modelarts-job-${ID}`,
    )
    assert.equal(environment['VC_TASK_INDEX'], '1')
    assert.equal(environment['MA_NUM_GPUS'], '4')
    assert.equal(environment['DLS_DATA_URL'], 'obs://b/data/')
    assert.equal(environment['more'], '/home/ma-user/modelarts/inputs/more_1')
  })

  it('appends channels and parameters as arguments', () => {
    const { command } = buildInstructions({
      job,
      task: 'worker-0',
      address: 'h',
      deviceCount: 4,
      secrets: {},
    })
    assert.deepEqual(command, {
      mode: 'exec',
      argv: [
        'python',
        'train.py',
        '--data_url=/home/ma-user/modelarts/inputs/data_url_0',
        '--train_url=/home/ma-user/modelarts/outputs/train_url_0',
        "--lr=0.1 'x",
      ],
    })
  })
})

it("HCCL is told the task's address in the host's network alone, where there are devices, unless the user says another", () => {
  const wish = { 'ropeway/host-network': 'true' }
  const bound = (annotations: Record<string, string>, deviceCount: number, environments = {}) =>
    environmentOf(buildJob({ annotations, environments }), 'worker-0', deviceCount)['HCCL_IF_IP']
  assert.equal(bound(wish, 1), '127.64.0.1')
  assert.equal(bound(wish, 0), undefined)
  assert.equal(bound({}, 1), undefined)
  assert.equal(bound({ 'ropeway/host-network': 'false' }, 1), undefined)
  assert.equal(bound(wish, 1, { HCCL_IF_IP: '10.0.0.9' }), '10.0.0.9')
})

it('what the user sets wins, and a secret reaches the process though the job only shows a mask', () => {
  const job = buildJob({ environments: { PYTHONUNBUFFERED: '0', TOKEN: '******' } })
  const environment = buildEnvironment({
    job,
    task: 'worker-0',
    address: 'h',
    deviceCount: 0,
    secrets: { TOKEN: 'plain' },
  })
  assert.equal(environment['PYTHONUNBUFFERED'], '0')
  assert.equal(environment['TOKEN'], 'plain')
})

it('the rank table is initializing until every address was observed, then names observed addresses', () => {
  const placements = [0, 1].map((index) => ({
    task: `worker-${index}`,
    taskIndex: index,
    hostId: `sim-${index}`,
    physicalIds: [2, 3],
    cpuCores: 1,
    memoryBytes: 1,
  }))
  const tasks = [0, 1].map((index) => ({
    task: `worker-${index}`,
    state: 'running' as const,
    address: `10.0.0.${index}`,
    exitCode: null,
    startedAtMs: 1,
    endedAtMs: null,
    message: '',
    imageDigest: null,
  }))
  const job = (addressesComplete: boolean) =>
    buildJob({
      id: ID,
      nodes: 2,
      command: COMMAND,
      environments: { RANK_TABLE_FILE: '/user/config' },
      status: { attempt: 1, placements, tasks, addressesComplete },
    })
  const unseen = tasks.map((task, index) => (index === 0 ? task : { ...task, address: null }))
  const early = job(false)
  const waiting = rankTableOf({ ...early, status: { ...early.status, tasks: unseen } }, inventory2x4)
  assert.equal(waiting.version, 1)
  const begun = JSON.parse(waiting.text)
  assert.equal(begun.status, 'initializing')
  assert.deepEqual(
    begun.group_list[0].instance_list.map((entry: { server_id: string }) => entry.server_id),
    ['10.0.0.0', ''],
  )
  const table = JSON.parse(rankTableOf(job(true), inventory2x4).text)
  assert.equal(table.group_list[0].group_name, 'job-trainjob')
  assert.deepEqual(
    table.group_list[0].instance_list.map((entry: { server_id: string }) => entry.server_id),
    ['10.0.0.0', '10.0.0.1'],
  )
  assert.deepEqual(
    table.group_list[0].instance_list[0].devices.map((device: { device_id: string }) => device.device_id),
    ['2', '3'],
  )
})

it('every task finds the others by every name they have', () => {
  const job = buildJob({ id: ID, nodes: 2, command: COMMAND })
  const placements = [0, 1].map((index) => ({
    task: `worker-${index}`,
    taskIndex: index,
    hostId: `sim-${index}`,
    physicalIds: [],
    cpuCores: 1,
    memoryBytes: 1,
  }))
  const { hostNames, runUser, tasks } = planInputOf(job, {
    attempt: 1,
    placements,
    inventory: inventory2x4,
    site: DEFAULT_SITE,
  })
  assert.ok(hostNames.some(({ name }) => name === `ma-job-${ID}-worker-1.ma-job-${ID}`))
  assert.deepEqual(runUser, { uid: 1101, gid: 1101 })
  assert.equal(tasks[1]?.name, '299293a72222-1-worker-1')
})
