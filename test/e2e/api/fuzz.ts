// Requests made up from the OpenAPI document, sent to a server one after the other; each answer is held against it.
import fc from 'fast-check'
import type { Parameter } from '../../../src/api/openapi/operation.ts'
import { namesInPath, wirePath } from '../../../src/api/openapi/path.ts'
import type { JsonSchema } from '../../../src/api/openapi/tidy.ts'
import { ROUTES, type RouteName, routeOf, routePath } from '../../../src/api/routes.ts'
import { body as jobBody } from '../harness.ts'
import { DOCUMENT, problemWith } from './answers.ts'
import { madeFrom, odd, oddText, spoilt } from './arbitrary.ts'
import type { RawRequest } from './signed.ts'
import type { World } from './world.ts'

const NAMES = Object.keys(ROUTES) as RouteName[]
/** One odd place in so many. */
const ODD_ONE_IN = 25

type FuzzRequest = {
  readonly name: RouteName
  /** Ends in the path where null: the world has a value for it. */
  readonly params: Readonly<Record<string, string | null>>
  readonly query: readonly (readonly [string, string])[]
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

const query = (name: RouteName): fc.Arbitrary<[string, string][]> => {
  const { path, method } = routeOf(name)
  const told = DOCUMENT.paths[wirePath(path)]?.[method.toLowerCase()]?.parameters ?? []
  const entries = told.flatMap((parameter) =>
    '$ref' in parameter || parameter.in !== 'query'
      ? []
      : [
          fc.tuple(
            fc.constant(parameter.name),
            valueFor(parameter),
            // What is asked for is seldom left out, the rest as often as not.
            fc.nat(9).map((dice) => dice > (parameter.required ? 0 : 4)),
          ),
        ],
  )
  return fc
    .tuple(...entries)
    .map((all) =>
      all.flatMap(([key, value, isSent]): [string, string][] =>
        isSent ? [[key, typeof value === 'string' ? value : JSON.stringify(value)]] : [],
      ),
    )
}

/** As the example has it, or anything that the schema allows. */
function valueFor({ name, schema, example }: Parameter): fc.Arbitrary<unknown> {
  if (name === 'wait_s') return wait
  const any = madeFrom(schema as JsonSchema, ODD_ONE_IN)
  return example === undefined ? any : fc.oneof(fc.constant(example), any)
}

/** What is asked to wait a minute may wait a minute; the rest of its range says as much. */
const wait: fc.Arbitrary<unknown> = fc.constantFrom(0, 0.01, '0', 61, -1, 'x', '')

const bodyOf = (name: RouteName): fc.Arbitrary<string> => {
  const { path, method, example } = routeOf(name)
  const told = DOCUMENT.paths[wirePath(path)]?.[method.toLowerCase()]?.requestBody
  const schema = told?.content['application/json'].schema
  if (schema === undefined) return fc.constant('')
  const text = (value: unknown) => JSON.stringify(value) ?? ''
  return fc.oneof(
    { arbitrary: madeFrom(schema, ODD_ONE_IN).map(text), weight: 5 },
    { arbitrary: spoilt(example?.body).map(text), weight: 5 },
    { arbitrary: odd.map(text), weight: 1 },
    {
      arbitrary: fc.constantFrom('', '{', '[]', '"x"', '{"a":1,}', '\u00ff', `${'['.repeat(300)}`),
      weight: 1,
    },
  )
}

const HEADERS: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { arbitrary: fc.constant({}), weight: 9 },
  {
    arbitrary: fc.constantFrom<Record<string, string>[]>(
      { 'x-language': 'zh-cn' },
      { 'x-language': 'tlh' },
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/json;charset=UTF-8' },
      { accept: 'application/xml' },
    ),
    weight: 1,
  },
)

