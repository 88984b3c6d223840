// A server that is cut off from its database while jobs begin, run, print and end. How long is the caller's choice.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { PostgresEngine } from '../engines/postgres.ts'
import { Wire } from '../engines/postgres-wire.ts'
import { answers, body, Ropeway, until } from './harness.ts'
import { ownLines } from './stored-log.ts'

const LINES = 300
const numbered = Array.from({ length: LINES }, (_, i) => `line ${i}`)
const LAST = `line ${LINES - 1}\n`
/** Prints at once, waits, prints on: before, in and after the time without a database. */
const script = (waitS: number): string =>
  `echo started; i=0; while [ $i -lt ${LINES / 2} ]; do echo line $i; i=$((i+1)); done; sleep ${waitS}; while [ $i -lt ${LINES} ]; do echo line $i; i=$((i+1)); done`

const filesBelow = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** Cuts the wire for `cutMs`, or until it was refused, and checks that nothing is lost and nothing done twice. */
export async function cutOff(engine: PostgresEngine, cutMs: number): Promise<void> {
  const url = await engine.newDatabase()
  await using wire = new Wire(engine)
  await using ropeway = await Ropeway.start({ simulate: '1x2', env: { ROPEWAY_DATABASE: wire.through(url) } })
  const one = { flavor: 'ropeway.ascend-910a.1' }
  const create = async (name: string, waitS: number) =>
    (await ropeway.client.create(body(name, script(waitS), one))).metadata.id
  const ends = await create('ends-meanwhile', 1)
  const lasts = await create('lasts', Math.ceil(cutMs / 1000) + 6)
  for (const id of [ends, lasts])
    await until('it prints', async () =>
      /line 149/.test((await ropeway.client.previewLog(id, 'worker-0'))?.content ?? ''),
    )
  // Devices for the third are free when the first has ended, which nobody can write down yet.
  const waits = await create('waits', 0)

  wire.cut()
  const begun = performance.now()
  await Promise.all([
    assert.rejects(ropeway.client.show(lasts), /the database does not answer/),
    assert.rejects(ropeway.client.create(body('refused', 'true', one)), /the database does not answer/),
  ])
  assert.ok(performance.now() - begun < 8_000, 'the refusal takes seconds')
  await wait(Math.max(0, cutMs - (performance.now() - begun)))
  const again = performance.now()
  await assert.rejects(ropeway.client.search({}), /the database does not answer/)
  assert.ok(performance.now() - again < 8_000)
  await until('what the first task prints is taken without the database', () =>
    filesBelow(join(ropeway.dataDir, 'logs', ends)).some((path) => readFileSync(path, 'utf8').includes(LAST)),
  )

  wire.heal()
  const healed = performance.now()
  await until('it answers again', () => answers(ropeway.client.show(lasts)))
  assert.ok(performance.now() - healed < 5_000, 'it comes back by itself, at once')
  for (const id of [ends, lasts, waits]) {
    const { job, logs, events } = await ropeway.follow(id)
    assert.equal(job.status.phase, 'Completed', events.join('\n'))
    assert.deepEqual(ownLines(logs['worker-0']), ['started', ...numbered])
    for (const once of ['TaskStarted', 'TaskExited', 'JobCompleted'])
      assert.ok(events.filter((event) => event.startsWith(`${once}:`)).length <= 1, events.join('\n'))
  }
  const { items } = await ropeway.client.search({})
  assert.deepEqual(new Set(items.map(({ metadata }) => metadata.id)), new Set([ends, lasts, waits]))
  assert.equal(
    (await ropeway.run(body('after', 'true', { flavor: 'ropeway.ascend-910a.2' }))).job.status.phase,
    'Completed',
  )

  wire.cut()
  const stopping = performance.now()
  assert.equal(await ropeway.stop(), 0, 'it can be stopped while it is cut off')
  assert.ok(performance.now() - stopping < 15_000)
}
