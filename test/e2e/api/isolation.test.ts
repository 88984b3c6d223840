// Every route × every role × another project's ids, from the table of routes: a route that is added is tested too.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { namesInPath } from '../../../src/api/openapi/path.ts'
import { ROLES, type Role } from '../../../src/api/route.ts'
import { ROUTES, type RouteName, routeOf, routePath } from '../../../src/api/routes.ts'
import { ObjectClient } from '../../../src/storage/object-client.ts'
import { ObjectStoreError } from '../../../src/storage/object-store-error.ts'
import { type RawAnswer, RawClient } from './signed.ts'
import { openWorld, type World } from './world.ts'

type Keys = { readonly access_key: string; readonly secret_key: string }
type Caller = { readonly raw: RawClient; readonly keys: Keys }

const owned = new AsyncDisposableStack()
const names = Object.keys(ROUTES) as RouteName[]
let world: World
/** One user of each role in the world's project. */
let people: Record<Role, Caller>
/** Admin of another project, which has nothing in it. */
let stranger: Caller
let otherProject: string

async function caller(user: string, project: string): Promise<Caller> {
  const keys = await world.ropeway.client.identity.addKey({ user, project })
  const raw = new RawClient({ endpoint: world.ropeway.credentials.endpoint, ...keys })
  return { raw, keys }
}

before(async () => {
  world = owned.use(await openWorld())
  const { identity } = world.ropeway.client
  const entries = ROLES.map(async (role) => {
    await identity.addUser({ name: `a-${role}`, project: 'default', role })
    return [role, await caller(`a-${role}`, 'default')] as const
  })
  people = Object.fromEntries(await Promise.all(entries)) as Record<Role, Caller>
  otherProject = (await identity.addProject({ name: 'other' })).id
  await identity.addUser({ name: 'stranger', password: 'correct horse', project: 'other', role: 'admin' })
  stranger = await caller('stranger', 'other')
})
after(() => owned[Symbol.asyncDispose]())

type Params = Readonly<Record<string, string>>

/** The route's example with these values in its path. */
function send(name: RouteName, from: Caller, params: Params, headers?: Record<string, string>) {
  const { method, example } = routeOf(name)
  const path = routePath(name, params)
  const query = new URLSearchParams(
    Object.entries(example?.query ?? {}).map(([key, value]): [string, string] => [key, String(value)]),
  ).toString()
  return from.raw.send({
    method,
    target: query === '' ? path : `${path}?${query}`,
    ...(example?.body === undefined ? {} : { body: JSON.stringify(example.body) }),
    ...(headers === undefined ? {} : { headers, unsigned: true as const }),
  })
}

const codeOf = ({ json }: RawAnswer): string | undefined =>
  (json as { error_code?: string } | null)?.error_code

/** An answer without what the caller themself wrote into the request, and without what differs between any two. */
const shownOf = (answer: RawAnswer, params: Params) =>
  Object.values(params).reduce(
    (text, value) => text.replaceAll(value, 'ID'),
    `${answer.status} ${answer.text.replace(/request [0-9a-f-]{36}/, '')}`,
  )

/** Names in paths that are the same in every project, so they say nothing. */
const NOT_IDS = ['project', 'task', 'stream', 'pool', 'report', 'trial', 'parameter', 'type']

/** Calls that make something of the caller's own, whatever name another project has for one. */
const MAKES: ReadonlySet<RouteName> = new Set(['putRegistry', 'putStorageConnection'])

/** Ids of the same form that nothing has. */
const unknownOf = (params: Params): Params =>
  Object.fromEntries(
    Object.entries(params).map(([part, value]) => {
      if (NOT_IDS.includes(part)) return [part, value]
      if (/^[0-9a-f-]{36}$/.test(value)) return [part, randomUUID()]
      if (/^[0-9a-f]{32}$/.test(value)) return [part, randomUUID().replaceAll('-', '')]
      return [part, `x${value.slice(1)}`]
    }),
  )

