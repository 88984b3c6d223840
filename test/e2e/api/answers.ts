// Is an answer one that the OpenAPI document tells of? The document is read as another program would read it.
import { isDeepStrictEqual } from 'node:util'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { openApiDocument } from '../../../src/api/openapi/document.ts'
import type { Answer } from '../../../src/api/openapi/operation.ts'
import { wirePath } from '../../../src/api/openapi/path.ts'
import type { RouteName } from '../../../src/api/routes.ts'
import { routeOf } from '../../../src/api/routes.ts'
import type { RawAnswer } from './signed.ts'

export const DOCUMENT = openApiDocument('0.0.0')

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema(structuredClone(DOCUMENT) as object, 'openapi')
const compiled = new Map<string, ValidateFunction>()

function validator(pointer: string): ValidateFunction {
  const found = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` })
  compiled.set(pointer, found)
  return found
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** What is wrong with an answer, in words that say what to change; null when nothing is. */
export function problemWith(name: RouteName, answer: RawAnswer): string | null {
  const route = routeOf(name)
  const pointer = `/paths/${escaped(wirePath(route.path))}/${route.method.toLowerCase()}/responses/${answer.status}`
  const operation = DOCUMENT.paths[wirePath(route.path)]?.[route.method.toLowerCase()]
  const told = operation?.responses[answer.status]
  if (!answer.headers['x-request-id']) return `${name}: no X-Request-Id`
  if (told === undefined)
    return `${name}: status ${answer.status} is not in the document: ${answer.text.slice(0, 300)}\n${HINT}`
  const reference = told.$ref?.slice(1)
  const place = reference ?? pointer
  const resolved: Answer = reference
    ? (DOCUMENT.components.responses[reference.split('/').at(-1) ?? ''] ?? {})
    : told
  const [type] = Object.keys(resolved.content ?? {})
  if (type === undefined)
    return answer.text === '' ? null : `${name}: a body where none is told of: ${answer.text.slice(0, 300)}`
  if (!answer.headers['content-type']?.startsWith(type))
    return `${name}: content type ${answer.headers['content-type']}, told is ${type}`
  if (type !== 'application/json') return null
  const check = validator(`${place}/content/${escaped(type)}/schema`)
  if (!check(answer.json))
    return `${name}: the answer is not the document's: ${ajv.errorsText(check.errors)}\n${answer.text.slice(0, 300)}\n${HINT}`
  return answer.status < 400 ? unknownFields(name, answer.json) : null
}

const HINT = 'Errors of one call are told of in "errors" of its route in src/api/routes.'

/** Fields that the contract has no word for: the schema drops them when it reads the answer. */
function unknownFields(name: RouteName, json: unknown): string | null {
  const { answer } = routeOf(name)
  const read = answer?.safeParse(json)
  if (read === undefined || (read.success && isDeepStrictEqual(read.data, json))) return null
  return `${name}: the answer has more than the contract knows: ${JSON.stringify(json).slice(0, 600)}`
}
