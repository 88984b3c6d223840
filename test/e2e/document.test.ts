// The seed document's literal command, with its bucket and folder names, on one and on two tasks. The train script
// records what it was given; here that is compared with the document field by field.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { body, type Finished, Ropeway } from './harness.ts'

const COMMAND =
  "/bin/bash /home/work/run_train.sh 'obs://training-bucket/ascend-tf-1.15/resnet50/' 'resnet50/train.py' '/tmp/log/train.log' --'data_url'='obs://training-bucket/cifar-10/' --'train_url'='obs://training-bucket/model/'"

const TRAIN = `
import json, os, sys
import moxing as mox
folder = '/user/config/jobstart_hccl.json'
record = {
  'argv': sys.argv, 'cwd': os.getcwd(), 'uid': os.getuid(), 'gid': os.getgid(), 'environment': dict(os.environ),
  'v01': json.load(open(folder)), 'v10': json.load(open(os.environ['RANK_TABLE_FILE'])),
  'v10_text': open(os.environ['RANK_TABLE_FILE']).read(), 'symlink': os.path.islink(os.environ['RANK_TABLE_FILE']),
}
args = dict(a[2:].split('=', 1) for a in sys.argv[1:])
mox.file.copy_parallel(args['data_url'], '/cache/data%s' % os.environ['RANK_ID'])
record['data'] = sorted(os.listdir('/cache/data%s' % os.environ['RANK_ID']))
mox.file.write(args['train_url'] + 'rank-%s.json' % os.environ['RANK_ID'], json.dumps(record))
print('rank', os.environ['RANK_ID'], 'is done')
`

type Device = { device_id: string; device_ip: string; rank_id?: string }
type Instance = { pod_name: string; server_id: string; devices: Device[] }
type Record_ = {
  argv: string[]
  cwd: string
  uid: number
  gid: number
  environment: Record<string, string>
  v01: {
    group_count: string
    group_list: {
      device_count: string
      group_name: string
      instance_count: string
      instance_list: Instance[]
    }[]
    status: string
  }
  v10: {
    server_count: string
    server_list: { server_id: string; device: Device[] }[]
    status: string
    version: string
  }
  v10_text: string
  symlink: boolean
  data: string[]
}

let ropeway: Ropeway
before(async () => {
  ropeway = await Ropeway.start({ simulate: '2x4' })
  await ropeway.upload({
    'training-bucket/ascend-tf-1.15/resnet50/train.py': TRAIN,
    'training-bucket/cifar-10/batch-1.bin': 'one',
    'training-bucket/cifar-10/batch-2.bin': 'two',
  })
})
after(() => ropeway[Symbol.asyncDispose]())

