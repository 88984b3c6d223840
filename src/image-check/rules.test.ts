import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageFacts } from './facts-fixture.ts'
import { checkImage, RULES } from './rules.ts'

test('an image that keeps all rules has nothing against it but the missing run_train.sh', () => {
  const findings = checkImage(imageFacts(), { allowRoot: false })
  const bad = findings.filter(({ level }) => level !== 'ok')
  assert.deepEqual(
    bad.map(({ rule, applies }) => `${rule} ${applies}`),
    ['run-train modelarts-1'],
  )
  assert.equal(bad[0]?.source, 'ModelArts base images, generation 1: run_train.sh')
  assert.deepEqual(
    findings.filter(({ source }) => source === ''),
    [],
  )
})

test('every rule has a name of its own and stands on the page', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/check-an-image.md'), 'utf8')
  assert.equal(new Set(RULES.map(({ id }) => id)).size, RULES.length)
  for (const { id } of RULES)
    assert.ok(page.includes(`| \`${id}\` |`), `docs/how-to/check-an-image.md does not name ${id}`)
})
