// The tables of fields against the contract.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { trainingJobRequest } from '../api/training-job.ts'
import { ACTED, ACTED_ANNOTATIONS } from './acted-fields.ts'
import { ANNOTATION, RETRY } from './annotations.ts'
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

const ROOT = join(import.meta.dirname, '../..')
const PAGE = readFileSync(join(ROOT, 'docs/fields.md'), 'utf8')

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

/** modelarts.md §1.3.1. */
const OF_THE_DOCUMENTS = [
  'job_template',
  'fault-tolerance/job-retry-num',
  'fault-tolerance/job-unconditional-retry',
  'fault-tolerance/hang-retry',
  'jupyter-lab/enable',
  'tensorboard/enable',
  'mindstudio-insight/enable',
]
const ACTED_NAMES = ACTED_ANNOTATIONS.flatMap(({ names }) => names)

test('the page says of every annotation of the documents, and of ours, what happens with it', () => {
  const prefix = 'metadata.annotations.'
  const others = [...REFUSED, ...KEPT].flatMap(({ field }) =>
    field.startsWith(prefix) ? field.slice(prefix.length) : [],
  )
  const said = [...ACTED_NAMES, ...others]
  const all = [...OF_THE_DOCUMENTS, ...Object.values(ANNOTATION)]
  assert.deepEqual(
    all.filter((name) => !said.includes(name)),
    [],
  )
  assert.equal(new Set(ACTED_NAMES).size, ACTED_NAMES.length)
  assert.deepEqual(
    all.filter((name) => !PAGE.includes(`${name}\``)),
    [],
  )
})

test('every annotation that is said to be acted on is read by something', () => {
  const table = ['annotations.ts', 'acted-fields.ts', 'check-fields.ts']
  const sources = globSync('src/**/*.ts', { cwd: ROOT, exclude: (name) => /\.test\.ts$/.test(name) })
    .filter((path) => !table.includes(basename(path)))
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .join('\n')
  const constants = [...Object.entries(ANNOTATION), ...Object.entries(RETRY)]
  const unread = ACTED_NAMES.filter((name) => {
    const key = constants.find(([, value]) => value === name)?.[0]
    return !sources.includes(key === undefined ? `${name}:` : `.${key}]`) && !sources.includes(`.${key},`)
  })
  assert.deepEqual(unread, [])
})
