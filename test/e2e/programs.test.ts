// What users' programs do on the host backend: channels and boot files of generation 2, exits of every kind, stubborn ends.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { body, Ropeway, until } from './harness.ts'

const BOOT = `
import json, os, sys
args = dict(a[2:].split('=', 1) for a in sys.argv[1:])
rank = os.environ.get('RANK_ID', 'none')
with open(os.path.join(args['data_url'], 'sub', 'x.txt')) as file:
  data = file.read()
with open(os.path.join(args['train_url'], 'rank-%s.json' % rank), 'w') as file:
  json.dump({'data': data, 'lr': args['lr'], 'rank': rank, 'cwd': os.getcwd(), 'uid': os.getuid()}, file)
`

let ropeway: Ropeway
before(async () => {
  ropeway = await Ropeway.start({ simulate: '1x4' })
  await ropeway.upload({
    'bucket/code/train.py': BOOT,
    'bucket/data/sub/x.txt': 'seven',
    'bucket/data/ü n%2B+.txt': '',
  })
})
after(() => ropeway[Symbol.asyncDispose]())

async function readJson(key: string): Promise<Record<string, unknown>> {
  const { body: stream } = await ropeway.objects.getStream('bucket', key)
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

const booted = (name: string, out: string, flavor: string) =>
  body(name, '', {
    flavor,
    algorithm: {
      code_dir: 'obs://bucket/code/',
      boot_file: 'obs://bucket/code/train.py',
      parameters: [{ name: 'lr', value: '0.1; $(reboot)'.replace('$', '') }],
      inputs: [{ name: 'data_url', remote: { obs: { obs_url: '/bucket/data/' } } }],
      outputs: [{ name: 'train_url', remote: { obs: { obs_url: `s3://bucket/${out}/` } } }],
    },
  })

describe('a boot file of generation 2', () => {
  it('runs once on a CPU, with local folders for its channels, and its output is uploaded', async () => {
    const { job, logs, events } = await ropeway.run(booted('cpu', 'out-cpu', 'ropeway.cpu.1'))
    assert.equal(job.status.phase, 'Completed', JSON.stringify([events, logs]))
    const result = await readJson('out-cpu/rank-none.json')
    assert.deepEqual([result['data'], result['lr'], result['uid']], ['seven', '0.1; (reboot)', 1000])
  })

  it('runs once per device, each with its rank', async () => {
    const { job, logs, events } = await ropeway.run(booted('npu', 'out-npu', 'ropeway.ascend-910a.2'))
    assert.equal(job.status.phase, 'Completed', JSON.stringify([events, logs]))
    assert.deepEqual(
      await Promise.all([0, 1].map(async (rank) => (await readJson(`out-npu/rank-${rank}.json`))['rank'])),
      ['0', '1'],
    )
  })
})

describe('an exit is told apart', () => {
  const cases: [command: string, code: number, words: RegExp][] = [
    ['exit 7', 7, /exit code 7/],
    ['no-such-program', 127, /not found/],
    ['exit 255', 255, /255/],
    ['sh -c "kill -SEGV $$"', 139, /139/],
    ['sh -c "kill -KILL $$"', 137, /137/],
    ['kill -TERM $$', 143, /143/],
  ]
  for (const [index, [command, code, words]] of cases.entries()) {
    it(`${command}: Failed with ${code}`, async () => {
      const { job, events } = await ropeway.run(body(`exit-${index}`, command))
      assert.deepEqual([job.status.phase, job.status.exit_code], ['Failed', code], events.join('\n'))
      assert.match(String(job.status.message), words)
    })
  }
})

it('a program that ignores SIGTERM and hides in a session of its own is gone after a stop', async () => {
  const mark = `4${Date.now()}`
  const command = `trap '' TERM; setsid sleep ${mark} & echo up; while :; do sleep 1; done`
  const { metadata } = await ropeway.client.create(body('stubborn', command, { environments: {} }))
  await until(
    'it is up',
    async () => (await ropeway.client.previewLog(metadata.id, 'worker-0'))?.content.includes('up') ?? false,
  )
  await ropeway.client.terminate(metadata.id)
  const { job } = await ropeway.follow(metadata.id)
  assert.equal(job.status.phase, 'Terminated')
  const left = readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark)
    } catch {
      return false
    }
  })
  assert.deepEqual(left, [])
})

it('a log of many bytes, text or not, arrives whole', async () => {
  const { job, logs } = await ropeway.run(
    body('loud', 'head -c 20000000 /dev/zero | tr "\\0" "x"; printf "\\377\\376 end"'),
  )
  assert.equal(job.status.phase, 'Completed')
  const [stream] = (await ropeway.client.logStreams(job.metadata.id, 'worker-0')).streams
  assert.ok((stream?.length ?? 0) >= 20_000_006)
  assert.match(logs['worker-0']?.slice(-2000) ?? '', /x.* end/)
})

it('two jobs for the same devices run one after the other', async () => {
  const flavor = 'ropeway.ascend-910a.4'
  const jobs = await Promise.all(
    ['a', 'b', 'c'].map((name) => ropeway.client.create(body(`race-${name}`, 'sleep 0.2', { flavor }))),
  )
  const ended = await Promise.all(jobs.map(({ metadata }) => ropeway.follow(metadata.id)))
  assert.deepEqual(
    ended.map(({ job }) => job.status.phase),
    ['Completed', 'Completed', 'Completed'],
  )
  const spans = ended
    .map(({ job }) => [job.status.start_time, job.status.start_time + job.status.duration] as const)
    .toSorted((x, y) => x[0] - y[0])
  for (const [index, span] of spans.entries())
    assert.ok(index === 0 || span[0] >= (spans[index - 1]?.[1] ?? 0))
})

it('what a task nests too deep for any path to say is deleted all the same', async () => {
  const script =
    'import os; os.chdir("/cache"); [(os.mkdir("d" * 200), os.chdir("d" * 200)) for _ in range(60)]'
  const { job } = await ropeway.run(body('deep', `/usr/bin/python3 -c '${script}'`))
  assert.equal(job.status.phase, 'Completed')
  const tasks = `${ropeway.dataDir}/tasks`
  await until(
    'the folder is gone',
    () =>
      !readdirSync(tasks).some((name) => /^[0-9a-f]{12}-/.test(name)) &&
      readdirSync(`${tasks}/.gone`).length === 0,
  )
})
