// kill -9 of the server at every point of its loop, and other ways to be away while tasks run.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ACTIONS } from '../../src/job/step.ts'
import { crashAt, nothingLeft, onHost, POINTS, SCENARIOS } from './crash-cases.ts'
import { body, Ropeway, serveOnce, until } from './harness.ts'

it('every action has a fault point and a scenario that reaches it', () => {
  assert.deepEqual(Object.keys(SCENARIOS).sort(), [...ACTIONS].sort())
})

describe('killed at', () => {
  for (const crash of POINTS)
    it(`${crash.point} (${crash.scenario}), the server comes back and the job ends as if nothing had been`, () =>
      crashAt(crash, onHost()))
})

it('a running task outlives the server, is adopted, and its log has every byte once', async () => {
  await using ropeway = await Ropeway.start({ simulate: '1x2' })
  const command = `i=0; while [ $i -lt 60 ]; do echo tick $i; i=$((i+1)); sleep 0.05; done`
  const { metadata } = await ropeway.client.create(
    body('adopt', command, { flavor: 'ropeway.ascend-910a.1' }),
  )
  for (let round = 0; round < 3; round++) {
    await ropeway.waitFor(metadata.id, 'the job runs', ({ status }) => status.phase === 'Running')
    await until(
      'it printed',
      async () =>
        ((await ropeway.client.previewLog(metadata.id, 'worker-0'))?.full_size ?? 0) > 20 * (round + 1),
    )
    await ropeway.kill()
    await ropeway.start()
  }
  const { job, logs } = await ropeway.follow(metadata.id)
  assert.equal(job.status.phase, 'Completed')
  const ticks = (logs['worker-0'] ?? '').split('\n').filter((line) => line.startsWith('tick '))
  assert.deepEqual(
    ticks,
    Array.from({ length: 60 }, (_, i) => `tick ${i}`),
  )
  await nothingLeft(ropeway)
})

it('a task that ends while the server is away is noticed, with its code and its last words', async () => {
  await using ropeway = await Ropeway.start({ simulate: '1x2' })
  const { metadata } = await ropeway.client.create(
    body('away', 'echo first words; sleep 0.4; echo last words; exit 9', { flavor: 'ropeway.ascend-910a.1' }),
  )
  await until('it prints', async () =>
    /first words/.test((await ropeway.client.previewLog(metadata.id, 'worker-0'))?.content ?? ''),
  )
  await ropeway.kill()
  const folder = join(ropeway.dataDir, 'tasks')
  const name = readdirSync(folder).find((entry) => /^[0-9a-f]{12}-/.test(entry))!
  await until('the task has ended', () => readdirSync(join(folder, name)).includes('exit.json'))
  await ropeway.start()
  const { job, logs } = await ropeway.follow(metadata.id)
  assert.deepEqual([job.status.phase, job.status.exit_code], ['Failed', 9])
  assert.match(logs['worker-0'] ?? '', /last words/)
  await nothingLeft(ropeway)
})

it('a second server on the same folder refuses in one sentence, and the first goes on', async () => {
  await using ropeway = await Ropeway.start({ simulate: '1x2' })
  const second = serveOnce(['--data', ropeway.dataDir])
  assert.notEqual(second.status, 0)
  assert.ok(second.stderr.includes(ropeway.dataDir), second.stderr)
  assert.equal((await ropeway.run(body('first', 'true'))).job.status.phase, 'Completed')
})

it('a data folder that cannot be made is refused in one sentence, at once', () => {
  for (const dir of ['/proc/ropeway', '/etc/passwd/data']) {
    const { status, stderr } = serveOnce(['--data', dir])
    assert.equal(status, 2, stderr)
    assert.match(stderr, new RegExp(`--data: ${dir} cannot be made`))
  }
})

it('a server with another backend refuses while jobs run, because it would take them for lost', async () => {
  await using ropeway = await Ropeway.start({ simulate: '1x2' })
  const { metadata } = await ropeway.client.create(body('mine', 'sleep 600'))
  await ropeway.waitFor(metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
  await ropeway.stop()
  const { status, stderr } = serveOnce(['--data', ropeway.dataDir, '--backend', 'fake'])
  assert.equal(status, 2, stderr)
  assert.match(stderr, /--backend: got "fake", but 1 unfinished/)
  await ropeway.start()
  await ropeway.client.terminate(metadata.id)
  assert.equal((await ropeway.follow(metadata.id)).job.status.phase, 'Terminated')
})
