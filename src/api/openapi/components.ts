// The schemas of all bodies and answers as JSON Schema, each named one once. A request's form differs from an
// answer's where a field has a default; a schema that travels both ways then stands there twice. Pure.
import { z } from 'zod'
import { namedSchemas } from './named-schemas.ts'
import { type JsonSchema, refsIn, tidy } from './tidy.ts'

type Direction = 'input' | 'output'
type Names = ReadonlyMap<z.ZodType, string>
type Schemas = Readonly<Record<string, JsonSchema>>

const PREFIX = '#/components/schemas/'

export type Components = {
  readonly schemas: Schemas
  /** A body's or an answer's schema, or the reference to it. */
  readonly of: (schema: z.ZodType, direction: Direction) => JsonSchema
  /** A query's fields themselves: they become parameters one by one. */
  readonly fieldsOf: (schema: z.ZodType) => JsonSchema
}

/** Collects what is reached from the bodies that are sent and the answers that come. */
export function collectComponents(bodies: readonly z.ZodType[], answers: readonly z.ZodType[]): Components {
  const names: Names = new Map([...namedSchemas()].map(([name, schema]) => [schema, name]))
  const inputs = reach(
    convertAll(names, 'input'),
    bodies.map((schema) => convert(names, schema, 'input')),
  )
  const outputs = reach(
    convertAll(names, 'output'),
    answers.map((schema) => convert(names, schema, 'output')),
  )
  const twice = differing(inputs, outputs)
  const nameOf = (name: string, direction: Direction): string =>
    direction === 'input' && twice.has(name) ? `${name}Input` : name
  const renamed = new Map([...names].map(([schema, name]) => [schema, nameOf(name, 'input')]))
  const sent = convertAll(renamed, 'input')
  const schemas = [
    ...Object.keys(inputs).map((name) => [nameOf(name, 'input'), sent[nameOf(name, 'input')]] as const),
    ...Object.entries(outputs),
  ] as [string, JsonSchema][]
  return {
    schemas: Object.fromEntries(schemas.sort(([a], [b]) => (a < b ? -1 : 1))),
    of: (schema, direction) => convert(direction === 'input' ? renamed : names, schema, direction),
    fieldsOf: (schema) =>
      convert(new Map([...renamed].filter(([other]) => other !== schema)), schema, 'input'),
  }
}

/** Every named schema, referring to the others by name. */
function convertAll(names: Names, io: Direction): Schemas {
  const { schemas } = z.toJSONSchema(registryOf(names), {
    ...{ io, unrepresentable: 'any' },
    uri: (id) => PREFIX + id,
  })
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, tidy(schema)]))
}

/** One schema that need not have a name. */
function convert(names: Names, schema: z.ZodType, io: Direction): JsonSchema {
  const name = names.get(schema)
  if (name !== undefined) return { $ref: PREFIX + name }
  const { $defs: _, ...converted } = z.toJSONSchema(schema, {
    ...{ io, unrepresentable: 'any', metadata: registryOf(names) },
  })
  return tidy(converted)
}

function registryOf(names: Names) {
  const registry = z.registry<{ id: string }>()
  for (const [schema, id] of names) registry.add(schema, { id })
  return registry
}

/** Those of `all` that the roots refer to, however far. */
function reach(all: Schemas, roots: readonly JsonSchema[]): Schemas {
  const found = new Map<string, JsonSchema>()
  const follow = (schema: JsonSchema): void => {
    for (const ref of refsIn(schema)) {
      const name = ref.slice(PREFIX.length)
      const next = all[name]
      if (next === undefined || found.has(name)) continue
      found.set(name, next)
      follow(next)
    }
  }
  for (const root of roots) follow(root)
  return Object.fromEntries(found)
}

/** Names whose two forms are not the same, by themselves or by what they hold. */
function differing(inputs: Schemas, outputs: Schemas): ReadonlySet<string> {
  const both = Object.keys(inputs).filter((name) => name in outputs)
  const found = new Set(both.filter((name) => JSON.stringify(inputs[name]) !== JSON.stringify(outputs[name])))
  for (let before = -1; before < found.size; ) {
    before = found.size
    for (const name of both)
      if (refsIn(inputs[name]).some((ref) => found.has(ref.slice(PREFIX.length)))) found.add(name)
  }
  return found
}
