// Disks that get low refuse new jobs with numbers, and what nobody needs any more is cleared away.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { answers, body, Ropeway, until } from './harness.ts'
import { dataFolder, smallDisk } from './small-disk.ts'

const isRefusal = (expected: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ApiError)
  assert.deepEqual([error.status, error.errorCode], [507, 'ModelArts.9005'])
  assert.match(error.message, expected)
  return true
}

const fakeFor = (runMs: number) => ({
  annotations: { 'ropeway/fake': JSON.stringify({ tasks: { '*': { runMs } } }) },
})

describe('a disk that gets low', () => {
  it('refuses new jobs with numbers, tells running ones once, and takes jobs again when there is room', async () => {
    using disk = smallDisk('64m')
    const dataDir = dataFolder(disk.dir, 'disk: { min_free: 24Mi }\n')
    await using ropeway = await Ropeway.start({ backend: 'fake', dataDir })
    const running = await ropeway.client.create(body('running', 'true', fakeFor(120_000)))
    const { id } = running.metadata
    await ropeway.waitFor(id, 'it runs', ({ status }) => status.phase === 'Running')
    const ballast = join(disk.dir, 'ballast')
    writeFileSync(ballast, Buffer.alloc(44 << 20))
    await until(
      'the server has looked',
      async () => !(await answers(ropeway.client.dryRun(body('refused', 'true', fakeFor(0))))),
    )
    const expected = /^data folder .* has \d+\.\d MiB free of 64\.0 MiB; 24\.0 MiB must stay free: delete /
    await assert.rejects(ropeway.client.create(body('refused', 'true', fakeFor(0))), isRefusal(expected))
    await assert.rejects(ropeway.client.dryRun(body('refused', 'true', fakeFor(0))), isRefusal(expected))
    const warnings = async () =>
      (await ropeway.client.streamEvents(id, 0, 0)).events.filter(({ reason }) => reason === 'DiskLow')
    await until('the running job is told', async () => (await warnings()).length > 0)
    assert.match((await warnings())[0]!.message, /Running jobs go on; new ones are refused\.$/)
    rmSync(ballast)
    await until('jobs are taken again', () =>
      answers(ropeway.client.create(body('taken', 'true', fakeFor(0)))),
    )
    assert.equal((await warnings()).length, 1)
  })

  it('is named when it is the one for /cache', async () => {
    using disk = smallDisk('8m')
    const parent = mkdtempSync(join(tmpdir(), 'rw-'))
    try {
      const dataDir = dataFolder(parent, `cache_dir: ${disk.dir}\ndisk: { min_free: 16Mi }\n`)
      await using ropeway = await Ropeway.start({ backend: 'fake', dataDir })
      await assert.rejects(
        ropeway.client.create(body('refused', 'true', fakeFor(0))),
        isRefusal(
          new RegExp(`^folder for /cache ${disk.dir} has \\d\\.\\d MiB free of 8\\.0 MiB; 16\\.0 MiB`),
        ),
      )
    } finally {
      rmSync(parent, { recursive: true, force: true })
    }
  })
})

