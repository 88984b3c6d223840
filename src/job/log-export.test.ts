import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildBody, buildJob } from '../../test/job-builders.ts'
import { ChangeSignal } from '../lib/signal.ts'
import { checkLogExport, type LogExportTarget, logExportTargetOf } from './check-log-export.ts'
import type { Job, NewEvent } from './job.ts'
import { type ExportRecord, LogExporter } from './log-export.ts'
import { exportedName, logFileName } from './log-export-names.ts'
import { objectLogSink } from './log-export-objects.ts'
import { forEachOf, retryPauseMs, rewritePauseMs } from './log-export-pace.ts'

const ID = '0f9c1a52-1111-4000-8000-000000000000'
const MIB = 1 << 20

test('logs are called as ModelArts calls them, and no attempt or part replaces another', () => {
  const files: [string, string, number | undefined, string][] = [
    ['worker-0', 'task', undefined, `modelarts-job-${ID}-worker-0.log`],
    ['worker-1', 'rank-12', 4, `modelarts-job-${ID}-proc-rank-12-device-4.txt`],
    ['worker-1', 'rank-12', undefined, `modelarts-job-${ID}-proc-rank-12.txt`],
    ['worker-1', 'platform', undefined, `modelarts-job-${ID}-worker-1-platform.log`],
  ]
  for (const [task, stream, device, name] of files) assert.equal(logFileName(ID, task, stream, device), name)

  const exported: [1 | 2, number, string, number, string][] = [
    [2, 1, 'task', 0, `modelarts-job-${ID}-worker-1.log`],
    [2, 1, 'task', 1, `modelarts-job-${ID}-worker-1.1.log`],
    [2, 3, 'task', 0, `modelarts-job-${ID}-worker-1-attempt-3.log`],
    [2, 3, 'rank-9', 2, `modelarts-job-${ID}-proc-rank-9-device-1-attempt-3.2.txt`],
    [1, 1, 'task', 0, 'job0f9c1a52-job-trainjob-1.log'],
    [1, 2, 'task', 1, 'job0f9c1a52-job-trainjob-1-attempt-2.1.log'],
    [1, 1, 'rank-5', 0, `modelarts-job-${ID}-proc-rank-5-device-1.txt`],
  ]
  for (const [generation, attempt, stream, part, name] of exported)
    assert.equal(
      exportedName({ jobId: ID, generation, devices: 4 }, { attempt, task: 'worker-1', stream }, part),
      name,
    )
})

test('every spelling of a path means the same, and what is empty means nothing', () => {
  const objects = (bucket: string, prefix: string): LogExportTarget => ({ kind: 'objects', bucket, prefix })
  const cases: [object | null, LogExportTarget | null][] = [
    [null, null],
    [{}, null],
    [{ obs_url: '' }, null],
    [{ obs_url: '', host_path: '' }, null],
    [{ obs_url: 'obs://b/p/' }, objects('b', 'p/')],
    [{ obs_url: '/b/p' }, objects('b', 'p/')],
    [{ obs_url: 's3://b' }, objects('b', '')],
    [{ host_path: '/var//log/./x/' }, { kind: 'folder', path: '/var/log/x' }],
  ]
  for (const [path, target] of cases)
    assert.deepEqual(logExportTargetOf(buildBody({ spec: { log_export_path: path } })), target)
})

