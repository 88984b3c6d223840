// The document must hold all of the contract, and be one that other programs read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { z } from 'zod'
import type { Route } from '../route.ts'
import { ROUTES } from '../routes.ts'
import { openApiDocument } from './document.ts'
import { namesInPath, PATH_PARAMETERS, wirePath } from './path.ts'
import { refsIn } from './tidy.ts'

const DOCUMENT = openApiDocument('1.2.3')
const routes = Object.entries(ROUTES) as [string, Route][]

test('other programs can read the document: it is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(structuredClone(DOCUMENT) as Record<string, unknown>)
  assert.deepEqual(result, { valid: true })
})

test('every route is one operation', () => {
  const ids = Object.values(DOCUMENT.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  )
  assert.deepEqual(ids.sort(), routes.map(([name]) => name).sort())
})

test('a call that is always refused has no answer of success, and every other one has', () => {
  const wrong = routes.filter(([, { path, method, refused }]) => {
    const { responses } = DOCUMENT.paths[wirePath(path)]![method.toLowerCase()]!
    const succeeds = Object.keys(responses).some((status) => status < '204' || status === '204')
    return succeeds === (refused !== undefined)
  })
  assert.deepEqual(
    wrong.map(([name]) => name),
    [],
  )
})

test('a create says that it takes a client token', () => {
  const { parameters } = DOCUMENT.paths['/v2/{project_id}/training-jobs']!['post']!
  const token = parameters.find((one) => 'in' in one && one.name === 'X-Client-Token')
  assert.ok(token && 'in' in token && token.in === 'header' && !token.required)
})

test('every reference leads somewhere', () => {
  const broken = refsIn(DOCUMENT).filter((ref) => {
    const keys = ref.split('/').slice(1)
    return (
      keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], DOCUMENT) ===
      undefined
    )
  })
  assert.deepEqual(broken, [])
})

for (const [name, route] of routes) {
  test(`${name}: what stands in its path is explained`, () => {
    const unknown = namesInPath(route.path).filter((part) => PATH_PARAMETERS[part] === undefined)
    assert.deepEqual(unknown, [], 'add them to PATH_PARAMETERS in src/api/openapi/path.ts')
  })

  test(`${name}: shapes with fields have names`, () => {
    for (const schema of [route.body, route.answer])
      if (schema instanceof z.ZodObject && Object.keys(schema.shape).length > 0) {
        const fields = Object.keys(schema.shape)
        const isNamed = Object.values(DOCUMENT.components.schemas).some(
          ({ properties }) => properties && fields.every((field) => Object.hasOwn(properties, field)),
        )
        assert.ok(
          isNamed,
          `export the schema and add its file to SCHEMA_FILES in src/api/openapi/named-schemas.ts (fields: ${fields.join(', ')})`,
        )
      }
  })

  test(`${name}: each field of its query is a parameter`, () => {
    const told = DOCUMENT.paths[wirePath(route.path)]?.[route.method.toLowerCase()]?.parameters ?? []
    const names = told.flatMap((parameter) =>
      'in' in parameter && parameter.in === 'query' ? parameter.name : [],
    )
    assert.deepEqual(names, route.query instanceof z.ZodObject ? Object.keys(route.query.shape) : [])
  })

  test(`${name}: has an example of what it takes, and takes it`, () => {
    const hint = `add example: { body: … } or { query: … } to ${name} in src/api/routes`
    if (route.body) {
      assert.notEqual(route.example?.body, undefined, hint)
      assert.deepEqual(route.body.safeParse(route.example?.body).error?.issues, undefined)
    }
    if (route.query) {
      const query = Object.entries(route.example?.query ?? {}).map(([key, value]) => [key, String(value)])
      assert.ok(query.length > 0, hint)
      assert.deepEqual(route.query.safeParse(Object.fromEntries(query)).error?.issues, undefined)
    }
  })
}

test('a schema that is sent and answered in different forms stands there in both', () => {
  const { schemas } = DOCUMENT.components
  for (const name of Object.keys(schemas).filter(
    (one) => one.endsWith('Input') && `${one}`.slice(0, -5) in schemas,
  ))
    assert.notDeepEqual(schemas[name], schemas[name.slice(0, -5)], name)
})
