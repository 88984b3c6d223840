// One route as an OpenAPI operation. Pure.
import { ERRORS, type ErrorName } from '../errors.ts'
import type { Route } from '../route.ts'
import { errorsOf } from './call-errors.ts'
import type { Components } from './components.ts'
import { namesInPath, PATH_PARAMETERS } from './path.ts'
import type { JsonSchema } from './tidy.ts'

export type Operation = {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description: string
  readonly parameters: readonly (Parameter | { readonly $ref: string })[]
  readonly requestBody?: RequestBody
  readonly responses: Readonly<Record<string, Answer>>
  /** Only where nobody is asked who they are: none. Else what holds for the whole document. */
  readonly security?: readonly []
  /** The least role that may, and the permission's name in ModelArts' documents. */
  readonly 'x-role': string
  readonly 'x-permission': string
}
export type Parameter = {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: unknown
  readonly example?: unknown
}
export type RequestBody = {
  readonly required: boolean
  readonly content: {
    readonly 'application/json': { readonly schema: JsonSchema; readonly example?: unknown }
  }
}
export type Answer = {
  readonly $ref?: string
  readonly description?: string
  readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema; readonly examples?: unknown }>>
}

/** The group that people look a call up in: the thing its permission is about. */
export const tagOf = ({ permission }: Route): string => permission.split(':')[1] ?? permission

export function operationOf(name: string, route: Route, components: Components): Operation {
  return {
    operationId: name,
    tags: [tagOf(route)],
    summary: route.summary,
    description: `Role: ${route.role}. Permission: \`${route.permission}\`.${route.reads ? ' Changes nothing.' : ''}${differs(route)}`,
    parameters: [
      ...pathParameters(route),
      ...queryParameters(route, components),
      ...headerParameters(route),
      LANGUAGE,
    ],
    ...(route.body ? { requestBody: requestBody(route, route.body, components) } : {}),
    responses: { ...successes(route, components), ...refusals(route) },
    ...(route.role === 'open' ? { security: [] as const } : {}),
    'x-role': route.role,
    'x-permission': route.permission,
  }
}

const LANGUAGE = { $ref: '#/components/parameters/Language' }

const pathParameters = ({ path }: Route): Parameter[] =>
  namesInPath(path).map((name) => {
    const { wire, says, example } = PATH_PARAMETERS[name] ?? { wire: name, says: '', example: '' }
    return { name: wire, in: 'path', required: true, description: says, schema: { type: 'string' }, example }
  })

const headerParameters = ({ headers = {} }: Route): Parameter[] =>
  Object.entries(headers).map(([name, description]) => ({
    ...{ name, in: 'header', required: false, description },
    schema: { type: 'string' },
  }))

function queryParameters({ query, example }: Route, components: Components): Parameter[] {
  if (!query) return []
  const { properties = {}, required = [] } = components.fieldsOf(query) as {
    properties?: Record<string, JsonSchema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
    ...(example?.query?.[name] === undefined ? {} : { example: example.query[name] }),
  }))
}

function requestBody(route: Route, body: NonNullable<Route['body']>, components: Components): RequestBody {
  const { example } = route
  const schema = components.of(body, 'input')
  const media = { schema, ...(example?.body === undefined ? {} : { example: example.body }) }
  return { required: route.reads !== true, content: { 'application/json': media } }
}

const differs = ({ partly, refused }: Route): string =>
  refused ? ` Always refused: ${refused}.` : partly ? ` Other than in ModelArts: ${partly}.` : ''

/** None of a call that is always refused. */
const successes = (route: Route, components: Components): Record<string, Answer> =>
  route.refused === undefined ? { [route.success]: success(route, components) } : {}

function success({ answer, media, success: status }: Route, components: Components): Answer {
  if (status === 101) return { description: 'Goes on as a WebSocket.' }
  if (answer)
    return {
      description: 'Done.',
      content: { 'application/json': { schema: components.of(answer, 'output') } },
    }
  if (media) return { description: 'Done.', content: { [media]: {} } }
  return { description: 'Done; the body is empty.' }
}

/** One answer for each status, with the names and codes that come with it. */
function refusals(route: Route): Record<string, Answer> {
  const byStatus = Map.groupBy(errorsOf(route), (name) => ERRORS[name].status)
  return Object.fromEntries([...byStatus].map(([status, names]) => [String(status), refusal(status, names)]))
}

/** A status that means one thing is the same answer everywhere. */
function refusal(status: number, names: readonly ErrorName[]): Answer {
  return names.length === 1 ? { $ref: `#/components/responses/${names[0]}` } : answerOf(status, names)
}

/** The answer that stands for some errors of one status. */
export function answerOf(status: number, names: readonly ErrorName[]): Answer {
  const codes = names.map((name) => ERRORS[name].code)
  const description = names.map((name) => `${name} (${ERRORS[name].code})`).join(', ')
  // 204 has no body, whatever it means (modelarts.md §1.11 quirk 1).
  if (status === 204) return { description: `Not yet: ${description}` }
  return {
    description,
    content: {
      'application/json': {
        schema: {
          $ref: '#/components/schemas/ErrorBody',
          properties: { error_code: { enum: codes } },
        },
        examples: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/examples/${name}` }])),
      },
    },
  }
}
