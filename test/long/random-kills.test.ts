// kill -9 of the server at random moments while jobs come, wait, run and end: `make test-long`.
// A seed makes a run repeatable: SEED=7 make test-long. What is checked is the same as for the named fault points.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { body, Ropeway, until } from '../e2e/harness.ts'
import { ownLines } from '../e2e/stored-log.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? 40)
const SEED = Number(process.env['SEED'] ?? 1)
const LINES = 300
const COMMAND = `echo started; i=0; while [ $i -lt ${LINES} ]; do echo line $i; i=$((i+1)); done; sleep 0.3; echo done`
const EXPECTED = ['started', ...Array.from({ length: LINES }, (_, i) => `line ${i}`), 'done'].join('\n')

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

it(`${ROUNDS} kills at random moments (seed ${SEED}): every accepted job ends once, with every log byte`, async () => {
  const random = randomOf(SEED)
  await using ropeway = await Ropeway.start({ simulate: '1x2' })
  const accepted: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { metadata } = await ropeway.client.create(
      body(`job-${round}`, COMMAND, { flavor: 'ropeway.ascend-910a.1' }),
    )
    accepted.push(metadata.id)
    await wait(random() * 600)
    await ropeway.kill()
    await ropeway.start()
  }
  for (const id of accepted) {
    const { job, logs, events } = await ropeway.follow(id)
    assert.equal(job.status.phase, 'Completed', events.join('\n'))
    const lines = ownLines(logs['worker-0'])
    assert.equal(sha256(lines.join('\n')), sha256(EXPECTED), `job ${id}: ${lines.length} lines`)
  }
  await until(
    'the task folders are gone',
    () => !readdirSync(join(ropeway.dataDir, 'tasks')).some((name) => /^[0-9a-f]{12}-/.test(name)),
  )
})
