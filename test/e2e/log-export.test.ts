// Logs in the place a job names: the same bytes, whatever happens to the server or to the place.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { body, Ropeway, until } from './harness.ts'

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** Bytes of an object; empty while there is none. */
async function objectOf(ropeway: Ropeway, bucket: string, key: string): Promise<Buffer> {
  if ((await ropeway.objects.head(bucket, key)) === undefined) return Buffer.alloc(0)
  return buffer((await ropeway.objects.getStream(bucket, key)).body)
}

async function keysOf(ropeway: Ropeway, bucket: string, prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const entry of ropeway.objects.list(bucket, { prefix }))
    if (entry.kind === 'object') found.push(entry.key.slice(prefix.length))
  return found
}

/** The server's own copy of a stream. */
async function storedLog(ropeway: Ropeway, job: string, task: string, stream = 'task', attempt?: number) {
  const pieces: Uint8Array[] = []
  for (let offset = 0; ; ) {
    const place = { task, stream, offset, limit: 1 << 20, ...(attempt === undefined ? {} : { attempt }) }
    const { bytes, end } = await ropeway.client.readLog(job, place)
    pieces.push(bytes)
    offset += bytes.length
    if (end || bytes.length === 0) return Buffer.concat(pieces)
  }
}

/** A task's folder on this machine, by the name decisions.md 1.3 gives it. */
const taskFolder = (ropeway: Ropeway, job: string, task: string, attempt = 1): string =>
  join(ropeway.dataDir, 'tasks', `${job.replaceAll('-', '').slice(0, 12)}-${attempt}-${task}`)

/** Ends the wait of a task's script for /tmp/go. */
const letGo = (ropeway: Ropeway, job: string, task: string): void =>
  writeFileSync(join(taskFolder(ropeway, job, task), 'tmp', 'go'), '')

const exportTo = (log_export_path: object) => ({ spec: { log_export_path } })

