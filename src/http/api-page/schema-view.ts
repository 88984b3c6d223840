// JSON Schema as a page shows it: one row a field, the type in words, names that lead to other shapes. Pure.
import { type Html, html, prose } from './html.ts'

type Schema = { readonly [key: string]: unknown }

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The type in a few words; a reference becomes a link within the page. */
export function typeView(schema: unknown): Html {
  if (!isSchema(schema)) return html`anything`
  const { $ref, const: constant, type } = schema
  if (typeof $ref === 'string') return linkView($ref)
  if (constant !== undefined) return html`<code>${JSON.stringify(constant)}</code>`
  if (Array.isArray(schema['enum']))
    return joinWithOr(schema['enum'].map((value) => html`<code>${JSON.stringify(value)}</code>`))
  const choices = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])]
  if (choices.length > 0) return joinWithOr(choices.map(typeView))
  if (Array.isArray(type)) return joinWithOr(type.map((one) => typeView({ ...schema, type: one })))
  if (type === 'array') return html`list of ${typeView(schema['items'])}`
  if (type === 'object' && isSchema(schema['additionalProperties']))
    return html`map to ${typeView(schema['additionalProperties'])}`
  return html`${typeof type === 'string' ? type : 'anything'}`
}

const joinWithOr = (views: readonly Html[]): Html =>
  html`${views.map((view, index) => (index === 0 ? view : html` or ${view}`))}`

function linkView(ref: string): Html {
  const name = ref.split('/').at(-1) ?? ref
  return html`<a href="#shape-${name}">${name}</a>`
}

const LIMITS: Readonly<Record<string, string>> = {
  minimum: 'at least',
  exclusiveMinimum: 'more than',
  maximum: 'at most',
  minLength: 'shortest',
  maxLength: 'longest',
  minItems: 'fewest',
  maxItems: 'most',
  pattern: 'matches',
  default: 'default',
}

/** What is valid beyond the type, also of the parts of a choice. */
export function limitsView(schema: unknown): Html {
  if (!isSchema(schema)) return html``
  const own = Object.entries(LIMITS).flatMap(([key, words]) =>
    schema[key] === undefined ? [] : [html`${words} <code>${shown(schema[key])}</code>`],
  )
  const inner = listOf(schema['anyOf'])
    .map(limitsView)
    .filter((view) => view.html !== '')
  const all = [...own, ...inner]
  return html`${all.map((view, index) => (index === 0 ? view : html`, ${view}`))}`
}

const shown = (value: unknown): string => (typeof value === 'string' ? value || '""' : JSON.stringify(value))

/** The fields of an object, those inside of nested objects under theirs. */
export function fieldsView(schema: unknown): Html {
  const rows = fieldRows(schema, '')
  if (rows.length === 0) return html`<p>${typeView(schema)} ${limitsView(schema)}</p>`
  return html`<table class="fields"><tbody>${rows}</tbody></table>`
}

function fieldRows(schema: unknown, prefix: string): Html[] {
  if (!isSchema(schema) || schema['$ref'] !== undefined) return []
  const choices = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])]
  if (choices.length > 0) return choices.flatMap((choice) => fieldRows(choice, prefix))
  if (schema['type'] === 'array') return fieldRows(schema['items'], `${prefix}[].`.replace('.[]', '[]'))
  const required = listOf(schema['required'])
  const properties = isSchema(schema['properties']) ? schema['properties'] : {}
  return Object.entries(properties).flatMap(([name, field]) => [
    html`<tr><td><code>${prefix + name}</code>${required.includes(name) ? html`<b title="required">*</b>` : ''}</td><td>${typeView(field)}</td><td>${limitsView(field)} ${descriptionView(field)}</td></tr>`,
    ...fieldRows(field, `${prefix}${name}.`),
  ])
}

const descriptionView = (field: unknown): Html =>
  isSchema(field) && typeof field['description'] === 'string' ? prose(field['description']) : html``
