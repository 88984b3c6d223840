// From bytes to a parsed value, or an AppError that names the field, what came and what would be valid.
import type { z } from 'zod'
import { AppError } from '../api/error.ts'
import type { ErrorName } from '../api/errors.ts'

const SHOWN = 120
/** No field of the contract nests a tenth of this. */
const MAX_DEPTH = 64

/** Parses JSON and checks it against a schema. */
export function parseBody<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  let value: unknown
  let text = ''
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError(
      'InvalidJsonBody',
      `body: is not JSON (${cause instanceof Error ? cause.message.slice(0, SHOWN) : 'unreadable'}); valid: a JSON object`,
      { cause },
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('InvalidJsonBody', `body: got ${show(value)}; valid: a JSON object`)
  }
  if (!isWithin(value, MAX_DEPTH)) {
    throw new AppError('InvalidJsonBody', `body: is nested too deep; valid: at most ${MAX_DEPTH} levels`)
  }
  // Only an escape can spell half a character.
  const half = text.includes('\\u') ? halfCharacter(value, []) : null
  if (half !== null)
    throw new AppError(
      'InvalidParam',
      `${fieldName(half)}: has half of a surrogate pair (\\ud800 to \\udfff); valid: whole characters`,
    )
  return check(schema, value, codeOf)
}

/** The path of a text that is no Unicode; null when all is well. */
function halfCharacter(value: unknown, path: readonly string[]): readonly string[] | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : path
  if (typeof value !== 'object' || value === null) return null
  for (const [key, inner] of Object.entries(value)) {
    const found = key.isWellFormed() ? halfCharacter(inner, [...path, key]) : path
    if (found !== null) return found
  }
  return null
}

/** Does nothing in the value stand deeper than `levels`? */
const isWithin = (value: unknown, levels: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((inner) => isWithin(inner, levels - 1)))

/** These mean something by being there, as Keystone has them. */
const FLAGS: ReadonlySet<string> = new Set(['nocatalog'])

/** Checks query parameters against a schema. A blank one is not set, as clients that fill in a form send it. */
export function parseQuery<T>(schema: z.ZodType<T>, query: Readonly<Record<string, string>>): T {
  const given = Object.entries(query).filter(([name, value]) => value !== '' || FLAGS.has(name))
  return check(schema, Object.fromEntries(given), () => 'QueryParamsError')
}

/** The wrong type and the wrong size have codes of their own (modelarts.md §1.10); what is missing is neither. */
function codeOf(issue: z.core.$ZodIssue | undefined, got: unknown): ErrorName {
  if (issue?.code === 'invalid_type' && got !== undefined) return 'ParamTypeError'
  const isRange = issue?.code === 'too_small' || issue?.code === 'too_big'
  return isRange && typeof got === 'number' ? 'ParamRangeError' : 'InvalidParam'
}

function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
  codeFor: (issue: z.core.$ZodIssue | undefined, got: unknown) => ErrorName,
): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path ?? []
  const got = path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  )
  throw new AppError(codeFor(issue, got), `${fieldName(path)}: got ${show(got)}; valid: ${validText(issue)}`)
}

const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key),
    '',
  ) || 'body'

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function validText(issue: z.core.$ZodIssue | undefined): string {
  if (!issue) return 'another value'
  if (issue.code === 'invalid_value')
    return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
  if (issue.code === 'invalid_type') return TYPE_WORDS[issue.expected] ?? `a value of type ${issue.expected}`
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => inner.message).join('; ')
  return issue.message.replace(/^must /, 'it must ')
}

/** A value as a person can read it: short, one line, no control characters. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text
}
