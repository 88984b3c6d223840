// JSON Schema as people read it: without what zod says of everything. Pure.

export type JsonSchema = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSafeBound = (value: unknown): boolean =>
  value === Number.MAX_SAFE_INTEGER || value === Number.MIN_SAFE_INTEGER

/** True for a keyword that adds nothing: whole numbers are safe ones, and objects may always grow. */
const saysNothing = (key: string, value: unknown): boolean =>
  key === '$schema' ||
  key === '$id' ||
  ((key === 'minimum' || key === 'maximum') && isSafeBound(value)) ||
  (key === 'additionalProperties' &&
    (value === false || (isObject(value) && Object.keys(value).length === 0)))

/** Drops those keywords, at every depth. References of `$defs` come to point at the document's components. */
export function tidy(schema: JsonSchema): JsonSchema {
  const kept = Object.entries(schema).filter(([key, value]) => !saysNothing(key, value))
  return Object.fromEntries(kept.map(([key, value]) => [key, tidyKeyword(key, value)]))
}

function tidyKeyword(key: string, value: unknown): unknown {
  if (key === '$ref' && typeof value === 'string') return value.replace('#/$defs/', '#/components/schemas/')
  if (key === 'default' || key === 'enum' || key === 'const') return value
  if (key === 'properties' && isObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, tidyValue(inner)]))
  return tidyValue(value)
}

const tidyValue = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(tidyValue) : isObject(value) ? tidy(value) : value

/** Every reference in a schema, at any depth. */
export function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
  )
}
