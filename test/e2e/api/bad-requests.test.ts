// Requests that no client would send: each is refused with a sentence and a code of the table, and none leaves a trace
// in the server's log.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ERRORS, type ErrorName } from '../../../src/api/errors.ts'
import type { RawAnswer, RawRequest } from './signed.ts'
import { openWorld, type World } from './world.ts'

let world: World
let project: string
let job: string
before(async () => {
  world = await openWorld()
  const params = await world.paramsFor('showTrainingJob')
  project = params['project'] ?? ''
  job = params['job'] ?? ''
})
after(() => world[Symbol.asyncDispose]())

const jobs = (rest = ''): string => `/v2/${project}/training-jobs${rest}`
const post = (target: string, body: string | Uint8Array): RawRequest => ({ method: 'POST', target, body })
const get = (target: string): RawRequest => ({ method: 'GET', target })
const search = (body: object): RawRequest =>
  post(`/v2/${project}/training-job-searches`, JSON.stringify(body))
const create = (more: object): RawRequest =>
  post(
    jobs(),
    JSON.stringify({
      metadata: { name: 'bad' },
      algorithm: { engine: { image_url: 'i' }, command: 'true' },
      spec: { resource: { flavor_id: 'ropeway.cpu.1' } },
      ...more,
    }),
  )

/** The answer has the name's code and status, says what is valid, and shows nothing of the server's inside. */
function refusedAs(answer: RawAnswer, names: readonly ErrorName[], title: string): void {
  const { error_code: code, error_msg: message = '' } = (answer.json ?? {}) as Record<string, string>
  const name = names.find((one) => ERRORS[one].code === code && ERRORS[one].status === answer.status)
  assert.ok(name, `${title}: got ${answer.status} ${answer.text.slice(0, 300)}; valid: ${names.join(' or ')}`)
  assert.ok(message.length > 0 && message.length < 1200, `${title}: ${message.length} characters`)
  assert.doesNotMatch(message, /\n\s+at |node:internal|\/src\/|SQLITE|undefined/, title)
}

