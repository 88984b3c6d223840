// Keys of a document that no schema names, at any depth. Schemas of requests let them pass; who reads the document says
// what comes of them. Pure.
import { z } from 'zod'

export type UnknownKey = {
  /** Keys and positions that lead to the object it stands in. */
  readonly at: readonly (string | number)[]
  readonly key: string
  /** What could stand there. */
  readonly known: readonly string[]
}

/** In the order of the document. Of an object about which the schema says nothing all is known. */
export function* unknownKeys(
  schema: z.core.$ZodType,
  value: unknown,
  at: readonly (string | number)[] = [],
): Generator<UnknownKey> {
  const told = peel(schema)
  if (told instanceof z.ZodArray && Array.isArray(value)) {
    for (const [index, entry] of value.entries()) yield* unknownKeys(told.element, entry, [...at, index])
    return
  }
  if (!(told instanceof z.ZodObject) || typeof value !== 'object' || value === null) return
  const shape: Readonly<Record<string, z.core.$ZodType>> = told.shape
  const known = Object.keys(shape)
  if (known.length === 0) return
  for (const [key, entry] of Object.entries(value)) {
    const field = Object.hasOwn(shape, key) ? shape[key] : undefined
    if (field === undefined) yield { at, key, known }
    else yield* unknownKeys(field, entry, [...at, key])
  }
}

/** Takes optional, nullable and default off a schema. */
function peel(schema: z.core.$ZodType): z.core.$ZodType {
  let found = schema
  while (found instanceof z.ZodOptional || found instanceof z.ZodNullable || found instanceof z.ZodDefault)
    found = found.unwrap()
  return found
}
