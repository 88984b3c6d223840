// Values made up from JSON Schema: mostly valid, now and then something that nobody expects.
import fc from 'fast-check'
import type { JsonSchema } from '../../../src/api/openapi/tidy.ts'
import { DOCUMENT } from './answers.ts'

/** What has broken programs before. */
const ODD: readonly unknown[] = [
  ...[
    null,
    true,
    '',
    ' ',
    '\0',
    '\ud800',
    '\u202e',
    '../../etc/passwd',
    "'; drop table job; --",
    '$HOME',
    '%s%n',
  ],
  ...['x'.repeat(5000), '😀'.repeat(40), '1e999', '-0', 'NaN', '__proto__', 'constructor', '<script>'],
  ...[0, -1, 1e308, 2 ** 53, 2 ** 53 + 2, -(2 ** 63), 1e-320, 0.1],
  ...[[], {}, [[[[[]]]]], { __proto__: null }, { a: { b: { c: {} } } }, [null]],
]

export const odd: fc.Arbitrary<unknown> = fc.oneof(fc.constantFrom(...ODD), fc.jsonValue({ maxDepth: 2 }))

/** Text for a place where any text can stand. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...ODD.filter((value) => typeof value === 'string')),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

type Schema = JsonSchema & {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly additionalProperties?: Schema
}

/** A value of the schema; at each of its places one time in `oddOneIn` something odd. */
export function madeFrom(schema: Schema, oddOneIn: number, depth = 0): fc.Arbitrary<unknown> {
  const valid = validOf(schema, oddOneIn, depth)
  return fc.oneof({ arbitrary: valid, weight: oddOneIn - 1 }, { arbitrary: odd, weight: 1 })
}

function validOf(schema: Schema, oddOneIn: number, depth: number): fc.Arbitrary<unknown> {
  if (typeof schema['$ref'] === 'string') return validOf(resolved(schema['$ref']), oddOneIn, depth)
  if ('const' in schema) return fc.constant(schema['const'])
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
  if (choices.length > 0) return fc.oneof(...choices.map((choice) => validOf(choice, oddOneIn, depth)))
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type) => validOf({ ...schema, type }, oddOneIn, depth)))
  const make = MAKERS[String(schema.type)]
  return make ? make(schema, oddOneIn, depth) : fc.jsonValue({ maxDepth: 1 })
}

const numberAt = (schema: Schema, key: string, otherwise: number): number =>
  typeof schema[key] === 'number' ? schema[key] : otherwise

const MAKERS: Readonly<
  Record<string, (schema: Schema, oddOneIn: number, depth: number) => fc.Arbitrary<unknown>>
> = {
  null: () => fc.constant(null),
  boolean: () => fc.boolean(),
  integer: (schema) =>
    fc.integer({
      min: numberAt(schema, 'minimum', -5),
      max: Math.min(numberAt(schema, 'maximum', 2 ** 31 - 1), 2 ** 31 - 1),
    }),
  number: (schema) =>
    fc.double({ min: numberAt(schema, 'minimum', 0), max: numberAt(schema, 'maximum', 1e9), noNaN: true }),
  string: (schema) =>
    typeof schema['pattern'] === 'string'
      ? fc.stringMatching(new RegExp(schema['pattern']))
      : fc.oneof(
          fc.constantFrom('', 'a', 'obs://training-bucket/code/', 'worker-0', 'ropeway.cpu.1', '0'),
          fc.string({ maxLength: Math.min(numberAt(schema, 'maxLength', 30), 30) }),
        ),
  array: (schema, oddOneIn, depth) =>
    fc.array(madeFrom(schema.items ?? {}, oddOneIn, depth + 1), { maxLength: depth > 3 ? 1 : 3 }),
  object: (schema, oddOneIn, depth) => {
    const entries = Object.entries(schema.properties ?? {}).map(
      ([name, inner]) => [name, madeFrom(inner, oddOneIn, depth + 1)] as const,
    )
    const required = (schema.required ?? []).filter((name) => schema.properties?.[name])
    const record = fc.record(Object.fromEntries(entries), { requiredKeys: required })
    if (!schema.additionalProperties) return record
    return fc.dictionary(
      fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/),
      madeFrom(schema.additionalProperties, oddOneIn, depth + 1),
      { maxKeys: 3 },
    )
  },
}

function resolved(ref: string): Schema {
  const found = DOCUMENT.components.schemas[ref.split('/').at(-1) ?? '']
  if (found === undefined) throw new Error(`${ref} leads nowhere`)
  return found as Schema
}

/** A document with a few of its places dropped or made odd. */
export const spoilt = (document: unknown): fc.Arbitrary<unknown> =>
  fc
    .array(fc.tuple(fc.nat(), fc.option(odd, { nil: undefined, freq: 3 })), { minLength: 0, maxLength: 2 })
    .map((changes) => changes.reduce((value, [at, other]) => replaceNth(value, at, other), document))

/** Replaces one of all places in a document, counted from `at`; undefined drops it. */
function replaceNth(document: unknown, at: number, other: unknown): unknown {
  const places = placesIn(document)
  const path = places[at % Math.max(1, places.length)]
  return path === undefined ? document : replaced(document, path, other)
}

const placesIn = (value: unknown, path: readonly string[] = []): string[][] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...placesIn(inner, [...path, key])])

function replaced(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined || typeof value !== 'object' || value === null) return other
  const inner = rest.length === 0 ? other : replaced((value as Record<string, unknown>)[key], rest, other)
  if (Array.isArray(value)) return value.map((entry, index) => (String(index) === key ? inner : entry))
  return { ...value, [key]: inner }
}