/** Every case is made when it is sent: project and job are known by then. */
const REFUSED: readonly (readonly [title: string, make: () => RawRequest, ...names: ErrorName[]])[] = [
  [
    'an object nested 100,000 deep',
    () => post(jobs(), `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    'InvalidJsonBody',
  ],
  ['lists nested 100,000 deep', () => post(jobs(), '['.repeat(100_000)), 'InvalidJsonBody'],
  [
    'bytes that are no UTF-8',
    () => post(jobs(), new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])),
    'InvalidJsonBody',
  ],
  ['a text that ends in the middle', () => post(jobs(), '{"metadata":{"name":"x'), 'InvalidJsonBody'],
  ['two documents', () => post(jobs(), '{}{}'), 'InvalidJsonBody'],
  ['a number, a text, null', () => post(jobs(), 'null'), 'InvalidJsonBody'],
  ['nothing', () => post(jobs(), ''), 'InvalidJsonBody'],
  [
    'YAML',
    () => ({ ...post(jobs(), 'metadata: {name: x}'), headers: { 'content-type': 'application/yaml' } }),
    'InvalidJsonBody',
  ],
  [
    'a form',
    () => ({
      ...post(jobs(), 'metadata=x'),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
    'InvalidJsonBody',
  ],
  [
    'a number beyond 2^53 for a count',
    () => create({ spec: { resource: { node_count: 2 ** 53 + 2 } } }),
    'ParamRangeError',
    'ParamTypeError',
  ],
  [
    '1e999 for a count',
    () => post(jobs(), '{"metadata":{"name":"x"},"spec":{"resource":{"node_count":1e999}}}'),
    'ParamTypeError',
  ],
  ['a negative count', () => create({ spec: { resource: { node_count: -1 } } }), 'ParamRangeError'],
  ['half a surrogate pair in a name', () => post(jobs(), '{"metadata":{"name":"a\\ud800"}}'), 'InvalidParam'],
  ['a name with a line break', () => create({ metadata: { name: 'a\n' } }), 'InvalidParam'],
  ['a name in full-width letters', () => create({ metadata: { name: 'ａｂｃ' } }), 'InvalidParam'],
  ['a list for a map', () => create({ algorithm: { environments: [] } }), 'ParamTypeError'],
  [
    'a million keys',
    () =>
      create({
        algorithm: {
          environments: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`V${i}`, ''])),
        },
      }),
    'InvalidParam',
  ],
  [
    'NUL in a variable',
    () => create({ algorithm: { engine: { image_url: 'i' }, command: 'x', environments: { A: '\0' } } }),
    'InvalidParam',
  ],
  [
    'an unknown phase',
    () => search({ filters: [{ key: 'phase', operator: 'in', value: ['Sleeping'] }] }),
    'ConditionValue',
  ],
  [
    'an unknown filter',
    () => search({ filters: [{ key: 'colour', operator: 'in', value: ['red'] }] }),
    'ConditionKey',
  ],
  [
    'a filter on a prototype',
    () => search({ filters: [{ key: '__proto__', operator: 'in', value: ['x'] }] }),
    'ConditionKey',
  ],
  [
    'an unknown operator',
    () => search({ filters: [{ key: 'name', operator: 'regex', value: ['x'] }] }),
    'ConditionOperator',
  ],
  [
    'a time that is none',
    () => search({ filters: [{ key: 'create_time', operator: 'between', value: ['now', ''] }] }),
    'ConditionValue',
  ],
  [
    'a time that ends before it begins',
    () => search({ filters: [{ key: 'create_time', operator: 'between', value: ['2', '1'] }] }),
    'ConditionValue',
  ],
  ['an unknown order', () => search({ sort_by: 'colour' }), 'UnsupportedSortBy'],
  [
    'a sort key with a statement in it',
    () => search({ sort_by: 'name; drop table jobs' }),
    'UnsupportedSortBy',
  ],
  ['a page before the first', () => search({ offset: -1 }), 'ParamRangeError'],
  ['a page of 51', () => search({ limit: 51 }), 'ParamRangeError'],
  ['a page number beyond 2^53', () => search({ offset: 2 ** 60 }), 'ParamRangeError', 'ParamTypeError'],
  ['a limit in words', () => get(jobs(`/${job}/events?limit=ten`)), 'QueryParamsError'],
  [
    'an offset beyond 2^53',
    () => get(jobs(`/${job}/events?offset=99999999999999999999`)),
    'QueryParamsError',
  ],
  [
    'a pattern of 10,000 letters',
    () => get(jobs(`/${job}/events?pattern=${'x'.repeat(10_000)}`)),
    'QueryParamsError',
  ],
  ['a level that is none', () => get(jobs(`/${job}/events?level=Panic`)), 'QueryParamsError'],
  ['dots for an id, escaped', () => get(jobs('/..%2f..%2fetc%2fpasswd')), 'JobNotFound'],
  ['dots for an id, escaped twice', () => get(jobs('/%252e%252e%252f')), 'JobNotFound'],
  ['dots for a task', () => get(jobs(`/${job}/tasks/..%2f..%2fsecret.key/logs/preview`)), 'TaskNotFound'],
  [
    'dots for a log stream',
    () => get(`/ropeway/v1/${project}/training-jobs/${job}/tasks/worker-0/logs/..%2f..%2fx`),
    'QueryParamsError',
  ],
  [
    'an attempt beyond all',
    () => get(`/ropeway/v1/${project}/training-jobs/${job}/tasks/worker-0/logs/task?attempt=878405087`),
    'QueryParamsError',
  ],
  ['NUL in an id', () => get(jobs('/a%00b')), 'JobNotFound'],
  ['a bad escape in an id', () => get(jobs('/%zz')), 'JobNotFound', 'PathNotFound', 'Unauthorized'],
  ['an id of 10,000 letters', () => get(jobs(`/${'a'.repeat(10_000)}`)), 'JobNotFound'],
  ['another project', () => get('/v2/another/training-jobs/x'), 'Forbidden'],
  ['dots for a project', () => get('/v2/..%2f/training-jobs/x'), 'Forbidden'],
  ['a path that is none', () => get(`/v2/${project}/training-job`), 'PathNotFound'],
  ['a method that the path has not', () => ({ method: 'PATCH', target: jobs() }), 'MethodNotAllowed'],
]

describe('refused, with the field and what would be valid:', () => {
  for (const [title, make, ...names] of REFUSED)
    it(title, async () => refusedAs(await world.raw.send(make()), names, title))
})

describe('taken, because it does no harm:', () => {
  it('JSON with its alphabet named', async () => {
    const headers = { 'content-type': 'application/json;charset=UTF-8' }
    const answer = await world.raw.send({ ...search({}), headers })
    assert.equal(answer.status, 200, answer.text)
  })

  it('a page past the end, which is empty', async () => {
    const answer = await world.raw.send(search({ offset: 1_000_000 }))
    assert.deepEqual([answer.status, (answer.json as { items: unknown[] }).items], [200, []])
    const events = await world.raw.send(get(jobs(`/${job}/events?offset=1000000`)))
    assert.deepEqual([events.status, (events.json as { events: unknown[] }).events], [200, []])
  })

  it('blank filters, as the console sends them', async () => {
    const filters = ['name', 'phase', 'algorithm_name', 'kind'].map((key) => ({
      key,
      operator: 'in',
      value: [''],
    }))
    assert.equal((await world.raw.send(search({ filters }))).status, 200)
  })

  it('a key named __proto__: it is kept as a key and changes nothing else', async () => {
    const body =
      '{"metadata":{"name":"proto"},"algorithm":{"engine":{"image_url":"i"},"command":"true"},"spec":{"resource":{"flavor_id":"ropeway.cpu.1"}},"__proto__":{"kind":"evil"}}'
    const answer = await world.raw.send(post(jobs(), body))
    assert.deepEqual([answer.status, (answer.json as { kind: string }).kind], [201, 'job'], answer.text)
    assert.equal(({} as { kind?: string }).kind, undefined)
  })
})

it('the server goes on, and its log has no stack trace and no error', async () => {
  assert.equal((await world.raw.send(get('/healthz'))).status, 200)
  assert.doesNotMatch(world.ropeway.serverLog, /"level":[56]0|\n\s+at /)
})
