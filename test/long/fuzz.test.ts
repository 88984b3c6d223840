// A hundred thousand requests made up from the OpenAPI document, eight at a time: what the short test promises, and that
// the server does not grow. Some of them over PostgreSQL, which refuses what SQLite takes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { fuzzRequest, sendFuzz, valuesFor } from '../e2e/api/fuzz.ts'
import { openWorld, type World } from '../e2e/api/world.ts'
import { startPostgres } from '../engines/postgres.ts'

const REQUESTS = 100_000
const POSTGRES_REQUESTS = 20_000
const LANES = 8
/** What a server may grow by while it stores the jobs that were created. */
const GROWTH_MIB = 150

const residentMib = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** Sends so many in all, `LANES` at a time; `onSent` hears how many there were. */
async function sendMany(world: World, count: number, seed: number, onSent: (sent: number) => void) {
  const values = await valuesFor(world)
  let sent = 0
  const lane = (index: number): Promise<void> =>
    fc.assert(
      fc.asyncProperty(fuzzRequest, async (request) => {
        const { problem } = await sendFuzz(world, values, request)
        assert.equal(problem, null, problem ?? '')
        onSent(++sent)
      }),
      { seed: seed + index, numRuns: count / LANES, endOnFailure: true },
    )
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)))
  assert.doesNotMatch(world.ropeway.serverLog, /"level":[56]0|\n\s+at /, 'the server log has a failure')
}

function newSeed(context: TestContext): number {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
  context.diagnostic(`FUZZ_SEED=${seed} repeats this run`)
  return seed
}

test('a hundred thousand made-up requests', async (context) => {
  await using world = await openWorld()
  let early = 0
  await sendMany(world, REQUESTS, newSeed(context), (sent) => {
    if (sent === REQUESTS / 5) early = residentMib(world.ropeway.pid)
  })
  const late = residentMib(world.ropeway.pid)
  context.diagnostic(`the server had ${early.toFixed(0)} MiB, and ${late.toFixed(0)} MiB in the end`)
  assert.ok(late - early < GROWTH_MIB, `the server grew from ${early} to ${late} MiB`)
})

test('twenty thousand made-up requests to a server on PostgreSQL', async (context) => {
  await using engine = await startPostgres()
  await using world = await openWorld({ ROPEWAY_DATABASE: await engine.newDatabase() })
  await sendMany(world, POSTGRES_REQUESTS, newSeed(context), () => undefined)
})