const params = (name: RouteName): fc.Arbitrary<Record<string, string | null>> =>
  fc.record(
    Object.fromEntries(
      namesInPath(routeOf(name).path).map((part) => [
        part,
        fc.oneof({ arbitrary: fc.constant(null), weight: 20 }, { arbitrary: oddText, weight: 1 }),
      ]),
    ),
  )

/** Passwords take a tenth of a second to work out, on purpose. */
const SLOW: readonly RouteName[] = ['createToken', 'changePassword', 'addUser', 'changeUser']
/** Bodies have more to get wrong. */
const anyName: fc.Arbitrary<RouteName> = fc.oneof(
  ...NAMES.map((name) => ({
    arbitrary: fc.constant(name),
    weight: SLOW.includes(name) || routeOf(name).refused ? 1 : routeOf(name).body ? 16 : 6,
  })),
)

export const fuzzRequest: fc.Arbitrary<FuzzRequest> = anyName.chain((name) =>
  fc.record({
    name: fc.constant(name),
    params: params(name),
    query: query(name),
    body: bodyOf(name),
    headers: HEADERS,
  }),
)

/** Values for names in paths, made beforehand: what a request may destroy is not what others read. */
export type Values = ReadonlyMap<RouteName, Readonly<Record<string, string>>>

export async function valuesFor(world: World): Promise<Values> {
  const values = new Map<RouteName, Record<string, string>>()
  // The world has one live job at a time: the last one made is for the call that needs it alive.
  const last: RouteName = 'actOnTrainingJob'
  for (const name of [...NAMES.filter((one) => one !== last), last]) {
    const params = await world.paramsFor(name)
    const isEnding = routeOf(name).method !== 'GET' && routeOf(name).reads === undefined && name !== last
    values.set(name, 'job' in params && isEnding ? { ...params, job: await endedJob(world, name) } : params)
  }
  return values
}

const endedJob = async ({ ropeway }: World, name: string): Promise<string> => {
  const annotations = { 'ropeway/fake': '{"tasks":{"*":{"runMs":0,"logs":["hello"]}}}' }
  return (await ropeway.run(jobBody(`for-${name}`, 'true', { annotations }))).job.metadata.id
}

let made = 0
/** The example's job would else be there after the first of them, and its output folder in use. */
const apart = (text: string, index: number): string =>
  text
    .replace('"name":"digits"', `"name":"digits-${index}"`)
    .replace('bucket/model/', `bucket/model-${index}/`)

export type Sent = { readonly name: RouteName; readonly status: number; readonly problem: string | null }

export async function sendFuzz(world: World, values: Values, request: FuzzRequest): Promise<Sent> {
  const { name, headers } = request
  const body = apart(request.body, ++made)
  const known = values.get(name) ?? {}
  const filled = Object.entries(request.params).map(([part, value]): [string, string] => [
    part,
    value ?? known[part] ?? '',
  ])
  const path = routePath(
    name,
    Object.fromEntries(filled.map(([part, value]) => [part, value.toWellFormed()])),
  )
  const search = request.query
    .map(([key, value]) => `${key}=${encodeURIComponent(value.toWellFormed())}`)
    .join('&')
  const raw: RawRequest = {
    method: routeOf(name).method,
    target: search === '' ? path : `${path}?${search}`,
    body,
    headers,
  }
  const answer = await world.raw.send(raw)
  const code = (answer.json as { error_code?: string } | null)?.error_code
  // A name that is empty or a dot makes another path of it.
  const isElsewhere = filled.some(([, value]) => /^\.{0,2}$/.test(value)) && ELSEWHERE.has(code ?? '')
  const problem =
    answer.status >= 500
      ? `${name}: ${answer.status} ${answer.text}`
      : isElsewhere
        ? null
        : problemWith(name, answer)
  return { name, status: answer.status, problem: problem && `${problem}\n${JSON.stringify(raw)}` }
}

const ELSEWHERE = new Set(['ModelArts.2836', 'ModelArts.2803', 'APIG.0301'])
