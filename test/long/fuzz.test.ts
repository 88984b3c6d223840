// A hundred thousand requests made up from the OpenAPI document, eight at a time: what the short test promises, and that
// the server does not grow.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { fuzzRequest, sendFuzz, valuesFor } from '../e2e/api/fuzz.ts'
import { openWorld } from '../e2e/api/world.ts'

const REQUESTS = 100_000
const LANES = 8
/** What a server may grow by while it stores the jobs that were created. */
const GROWTH_MIB = 150

const residentMib = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

test('a hundred thousand made-up requests', async (context) => {
  await using world = await openWorld()
  const values = await valuesFor(world)
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
  context.diagnostic(`FUZZ_SEED=${seed} repeats this run`)
  let sent = 0
  let early = 0
  const lane = (index: number): Promise<void> =>
    fc.assert(
      fc.asyncProperty(fuzzRequest, async (request) => {
        const { problem } = await sendFuzz(world, values, request)
        assert.equal(problem, null, problem ?? '')
        if (++sent === REQUESTS / 5) early = residentMib(world.ropeway.pid)
      }),
      { seed: seed + index, numRuns: REQUESTS / LANES, endOnFailure: true },
    )
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)))
  const late = residentMib(world.ropeway.pid)
  context.diagnostic(
    `${sent} requests; the server had ${early.toFixed(0)} MiB, and ${late.toFixed(0)} MiB in the end`,
  )
  assert.ok(late - early < GROWTH_MIB, `the server grew from ${early} to ${late} MiB`)
  assert.doesNotMatch(world.ropeway.serverLog, /"level":[56]0|\n\s+at /, 'the server log has a failure')
})
