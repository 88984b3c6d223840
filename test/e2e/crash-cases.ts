// kill -9 of the server at a point of its loop, then a restart: the job goes on, nothing runs twice, no log byte is lost
// or doubled, and nothing is left over. The points come from the list of actions; the database is the caller's choice.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ACTIONS } from '../../src/job/step.ts'
import { body, erased, Ropeway, type ServeOptions, until } from './harness.ts'
import { ownLines } from './stored-log.ts'

const LINES = 400
/** One line per start, then many numbered lines: a second start and a lost or doubled byte both show. */
const COMMAND = `echo started $$; i=0; while [ $i -lt ${LINES} ]; do echo line $i; i=$((i+1)); done; sleep 0.2; echo done`
const EXPECTED = [...Array.from({ length: LINES }, (_, i) => `line ${i}`), 'done'].join('\n')

/** Which job reaches the point: erase only happens to a job that is deleted, stop to one that is stopped. */
export const SCENARIOS = {
  start: 'run',
  collect: 'run',
  remove: 'run',
  stop: 'terminate',
  erase: 'delete',
} as const satisfies Record<(typeof ACTIONS)[number], 'run' | 'terminate' | 'delete'>

export type CrashPoint = { readonly point: string; readonly scenario: 'run' | 'terminate' | 'delete' }

export const POINTS: readonly CrashPoint[] = [
  ...ACTIONS.flatMap((action) =>
    [`before:${action}`, `after:${action}`].map((point) => ({ point, scenario: SCENARIOS[action] })),
  ),
  { point: 'before:write', scenario: 'run' },
  { point: 'after:write', scenario: 'run' },
]

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

/** What the command printed, and how often it began. */
function printed(log: string): { starts: number; text: string; sha256: string } {
  const lines = ownLines(log)
  const starts = lines.filter((line) => line.startsWith('started ')).length
  const text = lines.filter((line) => !line.startsWith('started ')).join('\n')
  return { starts, text, sha256: createHash('sha256').update(text).digest('hex') }
}

/** No folder, process or mount of a task is left in the data folder. */
export async function nothingLeft(ropeway: Ropeway): Promise<void> {
  await until(
    'the task folders are gone',
    () =>
      readdirSync(join(ropeway.dataDir, 'tasks')).filter((name) => /^[0-9a-f]{12}-/.test(name)).length === 0,
  )
  assert.deepEqual(processesOf(ropeway.dataDir), [])
  assert.deepEqual(mountsOf(ropeway.dataDir), [])
}

/** Where the server's tasks run. */
export type CrashSetting = {
  readonly serve: ServeOptions
  readonly image: string
  readonly nothingLeft: (ropeway: Ropeway) => Promise<void>
}

/** Tasks on this machine's own root; `env` names the database. */
export const onHost = (env: Record<string, string> = {}): CrashSetting => ({
  serve: { env },
  image: 'host',
  nothingLeft,
})

export async function crashAt({ point, scenario }: CrashPoint, setting: CrashSetting): Promise<void> {
  await using ropeway = await Ropeway.start({ simulate: '1x2', ...setting.serve })
  const algorithm = { engine: { image_url: setting.image } }
  await ropeway.stop()
  await ropeway.start({ ROPEWAY_FAULT_POINT: point })
  const command = scenario === 'run' ? COMMAND : `${COMMAND}; sleep 600`
  const { metadata } = await ropeway.client.create(
    body('crash', command, { flavor: 'ropeway.ascend-910a.1', algorithm }),
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
    await erased(ropeway, metadata.id)
  } else {
    const { job, logs, events } = await ropeway.follow(metadata.id)
    const { starts, text, sha256 } = printed(logs['worker-0'] ?? '')
    assert.equal(job.status.phase, scenario === 'run' ? 'Completed' : 'Terminated', events.join('\n'))
    assert.ok(starts <= 1, 'the command began twice')
    if (scenario === 'run') {
      assert.equal(starts, 1)
      assert.equal(sha256, createHash('sha256').update(EXPECTED).digest('hex'), text.slice(-300))
    }
  }
  await setting.nothingLeft(ropeway)
  const again = await ropeway.run(body('after', 'true', { flavor: 'ropeway.ascend-910a.2', algorithm }))
  assert.equal(again.job.status.phase, 'Completed', 'the devices are free again')
}
