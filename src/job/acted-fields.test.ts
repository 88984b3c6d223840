// The tables of fields against the contract.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { trainingJobRequest } from '../api/training-job.ts'
import { ACTED } from './acted-fields.ts'
import { ANNOTATION } from './annotations.ts'
import { KEPT, REFUSED } from './check-fields.ts'

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly type?: string
}

/** Every field of a schema that has none inside it; `[]` stands for any position of an array. */
function leavesOf(schema: Schema, path = ''): string[] {
  const properties = Object.entries(schema.properties ?? {})
  if (properties.length > 0)
    return properties.flatMap(([name, inner]) => leavesOf(inner, path === '' ? name : `${path}.${name}`))
  if (schema.items) return leavesOf(schema.items, `${path}[]`)
  const choices = (schema.anyOf ?? []).filter(({ type }) => type !== 'null')
  return choices.length > 0 ? choices.flatMap((choice) => leavesOf(choice, path)) : [path]
}

const LEAVES = [
  ...new Set(leavesOf(z.toJSONSchema(trainingJobRequest, { io: 'input', unrepresentable: 'any' }) as Schema)),
]
const isWithin = (field: string, table: string): boolean =>
  field === table || field.startsWith(`${table}.`) || field.startsWith(`${table}[]`)

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/fields.md'), 'utf8')

/** Two fields that one rule stands for. */
const TOGETHER: Readonly<Record<string, string>> = {
  'algorithm.autosearch_framework_path': 'algorithm.autosearch_config_path',
  'spec.asset_model': 'spec.asset_id',
}

test('the page says of every field of a create body what happens with it', () => {
  const said = [...ACTED, ...REFUSED, ...KEPT].map(({ field }) => field)
  const missing = LEAVES.filter((leaf) => !said.some((field) => isWithin(TOGETHER[leaf] ?? leaf, field)))
  assert.deepEqual(missing, [], 'add these to acted-fields.ts or check-fields.ts')
})

test('every field that is said to be acted on is one of the contract, once', () => {
  const fields = ACTED.map(({ field }) => field)
  assert.deepEqual(
    fields.filter((field) => !LEAVES.some((leaf) => isWithin(leaf, field))),
    [],
  )
  assert.equal(new Set(fields).size, fields.length)
})

test('the page names every annotation of ours', () => {
  assert.deepEqual(
    Object.values(ANNOTATION).filter((name) => !PAGE.includes(`\`${name}\``)),
    [],
  )
})