describe('what nobody needs any more', () => {
  it('goes at the start: aged logs with a sentence, and all that jobs which are gone left behind', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'rw-'))
    try {
      const dataDir = dataFolder(parent, 'disk: { log_days: 0.000001 }\n')
      await using ropeway = await Ropeway.start({ dataDir })
      const { job } = await ropeway.run(body('aged', 'seq 100'))
      const { id } = job.metadata
      const place = { task: 'worker-0', stream: 'task', offset: 0 }
      assert.ok((await ropeway.client.readLog(id, place)).bytes.length > 0)
      const left = () => readdirSync(join(dataDir, 'tasks')).filter((name) => !name.startsWith('.'))
      await until('nothing is left of its task', () => left().length === 0)
      await ropeway.stop()

      const gone = '0f9c1a52-1111-4000-8000-000000000000'
      const logs = join(dataDir, 'logs', gone, '1', 'worker-0')
      mkdirSync(logs, { recursive: true })
      writeFileSync(join(logs, 'task.log'), 'x')
      const orphan = join(dataDir, 'tasks', '0f9c1a521111-1-worker-0')
      mkdirSync(join(orphan, 'cache'), { recursive: true })
      const runtime = join(dataDir, 'runtime')
      const [present] = readdirSync(runtime)
      for (const name of ['runtime-0123456789abcdef', '.runtime-0123456789abcdef-0123456789ab'])
        mkdirSync(join(runtime, name, 'lib'), { recursive: true })

      await ropeway.start()
      await until(
        'the leftovers are gone',
        () => !existsSync(join(dataDir, 'logs', gone)) && !existsSync(orphan),
      )
      await until('only the present runtime is left', () => readdirSync(runtime).length === 1)
      assert.deepEqual(readdirSync(runtime), [present])
      const why = /keeps them for 0\.000001 days after a job's end/
      await until('the job is told', async () =>
        (await ropeway.client.streamEvents(id, 0, 0)).events.some(({ message }) => why.test(message)),
      )
      const isExpired = (error: unknown) => {
        assert.ok(error instanceof ApiError)
        assert.deepEqual([error.status, error.errorCode], [400, 'ModelArts.2819'])
        return why.test(error.message)
      }
      await until('the logs are gone', async () => !(await answers(ropeway.client.readLog(id, place))))
      await assert.rejects(ropeway.client.readLog(id, place), isExpired)
      await assert.rejects(ropeway.client.previewLog(id, 'worker-0'), isExpired)
      assert.equal((await ropeway.run(body('after', 'true'))).job.status.phase, 'Completed')
    } finally {
      rmSync(parent, { recursive: true, force: true })
    }
  })

  it('stays while a task may use it, and an attempt that another follows goes before that starts', async () => {
    await using ropeway = await Ropeway.start()
    const job = await ropeway.client.create(
      body('again', 'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 3', {
        annotations: {
          'fault-tolerance/job-retry-num': '1',
          'fault-tolerance/job-unconditional-retry': 'true',
        },
      }),
    )
    const { id } = job.metadata
    const folder = (attempt: number) =>
      join(ropeway.dataDir, 'tasks', `${id.replaceAll('-', '').slice(0, 12)}-${attempt}-worker-0`)
    await ropeway.waitFor(id, 'it runs', ({ status }) => status.phase === 'Running')
    writeFileSync(join(folder(1), 'tmp', 'go'), '')
    await until('the second attempt is there', () => existsSync(join(folder(2), 'run', 'task.sock')))
    await ropeway.waitFor(id, 'it runs again', ({ status }) => status.phase === 'Running')
    assert.ok(!existsSync(folder(1)), 'the first attempt is gone')

    await ropeway.kill()
    const old = join(ropeway.dataDir, 'runtime', 'runtime-0123456789abcdef')
    const gone = join(ropeway.dataDir, 'logs', '0f9c1a52-1111-4000-8000-000000000000')
    for (const dir of [old, gone]) mkdirSync(dir, { recursive: true })
    await ropeway.start()
    // Logs are swept last, so by then the runtimes were looked at.
    await until('one round is over', () => !existsSync(gone))
    assert.ok(existsSync(old), 'a task of before may use it')
    assert.ok(existsSync(folder(2)), 'what a live job uses is never swept')
    writeFileSync(join(folder(2), 'tmp', 'go'), '')
    const { job: ended } = await ropeway.follow(id)
    assert.deepEqual([ended.status.phase, ended.status.exit_code], ['Failed', 3])
    await until('nothing is left of the tasks', () => !existsSync(folder(2)))
    await ropeway.stop()
    await ropeway.start()
    await until('now it goes', () => !existsSync(old))
  })
})