/** Who has not got this far may neither guess ids nor see that there is anything. */
describe('another project', () => {
  for (const name of names.filter((one) => namesInPath(ROUTES[one].path).includes('project'))) {
    it(`is closed to a key: ${name}`, async () => {
      const params = await world.paramsFor(name)
      const answer = await send(name, stranger, params)
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'ModelArts.0108'], answer.text)
      const nobodys = await send(name, stranger, { ...params, project: 'f'.repeat(32) })
      const all = { ...params, none: 'f'.repeat(32) }
      assert.equal(shownOf(answer, all), shownOf(nobodys, all))
    })
    it(`is closed to a token: ${name}`, async () => {
      const token = await tokenOf('stranger')
      const answer = await send(name, stranger, await world.paramsFor(name), { 'x-auth-token': token })
      assert.deepEqual([answer.status, codeOf(answer)], [404, 'ModelArts.2786'], answer.text)
    })
  }
})

describe('ids of another project are as ids of nothing', () => {
  const isGuessable = (name: RouteName) =>
    !MAKES.has(name) &&
    routeOf(name).role !== 'open' &&
    routeOf(name).refused === undefined &&
    namesInPath(ROUTES[name].path).some((part) => !NOT_IDS.includes(part))
  for (const name of names.filter(isGuessable))
    it(name, async () => {
      const real = { ...(await world.paramsFor(name)), project: otherProject }
      const unknown = unknownOf(real)
      const [one, other] = [await send(name, stranger, real), await send(name, stranger, unknown)]
      assert.equal(shownOf(one, real), shownOf(other, unknown), name)
      assert.ok(one.status >= 400, `${name}: ${one.status} ${one.text}`)
    })
})

describe('ids in bodies', () => {
  const send = (who: Caller, project: string, path: string, content: unknown) =>
    who.raw.send({ method: 'POST', target: `/v2/${project}/${path}`, body: JSON.stringify(content) })
  const same = async (path: string, contentOf: (id: string) => unknown, id: string) => {
    const unknown = randomUUID()
    const one = await send(stranger, otherProject, path, contentOf(id))
    const other = await send(stranger, otherProject, path, contentOf(unknown))
    assert.ok(one.status >= 400, one.text)
    assert.equal(shownOf(one, { id }), shownOf(other, { id: unknown }))
  }

  it('a job of another project is deleted by nobody but its own', async () => {
    const { job = '' } = await world.paramsFor('showTrainingJob')
    const jobs = (id: string) => ({ jobs: [{ kind: 'job', metadata: { id } }] })
    await same('training-jobs/batch-delete', jobs, job)
    assert.equal((await send(people.viewer, 'x', 'training-jobs/batch-delete', jobs(job))).status, 403)
  })

  it('an algorithm of another project runs for nobody but its own', async () => {
    const { algorithm = '' } = await world.paramsFor('showAlgorithm')
    const create = (id: string) => ({
      ...{ kind: 'job', metadata: { name: 'with-algorithm' }, algorithm: { id } },
      spec: { resource: { flavor_id: 'ropeway.cpu.1', node_count: 1 } },
    })
    await same('training-jobs', create, algorithm)
  })
})

