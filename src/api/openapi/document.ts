// The contract as an OpenAPI 3.1 document, made from the table of routes and the table of errors. Pure.
import { type ErrorBody, errorBody } from '../error.ts'
import { ERRORS, type ErrorName } from '../errors.ts'
import { LANGUAGES } from '../language.ts'
import type { Route } from '../route.ts'
import { ROUTES } from '../routes.ts'
import { errorsOf } from './call-errors.ts'
import { collectComponents } from './components.ts'
import { type Answer, answerOf, type Operation, operationOf, type Parameter, tagOf } from './operation.ts'
import { wirePath } from './path.ts'
import type { JsonSchema } from './tidy.ts'

export type OpenApiDocument = {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, SecurityScheme>>
    readonly parameters: Readonly<Record<string, Parameter>>
    readonly schemas: Readonly<Record<string, JsonSchema>>
    readonly responses: Readonly<Record<string, Answer>>
    readonly examples: Readonly<Record<string, unknown>>
  }
}
export type SecurityScheme = {
  readonly type: 'apiKey'
  readonly in: 'header'
  readonly name: string
  readonly description: string
}

const DESCRIPTION = `Training jobs as ModelArts knows them: paths under \`/v2\` are those of its API, paths under
\`/ropeway/v1\` are Ropeway's own. Bodies are JSON, at most 12 MiB, and at most
1 MiB of a job or an algorithm. Every answer has an \`X-Request-Id\`. A refusal has
the body \`ErrorBody\`; its \`error_code\` is one of those named with the call.`

const SCHEMES: Readonly<Record<string, SecurityScheme>> = {
  accessKey: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description:
      'A request signed with an access key: `SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`, with X-Sdk-Date. The SDKs of Huawei Cloud, the TypeScript client and the command line do it by themselves. With a temporary key the header X-Security-Token is sent and signed too.',
  },
  token: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Auth-Token',
    description: 'A token of `POST /v3/auth/tokens`, as its answer brings it in the header X-Subject-Token.',
  },
}

/** `version` is the package's. */
export function openApiDocument(version: string): OpenApiDocument {
  const routes = Object.entries(ROUTES) as [string, Route][]
  const all = routes.map(([, route]) => route)
  const components = collectComponents(
    all.flatMap(({ body }) => body ?? []),
    [...all.flatMap(({ answer }) => answer ?? []), errorBody],
  )
  const used = new Set(all.flatMap(errorsOf))
  const errors = (Object.keys(ERRORS) as ErrorName[]).filter((name) => used.has(name))
  const paths: Record<string, Record<string, Operation>> = {}
  for (const [name, route] of routes) {
    const path = wirePath(route.path)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route, components) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Ropeway', version, description: DESCRIPTION },
    security: Object.keys(SCHEMES).map((scheme) => ({ [scheme]: [] })),
    tags: [...new Set(all.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: SCHEMES,
      schemas: components.schemas,
      parameters: { Language: LANGUAGE },
      responses: Object.fromEntries(errors.map((name) => [name, answerOf(ERRORS[name].status, [name])])),
      examples: Object.fromEntries(
        errors.filter((name) => ERRORS[name].status !== 204).map((name) => [name, errorExample(name)]),
      ),
    },
  }
}

function errorExample(name: ErrorName): { summary: string; value: ErrorBody } {
  const { code, solution } = ERRORS[name]
  const value = { error_msg: `${name}: …`, error_code: code, error_solution: solution }
  return { summary: solution, value }
}

const LANGUAGE: Parameter = {
  name: 'X-Language',
  in: 'header',
  required: false,
  description: 'The language of advice in errors.',
  schema: { enum: LANGUAGES, default: LANGUAGES[0] },
}
