// Every field of the SDK's create body, sent alone and together; and the generated page that says what came of it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type Connected, connectSdk } from '../../sdk/connected.ts'
import { COVERAGE_PAGE, renderCoverage } from '../../sdk/coverage.ts'
import { type FieldResult, ownJob, sendEachField } from '../../sdk/create-fields.ts'
import { merged, misread, onlyAt, valueAt } from '../../sdk/model-fields.ts'
import { besideOf, LEAST_JOB } from '../../sdk/sent-values.ts'

let connected: Connected
let fields: readonly FieldResult[]
before(async () => {
  connected = await connectSdk()
  fields = await sendEachField(connected.sdk, connected.description, connected.world.ropeway)
})
after(() => connected[Symbol.asyncDispose]())

test('docs/sdk-coverage.md holds every call and every field of its body, as they are today', async () => {
  const page = await renderCoverage(connected, fields)
  assert.doesNotMatch(page, /the SDK fails/)
  assert.equal(readFileSync(COVERAGE_PAGE, 'utf8'), page, 'run "node test/sdk/coverage.ts"')
})

/** Made with the first job that names it; a second job cannot make it again. */
const ONCE = /^metadata\.training_experiment_reference/

test('a body with every field that is taken at all comes back whole, and the SDK reads it', async () => {
  const taken = fields.filter(({ path, result }) => result.startsWith('same') && !ONCE.test(path))
  assert.ok(taken.length > 60, `only ${taken.length} fields are taken`)
  const body = taken
    .flatMap(({ path, sent }) => [...besideOf(path), onlyAt(path, sent)])
    .reduce(merged, LEAST_JOB)
  const { sdk, description } = connected
  const made = await sdk.call('create_training_job', {}, ownJob(body, 9999))
  assert.ok(made.ok, JSON.stringify(made.error))
  const params = { training_job_id: (made.answer as { metadata: { id: string } }).metadata.id }
  const shown = await sdk.call('show_training_job_details', params)
  const raw = JSON.parse(shown.raw ?? 'null') as unknown
  for (const { path } of taken.filter((field) => field.path !== 'metadata.annotations'))
    assert.deepEqual(valueAt(raw, path), valueAt(ownJob(body, 9999), path), path)
  const { response = '' } = description.operations['show_training_job_details'] ?? {}
  assert.deepEqual(misread(description.models, response, raw, shown.answer), [])
})