describe('roles', () => {
  for (const name of names) {
    const { role: needed } = routeOf(name)
    if (needed === 'open' || needed === 'known') continue
    for (const role of ROLES) {
      const may = needed !== 'administrator' && ROLES.indexOf(role) >= ROLES.indexOf(needed)
      it(`${name}: ${role} ${may ? 'may' : 'may not'}`, async () => {
        const answer = await send(name, people[role], await world.paramsFor(name))
        if (may) assert.ok(![401, 403].includes(answer.status), answer.text)
        else {
          assert.deepEqual([answer.status, codeOf(answer)], [403, 'ModelArts.0108'], answer.text)
          assert.ok(answer.text.includes(routeOf(name).permission))
        }
      })
    }
  }

  it('a user who is shut out, taken from the project or whose key is disabled is nobody from then on', async () => {
    const { identity } = world.ropeway.client
    const asks = (who: Caller) => send('listFlavors', who, { project: world.ropeway.credentials.project_id })
    await identity.addUser({ name: 'leaver', project: 'default', role: 'viewer' })
    const leaver = await caller('leaver', 'default')
    const steps: [what: () => Promise<unknown>, status: number][] = [
      [async () => undefined, 200],
      [() => identity.changeUser('leaver', { enabled: false }), 401],
      [() => identity.changeUser('leaver', { enabled: true }), 200],
      [() => identity.changeKey(leaver.keys.access_key, { enabled: false }), 401],
      [() => identity.changeKey(leaver.keys.access_key, { enabled: true }), 200],
      [() => identity.removeMember('default', 'leaver'), 401],
      [() => identity.setMember('default', 'leaver', 'viewer'), 200],
      [() => identity.removeUser('leaver'), 401],
    ]
    for (const [index, [step, status]] of steps.entries()) {
      await step()
      assert.equal((await asks(leaver)).status, status, `step ${index}`)
    }
  })

  it('an admin of a project looks after its members, not after others and not after users', async () => {
    const to = (project: string) => send('listMembers', people.admin, { anyproject: project })
    const own = await to('default')
    assert.equal(own.status, 200, own.text)
    const closed = await to('other')
    const none = await to('nobody')
    assert.deepEqual([closed.status, codeOf(closed)], [404, 'ModelArts.9023'])
    assert.equal(shownOf(closed, { a: 'other' }), shownOf(none, { a: 'nobody' }))
    assert.equal((await send('listMembers', people.user, { anyproject: 'default' })).status, 404)
  })
})

describe('the object server', () => {
  const objectsOf = (who: Caller) => {
    const { access_key: accessKey, secret_key: secretKey } = who.keys
    const { object_endpoint: endpoint } = world.ropeway.credentials
    return owned.use(new ObjectClient({ target: { endpoint, accessKey, secretKey } }))
  }
  const refusedAs = (code: string) => (error: unknown) =>
    error instanceof ObjectStoreError && error.code === code

  it('shows a project its own buckets, and another one nothing', async () => {
    const mine = objectsOf(people.user)
    await mine.createBucket('roles')
    await mine.put('roles', 'key', Buffer.from('words'))
    const viewer = objectsOf(people.viewer)
    assert.equal((await viewer.head('roles', 'key'))?.size, 5)
    await assert.rejects(viewer.put('roles', 'key', Buffer.from('x')), refusedAs('AccessDenied'))
    const theirs = objectsOf(stranger)
    assert.deepEqual(await theirs.listBuckets(), [])
    assert.equal(await theirs.head('roles', 'key'), undefined)
    await assert.rejects(theirs.put('roles', 'key', Buffer.from('x')), refusedAs('NoSuchBucket'))
    await assert.rejects(theirs.createBucket('roles'), refusedAs('BucketAlreadyExists'))
  })

  it('a job reads and writes only what its project has', async () => {
    const body = {
      metadata: { name: 'reads-another' },
      algorithm: {
        ...{ engine: { image_url: 'host' }, command: 'true' },
        inputs: [{ name: 'data', remote: { obs: { obs_url: 'obs://roles/' } } }],
      },
      spec: { resource: { flavor_id: 'ropeway.cpu.1', node_count: 1 } },
    }
    const create = (who: Caller, project: string) =>
      who.raw.send({
        ...{ method: 'POST', body: JSON.stringify(body) },
        target: `/v2/${project}/training-jobs`,
      })
    const refused = await create(stranger, otherProject)
    assert.match(refused.text, /bucket|roles/)
    assert.equal(refused.status, 400, refused.text)
    assert.equal((await create(people.user, world.ropeway.credentials.project_id)).status, 201)
  })
})

const tokens = new Map<string, string>()

/** Tokens take their time, so each user gets one. */
async function tokenOf(name: string): Promise<string> {
  const known = tokens.get(name)
  if (known) return known
  const identity = { methods: ['password'], password: { user: { name, password: 'correct horse' } } }
  const answer = await world.raw.send({
    ...{ method: 'POST', target: '/v3/auth/tokens', unsigned: true },
    body: JSON.stringify({ auth: { identity, scope: { project: { name: 'other' } } } }),
  })
  assert.equal(answer.status, 201, answer.text)
  const token = answer.headers['x-subject-token'] ?? ''
  tokens.set(name, token)
  return token
}
