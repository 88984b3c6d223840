// Two thousand requests made up from the OpenAPI document: no 5xx, no silence, no answer that the document does not tell of.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { ROUTES, type RouteName, routeOf } from '../../../src/api/routes.ts'
import { fuzzRequest, sendFuzz, type Values, valuesFor } from './fuzz.ts'
import { ONLY_REFUSED, openWorld, type World } from './world.ts'

/** The same requests each time: what is found here must be found again. test/long looks further. */
const SEED = 20_261_126
const REQUESTS = 2_000
/** A call that was asked for so often should have succeeded once. */
const ENOUGH = 10

let world: World
let values: Values
before(async () => {
  world = await openWorld()
  values = await valuesFor(world)
})
after(() => world[Symbol.asyncDispose]())

test('every answer to a made-up request is one that the document tells of', async () => {
  const asked = new Map<RouteName, number>()
  const done = new Set<RouteName>()
  await fc.assert(
    fc.asyncProperty(fuzzRequest, async (request) => {
      const { name, status, problem } = await sendFuzz(world, values, request)
      assert.equal(problem, null, problem ?? '')
      asked.set(name, (asked.get(name) ?? 0) + 1)
      if (status < 400) done.add(name)
    }),
    { seed: SEED, numRuns: REQUESTS, endOnFailure: true },
  )
  const idle = (Object.keys(ROUTES) as RouteName[]).filter(
    (name) =>
      !done.has(name) &&
      (asked.get(name) ?? 0) >= ENOUGH &&
      !(name in ONLY_REFUSED) &&
      routeOf(name).refused === undefined,
  )
  assert.deepEqual(idle, [], 'none of the requests to these ever succeeded')
  assert.doesNotMatch(world.ropeway.serverLog, /"level":[56]0|\n\s+at /, 'the server log has a failure')
})