async function runDocument(
  name: string,
  nodes: number,
  devices: number,
): Promise<{ finished: Finished; records: Record_[] }> {
  const finished = await ropeway.run(
    body(name, COMMAND, {
      nodes,
      flavor: `ropeway.ascend-910a.${devices}`,
      environments: { RANK_TABLE_FILE: '/user/config' },
    }),
  )
  assert.equal(
    finished.job.status.phase,
    'Completed',
    JSON.stringify([finished.job.status, finished.events, finished.logs], null, 1),
  )
  const records: Record_[] = []
  for (let rank = 0; rank < nodes * devices; rank++) {
    const chunks: Buffer[] = []
    for await (const chunk of (await ropeway.objects.getStream('training-bucket', `model/rank-${rank}.json`))
      .body)
      chunks.push(Buffer.from(chunk))
    records.push(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  }
  return { finished, records }
}

describe('on one task with one device', () => {
  let records: Record_[]
  let finished: Finished
  before(async () => {
    ;({ records, finished } = await runDocument('doc-one', 1, 1))
  })

  it('the boot file gets its arguments with the quotes gone', () => {
    assert.deepEqual(records[0]?.argv, [
      '/home/work/user-job-dir/resnet50/train.py',
      '--data_url=obs://training-bucket/cifar-10/',
      '--train_url=obs://training-bucket/model/',
    ])
  })

  it("the v0.1 table has the document's fields, and every value is a string", () => {
    const { v01 } = records[0]!
    assert.deepEqual(Object.keys(v01), ['group_count', 'group_list', 'status'])
    const group = v01.group_list[0]!
    assert.deepEqual(Object.keys(group), ['device_count', 'group_name', 'instance_count', 'instance_list'])
    assert.equal(v01.status, 'completed')
    assert.deepEqual(
      [v01.group_count, group.device_count, group.group_name, group.instance_count],
      ['1', '1', 'job-trainjob', '1'],
    )
    assert.match(group.instance_list[0]!.pod_name, /^job[0-9a-f]{8}-job-trainjob-0$/)
    assert.match(group.instance_list[0]!.devices[0]!.device_id, /^\d+$/)
    assert.match(group.instance_list[0]!.devices[0]!.device_ip, /^192\.168\.10\d\.\d+$/)
  })

  it("the v1.0 table has the document's fields, and is a regular file", () => {
    const { v10, v01, symlink } = records[0]!
    assert.deepEqual(Object.keys(v10).sort(), ['server_count', 'server_list', 'status', 'version'])
    const instance = v01.group_list[0]!.instance_list[0]!
    assert.deepEqual(v10, {
      status: 'completed',
      version: '1.0',
      server_count: '1',
      server_list: [{ server_id: instance.server_id, device: [{ ...instance.devices[0], rank_id: '0' }] }],
    })
    assert.equal(symlink, false)
  })

  it('the process has its rank, and the documented variables', () => {
    const { environment, uid, gid } = records[0]!
    assert.deepEqual([uid, gid], [1101, 1101])
    assert.deepEqual(
      [
        environment['RANK_ID'],
        environment['RANK_SIZE'],
        environment['DEVICE_ID'],
        environment['ASCEND_DEVICE_ID'],
      ],
      ['0', '1', '0', '0'],
    )
    assert.equal(environment['DLS_TASK_NUMBER'], '1')
    assert.match(environment['BATCH_doc-one.0_HOSTS'] ?? '', /:6666$/)
    assert.equal(environment['RANK_TABLE_FILE'], '/home/ma-user/rank_table/jobstart_hccl.json')
    assert.equal(environment['HCCL_CONNECT_TIMEOUT'], '1800')
  })

  it('the data came down and the log says what people grep for', () => {
    assert.deepEqual(records[0]?.data, ['batch-1.bin', 'batch-2.bin'])
    const log = finished.logs['worker-0'] ?? ''
    for (const sentence of [
      'Wait for Rank table file ready',
      'Rank table file (K8S generated) is ready for read',
      'Rank table file (V1) is generated',
      'rank 0 is done',
      'Training end with return code: 0',
    ]) {
      assert.ok(log.includes(sentence), `"${sentence}" is missing in ${log}`)
    }
  })
})

describe('on two tasks with four devices each', () => {
  let records: Record_[]
  let finished: Finished
  before(async () => {
    ;({ records, finished } = await runDocument('doc-two', 2, 4))
  })

  it('eight processes run, each with its own rank, and logical ids begin at 0 in each task', () => {
    assert.deepEqual(
      records.map(({ environment }) => environment['RANK_ID']),
      ['0', '1', '2', '3', '4', '5', '6', '7'],
    )
    assert.deepEqual(
      records.map(({ environment }) => environment['DEVICE_ID']),
      ['0', '1', '2', '3', '0', '1', '2', '3'],
    )
    assert.deepEqual(new Set(records.map(({ environment }) => environment['RANK_SIZE'])), new Set(['8']))
  })

  it('each rank has a log of its own, named as ModelArts names it', async () => {
    const { id } = finished.job.metadata
    const { streams } = await ropeway.client.logStreams(id, 'worker-1')
    assert.deepEqual(
      streams.map(({ file_name }) => file_name).sort(),
      [
        ...[4, 5, 6, 7].map((rank) => `modelarts-job-${id}-proc-rank-${rank}-device-${rank - 4}.txt`),
        `modelarts-job-${id}-worker-1.log`,
      ].sort(),
    )
  })

  it('every process reads the same table, byte for byte', () => {
    assert.equal(new Set(records.map(({ v10_text }) => v10_text)).size, 1)
    assert.equal(records[0]?.v10.server_count, '2')
  })

  it('each sees the addresses of all tasks and its own index', () => {
    assert.deepEqual(
      records.map(({ environment }) => environment['DLS_TASK_INDEX']),
      ['0', '0', '0', '0', '1', '1', '1', '1'],
    )
    for (const { environment } of records)
      assert.ok(environment['BATCH_CUSTOM0_HOSTS'] && environment['BATCH_CUSTOM1_HOSTS'])
    assert.match(records[7]?.environment['BATCH_TASK_CURRENT_INSTANCE'] ?? '', /-job-trainjob-1$/)
  })

  it('ranks follow the table: server by server, devices ascending', () => {
    const rows = records[0]!.v10.server_list.flatMap(({ device }) => device)
    assert.deepEqual(
      rows.map(({ rank_id }) => rank_id),
      ['0', '1', '2', '3', '4', '5', '6', '7'],
    )
    assert.deepEqual(
      rows.map(({ device_id }) => device_id),
      ['0', '1', '2', '3', '0', '1', '2', '3'],
    )
  })
})

it('without RANK_TABLE_FILE the log stays at the sentence of the document, says what to set, and the wait ends', async () => {
  const { job, logs } = await ropeway.run(
    body('doc-none', COMMAND, {
      flavor: 'ropeway.ascend-910a.1',
      environments: { ROPEWAY_RANK_TABLE_TIMEOUT: '1' },
    }),
  )
  assert.equal(job.status.phase, 'Failed')
  assert.match(logs['worker-0'] ?? '', /Wait for Rank table file ready/)
  assert.match(logs['worker-0'] ?? '', /RANK_TABLE_FILE=?.*\/user\/config/)
  assert.equal(job.status.exit_code, 121)
})