test('a folder of the host has to lie below one that the administrator named', async () => {
  const catalog = {
    bucketExists: async () => true,
    list: async () => [],
    listNames: async () => [],
    objectExists: async () => true,
  }
  const check = (path: string, logExportPaths: string[]) =>
    checkLogExport(buildBody({ spec: { log_export_path: { host_path: path } } }), { logExportPaths }, catalog)
  await assert.rejects(check('/logs/a', []), /this installation allows no folder of the host/)
  for (const path of ['/', '/log', '/logsx', 'logs', '/logs/../etc', '/logs/a\n', '/other'])
    await assert.rejects(check(path, ['/logs', '/data/logs/']), /is or lies below \/logs, \/data\/logs\//)
  for (const path of ['/logs', '/logs/', '/logs/a/b', '/data/logs', '//data//logs/x'])
    await check(path, ['/logs', '/data/logs/'])
})

/** A bucket in memory, and how often each object was written. */
function bucket() {
  const objects = new Map<string, Buffer>()
  const puts: string[] = []
  const control: { refuse: string | null } = { refuse: null }
  return {
    objects,
    puts,
    control,
    text: (...keys: string[]) => keys.map((key) => objects.get(key)?.toString() ?? '?').join(''),
    sink: {
      async put({ key, sizeBytes }: { key: string; sizeBytes: number }, body: AsyncIterable<Uint8Array>) {
        if (control.refuse !== null) throw new Error(control.refuse)
        const bytes = Buffer.concat(await Array.fromAsync(body))
        assert.equal(bytes.length, sizeBytes, 'as many bytes as announced')
        puts.push(key)
        objects.set(key, bytes)
      },
    },
  }
}

test('a log is cut into parts, of which only the last is written again', async () => {
  const { sink, puts, text } = bucket()
  const target = objectLogSink(sink, { kind: 'objects', bucket: 'b', prefix: 'l/' }, 4)
  const write = async (log: string, done: number) => {
    const source = {
      nameOf: (part: number) => `log.${part}`,
      endBytes: log.length,
      read: async (offset: number, limit: number) => Buffer.from(log).subarray(offset, offset + limit),
    }
    return Array.fromAsync(target.write(source, done, new AbortController().signal))
  }
  assert.deepEqual(await write('', 0), [])
  assert.deepEqual(await write('abc', 0), [3])
  assert.deepEqual(await write('abcdefghij', 3), [4, 8, 10])
  assert.deepEqual(puts.splice(0), ['l/log.0', 'l/log.0', 'l/log.1', 'l/log.2'])
  assert.deepEqual(await write('abcdefghijkl', 10), [12])
  assert.deepEqual(await write('abcdefghijkl', 12), [], 'nothing is left')
  assert.deepEqual(await write('abcdefghijklm', 12), [13])
  assert.deepEqual(puts, ['l/log.2', 'l/log.3'])
  assert.equal(text('l/log.0', 'l/log.1', 'l/log.2', 'l/log.3'), 'abcdefghijklm')
})

/** An exporter over a log that grows in memory. */
function setUp(records: ExportRecord[] = []) {
  const place = bucket()
  const log = { text: '' }
  const events: NewEvent[] = []
  const saved = new Map(records.map((record) => [record.jobId, record]))
  const world = { job: null as Job | null, nowMs: 1_000_000 }
  const exporter = new LogExporter({
    logs: {
      streams: async (jobId) =>
        log.text === ''
          ? []
          : [{ jobId, attempt: 1, task: 'worker-0', stream: 'task', length: log.text.length }],
      read: async (_key, offset, limit) => Buffer.from(log.text).subarray(offset, offset + limit),
    },
    sinkOf: (target) => {
      assert.ok(target.kind === 'objects')
      return objectLogSink(place.sink, target)
    },
    records: {
      load: async () => [...saved.values()],
      save: async (record) => void saved.set(record.jobId, record),
      remove: async (jobId) => void saved.delete(jobId),
    },
    store: { getById: async () => world.job, addEvents: async (_id, added) => void events.push(...added) },
    changed: new ChangeSignal(),
    nowMs: () => world.nowMs,
    onError: (_job, error) => assert.fail(String(error)),
  })
  const job = buildJob({ id: ID, spec: { log_export_path: { obs_url: 'obs://b/l/' } } })
  world.job = job
  return { ...place, exporter, log, events, saved, world, job, key: `l/modelarts-job-${ID}-worker-0.log` }
}

test('the end of an attempt brings all of the log, and twice the same changes nothing', async () => {
  const it = setUp()
  await using exporter = it.exporter
  await exporter.follow(it.job)
  assert.equal(it.saved.size, 1, 'the record is there before the first byte')
  it.log.text = 'one\n'
  await exporter.finish(it.job)
  assert.equal(it.text(it.key), 'one\n')
  await exporter.finish(it.job)
  assert.deepEqual(it.puts, [it.key])
  it.log.text += 'two\n'
  await exporter.finish(it.job)
  assert.equal(it.text(it.key), 'one\ntwo\n')
  assert.deepEqual(it.events, [])
  await exporter.forget(it.job.id)
  assert.equal(it.saved.size, 0)
})

test('a target that refuses is told of once, and once more when it works', async () => {
  const it = setUp()
  await using exporter = it.exporter
  it.log.text = 'x'.repeat(10)
  it.control.refuse = 'The bucket does not exist.'
  await exporter.finish(it.job)
  await exporter.finish(it.job)
  assert.deepEqual(
    it.events.map(({ level, reason }) => `${level} ${reason}`),
    ['Warning LogExportFailed'],
  )
  assert.match(it.events[0]!.message, /to obs:\/\/b\/l\/: The bucket does not exist\. This is tried again/)
  assert.equal(it.saved.get(ID)?.failing, true)
  it.control.refuse = null
  await exporter.finish(it.job)
  assert.equal(it.events[1]?.reason, 'LogExportResumed')
  assert.equal(it.text(it.key).length, 10)
})

test('a server that starts again goes on, and forgets a job that has ended with everything brought', async () => {
  const record: ExportRecord = {
    projectId: 'p',
    jobId: ID,
    generation: 2,
    target: { kind: 'objects', bucket: 'b', prefix: 'l/' },
    devices: 0,
    done: {},
    failing: true,
  }
  const it = setUp([record])
  it.log.text = 'left behind\n'
  it.world.job = buildJob({ id: ID, status: { phase: 'Completed' } })
  const gone = Promise.withResolvers<void>()
  const remove = it.saved.delete.bind(it.saved)
  it.saved.delete = (id) => {
    gone.resolve()
    return remove(id)
  }
  await using exporter = it.exporter
  await exporter.start()
  await gone.promise
  assert.equal(it.text(it.key), 'left behind\n')
  assert.deepEqual(
    it.events.map(({ reason }) => reason),
    ['LogExportResumed'],
  )
})

test('a job without a path is left alone', async () => {
  const it = setUp()
  await using exporter = it.exporter
  it.log.text = 'x'
  await exporter.finish(buildJob({ id: ID }))
  assert.equal(it.saved.size, 0)
  assert.equal(it.objects.size, 0)
})

test('larger open parts are written less often, and a target that refuses is asked less and less', () => {
  assert.deepEqual(
    [0, 1, 8 * MIB - 1, 8 * MIB, 20 * MIB, 63 * MIB].map(rewritePauseMs),
    [0, 0, 0, 5_000, 10_000, 35_000],
  )
  assert.deepEqual([1, 2, 3, 4, 5, 500].map(retryPauseMs), [5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
})

test('no more jobs are worked on at once than allowed, and one that fails does not hold up the others', async () => {
  const seen: number[] = []
  let now = 0
  let most = 0
  const work = async (item: number) => {
    now += 1
    most = Math.max(most, now)
    await new Promise((resolve) => setImmediate(resolve))
    now -= 1
    seen.push(item)
    if (item === 2) throw new Error('two')
  }
  await assert.rejects(forEachOf([1, 2, 3, 4, 5, 6, 7], 3, work), /two/)
  assert.equal(most, 3)
  assert.deepEqual(seen.toSorted(), [1, 2, 3, 4, 5, 6, 7])
})
