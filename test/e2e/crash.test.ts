// kill -9 of the server at every point of its loop, then a restart: the job goes on, nothing runs twice,
// no log byte is lost or doubled, and nothing is left over. The points come from the list of actions.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, it } from 'node:test'
import { ACTIONS } from '../../src/job/step.ts'
import { body, MAIN, Ropeway, until } from './harness.ts'

const LINES = 400
/** One line per start, then many numbered lines: a second start and a lost or doubled byte both show. */
const COMMAND = `echo started $$; i=0; while [ $i -lt ${LINES} ]; do echo line $i; i=$((i+1)); done; sleep 0.2; echo done`
const EXPECTED = [...Array.from({ length: LINES }, (_, i) => `line ${i}`), 'done'].join('\n')

/** Which job reaches the point: erase only happens to a job that is deleted, stop to one that is stopped. */
const SCENARIOS = {
  start: 'run',
  collect: 'run',
  remove: 'run',
  stop: 'terminate',
  erase: 'delete',
} as const satisfies Record<(typeof ACTIONS)[number], 'run' | 'terminate' | 'delete'>

const POINTS = [
  ...ACTIONS.flatMap((action) =>
    [`before:${action}`, `after:${action}`].map((point) => ({ point, scenario: SCENARIOS[action] })),
  ),
  { point: 'before:write', scenario: 'run' as const },
  { point: 'after:write', scenario: 'run' as const },
]

it('every action has a fault point and a scenario that reaches it', () => {
  assert.deepEqual(Object.keys(SCENARIOS).sort(), [...ACTIONS].sort())
})

/** Processes of this machine that belong to a data folder: their command line or root names it. */
function processesOf(dataDir: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]
      return line.includes(join(dataDir, 'tasks')) && state !== 'Z' ? [`${pid}: ${line}`] : []
    } catch {
      return []
    }
  })
}

const mountsOf = (dataDir: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(dataDir))

/** The task's log without the platform's own lines, and how often the command began. */
function ownLines(log: string): { starts: number; text: string; sha256: string } {
  const lines = log.split('\n').filter((line) => line !== '' && !line.startsWith('['))
  const starts = lines.filter((line) => line.startsWith('started ')).length
  const text = lines.filter((line) => !line.startsWith('started ')).join('\n')
  return { starts, text, sha256: createHash('sha256').update(text).digest('hex') }
}

async function nothingLeft(ropeway: Ropeway): Promise<void> {
  await until(
    'the task folders are gone',
    () =>
      readdirSync(join(ropeway.dataDir, 'tasks')).filter((name) => /^[0-9a-f]{12}-/.test(name)).length === 0,
  )
  assert.deepEqual(processesOf(ropeway.dataDir), [])
  assert.deepEqual(mountsOf(ropeway.dataDir), [])
}

describe('killed at', () => {
  for (const { point, scenario } of POINTS) {
    it(`${point} (${scenario}), the server comes back and the job ends as if nothing had been`, async () => {
      await using ropeway = await Ropeway.start({ simulate: '1x2' })
      await ropeway.stop()
      await ropeway.start({ ROPEWAY_FAULT_POINT: point })
      const command = scenario === 'run' ? COMMAND : `${COMMAND}; sleep 600`
      const { metadata } = await ropeway.client.create(
        body('crash', command, { flavor: 'ropeway.ascend-910a.1' }),
      )
      if (scenario !== 'run') {
        await ropeway.waitFor(metadata.id, 'the job runs', ({ status }) => status.phase === 'Running')
        await (scenario === 'terminate'
          ? ropeway.client.terminate(metadata.id)
          : ropeway.client.delete(metadata.id))
      }
      await ropeway.gone()
      await ropeway.start()
      if (scenario === 'delete') {
        await until('the job is erased', () =>
          ropeway.client.show(metadata.id).then(
            () => false,
            () => true,
          ),
        )
      } else {
        const { job, logs, events } = await ropeway.follow(metadata.id)
        const { starts, text, sha256 } = ownLines(logs['worker-0'] ?? '')
        assert.equal(job.status.phase, scenario === 'run' ? 'Completed' : 'Terminated', events.join('\n'))
        assert.ok(starts <= 1, 'the command began twice')
        if (scenario === 'run') {
          assert.equal(starts, 1)
          assert.equal(sha256, createHash('sha256').update(EXPECTED).digest('hex'), text.slice(-300))
        }
      }
      await nothingLeft(ropeway)
      const again = await ropeway.run(body('after', 'true', { nodes: 1, flavor: 'ropeway.ascend-910a.2' }))
      assert.equal(again.job.status.phase, 'Completed', 'the devices are free again')
    })
  }
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
  const args = [
    MAIN,
    'serve',
    '--data',
    ropeway.dataDir,
    '--listen',
    '127.0.0.1:0',
    '--objects',
    '127.0.0.1:0',
  ]
  const second = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 })
  assert.notEqual(second.status, 0)
  assert.ok(second.stderr.includes(ropeway.dataDir), second.stderr)
  assert.equal((await ropeway.run(body('first', 'true'))).job.status.phase, 'Completed')
})

it('a data folder that cannot be made is refused in one sentence, at once', () => {
  for (const dir of ['/proc/ropeway', '/etc/passwd/data']) {
    const args = [MAIN, 'serve', '--data', dir, '--listen', '127.0.0.1:0', '--objects', '127.0.0.1:0']
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 })
    assert.equal(status, 2, stderr)
    assert.match(stderr, new RegExp(`--data: ${dir} cannot be made`))
  }
})

it('a server with another backend refuses while jobs run, because it would take them for lost', async () => {
  await using ropeway = await Ropeway.start({ simulate: '1x2' })
  const { metadata } = await ropeway.client.create(body('mine', 'sleep 600'))
  await ropeway.waitFor(metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
  await ropeway.stop()
  const args = [
    MAIN,
    'serve',
    '--data',
    ropeway.dataDir,
    '--listen',
    '127.0.0.1:0',
    '--objects',
    '127.0.0.1:0',
    '--backend',
    'fake',
  ]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 })
  assert.equal(status, 2, stderr)
  assert.match(stderr, /--backend: got "fake", but 1 unfinished/)
  await ropeway.start()
  await ropeway.client.terminate(metadata.id)
  assert.equal((await ropeway.follow(metadata.id)).job.status.phase, 'Terminated')
})