describe('a job with log_export_path', () => {
  let ropeway: Ropeway
  let logDir: string
  before(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'rw-'))
    logDir = mkdtempSync(join(tmpdir(), 'rw-logs-'))
    writeFileSync(join(dataDir, 'site.yaml'), `log_export_paths: [${logDir}]\n`)
    ropeway = await Ropeway.start({ dataDir })
    await ropeway.objects.createBucket('logs')
  })
  after(async () => {
    await ropeway[Symbol.asyncDispose]()
    for (const dir of [ropeway.dataDir, logDir]) rmSync(dir, { recursive: true, force: true })
  })

  it('finds its log in the bucket while it runs, and all of it at its end, over a kill -9', async () => {
    const script = `for i in $(seq 200); do echo line $i; done; printf 'caf\\351\\0\\n'; while [ ! -e /tmp/go ]; do sleep 0.1; echo tick; done; seq 1000`
    const job = await ropeway.client.create(
      body('exported', script, { nodes: 2, spec: { log_export_path: { obs_url: '/logs/some/folder' } } }),
    )
    const { id } = job.metadata
    assert.deepEqual(job.spec['log_export_path'], { obs_url: '/logs/some/folder' }, 'echoed as given')
    const key = (task: string) => `some/folder/modelarts-job-${id}-${task}.log`
    for (const task of ['worker-0', 'worker-1'])
      await until('the log is there while the job runs', async () =>
        (await objectOf(ropeway, 'logs', key(task))).includes('line 200'),
      )
    const early = await objectOf(ropeway, 'logs', key('worker-0'))
    await ropeway.kill()
    await ropeway.start()
    await until('the export goes on after the restart', async () => {
      const now = await objectOf(ropeway, 'logs', key('worker-0'))
      return now.length > early.length
    })
    for (const task of ['worker-0', 'worker-1']) letGo(ropeway, id, task)
    const { job: finished } = await ropeway.follow(id)
    assert.equal(finished.status.phase, 'Completed')
    // Without a wait: a job that is shown as ended has its logs in its path.
    for (const task of ['worker-0', 'worker-1']) {
      const exported = await objectOf(ropeway, 'logs', key(task))
      assert.ok(exported.includes(Buffer.from('caf\xe9\0\n', 'latin1')), 'bytes that are no text')
      assert.equal(sha256(exported), sha256(await storedLog(ropeway, id, task)))
    }
    assert.deepEqual(await keysOf(ropeway, 'logs', 'some/folder/'), [
      `modelarts-job-${id}-worker-0.log`,
      `modelarts-job-${id}-worker-1.log`,
    ])
  })

  it('finds a long log in parts that are the log when they stand one after the other', async () => {
    const { job } = await ropeway.run(body('long', 'seq 10000000', exportTo({ obs_url: 'obs://logs/long/' })))
    const { id } = job.metadata
    const key = (part: string) => `long/modelarts-job-${id}-worker-0${part}.log`
    const parts = [await objectOf(ropeway, 'logs', key('')), await objectOf(ropeway, 'logs', key('.1'))]
    assert.equal(parts[0]?.length, 64 << 20)
    assert.equal(sha256(Buffer.concat(parts)), sha256(await storedLog(ropeway, id, 'worker-0')))
    assert.equal((await keysOf(ropeway, 'logs', 'long/')).length, 2)
  })

  it('finds the logs of every attempt under names of their own', async () => {
    const command = 'seq 10; exit 3'
    const { job } = await ropeway.run(
      body('attempts', command, {
        annotations: {
          'fault-tolerance/job-retry-num': '1',
          'fault-tolerance/job-unconditional-retry': 'true',
        },
        ...exportTo({ obs_url: 's3://logs/attempts/' }),
      }),
    )
    const { id } = job.metadata
    assert.deepEqual(await keysOf(ropeway, 'logs', 'attempts/'), [
      `modelarts-job-${id}-worker-0-attempt-2.log`,
      `modelarts-job-${id}-worker-0.log`,
    ])
    for (const [attempt, name] of [
      [1, ''],
      [2, '-attempt-2'],
    ] as const) {
      const exported = await objectOf(ropeway, 'logs', `attempts/modelarts-job-${id}-worker-0${name}.log`)
      assert.equal(sha256(exported), sha256(await storedLog(ropeway, id, 'worker-0', 'task', attempt)))
    }
  })

  it('of the first generation finds the log of its pod and of each rank, as davincirun named them', async () => {
    await ropeway.upload({ 'logs/code/train.py': 'import os\nprint("rank", os.environ["RANK_ID"])\n' })
    const command =
      "/bin/bash /home/work/run_train.sh 'obs://logs/code/' 'code/train.py' '/tmp/log/train.log' --data_url=x"
    const { job } = await ropeway.run(
      body('ranks', command, {
        flavor: 'ropeway.ascend-910a.2',
        environments: { RANK_TABLE_FILE: '/user/config' },
        ...exportTo({ obs_url: 'obs://logs/v1' }),
      }),
    )
    const { id } = job.metadata
    assert.deepEqual(await keysOf(ropeway, 'logs', 'v1/'), [
      `job${id.slice(0, 8)}-job-trainjob-0.log`,
      `modelarts-job-${id}-proc-rank-0-device-0.txt`,
      `modelarts-job-${id}-proc-rank-1-device-1.txt`,
    ])
    for (const rank of [0, 1]) {
      const key = `v1/modelarts-job-${id}-proc-rank-${rank}-device-${rank}.txt`
      assert.equal((await objectOf(ropeway, 'logs', key)).toString(), `rank ${rank}\n`)
    }
  })

  it('finds its log in a folder of the host, readable for everybody', async () => {
    const path = join(logDir, 'team', 'a')
    const { job } = await ropeway.run(body('on-host', 'seq 5000', exportTo({ host_path: `${path}/` })))
    const file = join(path, `modelarts-job-${job.metadata.id}-worker-0.log`)
    assert.equal(sha256(readFileSync(file)), sha256(await storedLog(ropeway, job.metadata.id, 'worker-0')))
    assert.equal(statSync(file).mode & 0o777, 0o644)
  })

  for (const kind of ['bucket', 'host'] as const)
    it(`finds log files of CANN and MindSpore in its log path as well, on their way and at the end (${kind})`, async () => {
      const [mode, folder] =
        kind === 'bucket'
          ? [{ MA_DIAG_MODE_ENV: 'faults' }, 'ascend/npu_collect']
          : [{ MA_RUN_MODE_ENV: 'normal' }, 'mindspore/log']
      const code = `
import os, sys, time
rank = os.environ["RANK_ID"]
def write(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/" + name, "a") as file: file.write(text)
plog = os.environ["ASCEND_PROCESS_LOG_PATH"] + "/debug/plog"
write(plog, "plog-7_20211106123456789.log", "[ERROR] HCCL rank " + rank + "\\n")
write(os.environ.get("NPU_COLLECT_PATH", os.environ.get("GLOG_log_dir", "") + "/rank_" + rank), "WARNING.log", "slow\\n")
write(os.environ["HOME"] + "/ascend/log/plog", "plog-1_1.log", "of another program\\n")
write(os.environ["HOME"] + "/ascend/log", "of-nobody.bin", "no log")
os.symlink("/etc/passwd", plog + "/passwd") if not os.path.lexists(plog + "/passwd") else None
while not os.path.exists("/tmp/go"): time.sleep(0.1)
write(plog, "plog-7_20211106123456789.log", "last words\\n")
open("/tmp/done-" + rank, "w").close()
while not all(os.path.exists("/tmp/done-" + other) for other in "01"): time.sleep(0.05)
sys.exit(1)
`
      await ropeway.upload({ 'logs/cann/train.py': code })
      const command =
        "/bin/bash /home/work/run_train.sh 'obs://logs/cann/' 'cann/train.py' '/tmp/log/train.log'"
      const dir = join(logDir, 'cann')
      const created = await ropeway.client.create(
        body(`cann-${kind}`, command, {
          flavor: 'ropeway.ascend-910a.2',
          environments: { RANK_TABLE_FILE: '/user/config', ...mode },
          annotations: {
            'fault-tolerance/job-retry-num': '1',
            'fault-tolerance/job-unconditional-retry': 'true',
          },
          ...exportTo(kind === 'bucket' ? { obs_url: 'obs://logs/files' } : { host_path: dir }),
        }),
      )
      const { id } = created.metadata
      const read = async (name: string) =>
        kind === 'bucket'
          ? (await objectOf(ropeway, 'logs', `files/${name}`)).toString()
          : existsSync(join(dir, name))
            ? readFileSync(join(dir, name), 'utf8')
            : ''
      const plog = (rank: number, again: string) =>
        `modelarts-job-${id}${again}/ascend/process_log/rank_${rank}/debug/plog/plog-7_20211106123456789.log`
      for (const rank of [0, 1])
        await until(
          'the file is there while the program runs',
          async () => (await read(plog(rank, ''))) === `[ERROR] HCCL rank ${rank}\n`,
        )
      letGo(ropeway, id, 'worker-0')
      await until('the second attempt runs', () =>
        existsSync(join(taskFolder(ropeway, id, 'worker-0', 2), 'tmp')),
      )
      writeFileSync(join(taskFolder(ropeway, id, 'worker-0', 2), 'tmp', 'go'), '')
      assert.equal((await ropeway.follow(id)).job.status.phase, 'Failed')
      for (const [again, rank] of [
        ['', 0],
        ['', 1],
        ['-attempt-2', 0],
        ['-attempt-2', 1],
      ] as const) {
        assert.equal(await read(plog(rank, again)), `[ERROR] HCCL rank ${rank}\nlast words\n`)
        assert.equal(await read(`modelarts-job-${id}${again}/${folder}/rank_${rank}/WARNING.log`), 'slow\n')
        const own = await read(`modelarts-job-${id}-worker-0${again}/ascend/log/plog/plog-1_1.log`)
        assert.equal(own, 'of another program\n'.repeat(2))
        assert.equal(await read(`modelarts-job-${id}-worker-0${again}/ascend/log/of-nobody.bin`), '')
        assert.equal(
          await read(`${plog(rank, again).split('/plog-7')[0]}/passwd`),
          '',
          'no link is followed out',
        )
      }
    })

  it('ends in time when the path refuses its logs, says so once, and has them when it works again', async () => {
    await ropeway.objects.createBucket('short-lived')
    const script = 'while [ ! -e /tmp/go ]; do sleep 0.05; done; seq 100'
    const created = await ropeway.client.create(
      body('refused', script, exportTo({ obs_url: 'obs://short-lived/l/' })),
    )
    const { id } = created.metadata
    await ropeway.waitFor(id, 'it runs', ({ status }) => status.phase === 'Running')
    await ropeway.objects.deleteBucket('short-lived')
    letGo(ropeway, id, 'worker-0')
    const { job, events } = await ropeway.follow(id)
    assert.equal(job.status.phase, 'Completed')
    const warnings = events.filter((event) => event.startsWith('LogExportFailed'))
    assert.equal(warnings.length, 1)
    assert.match(
      warnings[0]!,
      /obs:\/\/short-lived\/l\/: There is no bucket short-lived\. This is tried again/,
    )
    await ropeway.kill()
    await ropeway.start()
    await ropeway.objects.createBucket('short-lived')
    const key = `l/modelarts-job-${id}-worker-0.log`
    await until(
      'the log is brought later',
      async () => (await objectOf(ropeway, 'short-lived', key)).length > 0,
    )
    assert.equal(
      sha256(await objectOf(ropeway, 'short-lived', key)),
      sha256(await storedLog(ropeway, id, 'worker-0')),
    )
    const records = join(ropeway.dataDir, 'log-exports', `${id}.json`)
    await until('nothing is left to do', () => !existsSync(records))
  })

  it('is refused at once when the path can never work', async () => {
    mkdirSync(join(logDir, 'ok'), { recursive: true })
    const cases: [object, RegExp][] = [
      [
        { obs_url: 'obs://nobody-has-this/l/' },
        /log_export_path\.obs_url: bucket "nobody-has-this" does not exist/,
      ],
      [{ obs_url: 'logs/l' }, /obs_url: got "logs\/l"; valid: obs:\/\/bucket\/folder\//],
      [{ host_path: '/etc' }, new RegExp(`host_path: got "/etc"; valid: a folder.* below ${logDir}`)],
      [{ host_path: `${logDir}/../x` }, /without "\.\."/],
      [{ host_path: `${logDir}x` }, /valid: a folder/],
      [{ host_path: logDir, obs_url: 'obs://logs/' }, /valid: one of the two/],
    ]
    for (const [path, expected] of cases)
      await assert.rejects(ropeway.client.create(body('bad-path', 'true', exportTo(path))), (error) => {
        assert.ok(error instanceof ApiError)
        assert.equal(error.status, 400)
        assert.match(error.message, expected)
        return true
      })
  })
})
