// Every call of the table, signed once and received three times: at once, a second later, and after the moment in which
// a program may do the same thing twice. What may come again is said here call by call, not worked out as the server does.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Hono } from 'hono'
import { AppError } from '../api/error.ts'
import { ERRORS } from '../api/errors.ts'
import { ROUTES, type RouteName, routeOf, routePath } from '../api/routes.ts'
import type { IdentityStore } from '../auth/identity.ts'
import { KEYS, NOW, SNAPSHOT } from '../auth/identity-fixture.ts'
import { LiveIdentity } from '../auth/live-identity.ts'
import { signSdkHmac } from '../lib/signature/sdk-hmac.ts'
import { createGate } from './gate.ts'
import type { ApiEnv } from './parts.ts'

const NAMES = Object.keys(ROUTES) as RouteName[]
/** Calls that read, though they are no GETs. */
const READ: readonly RouteName[] = ['searchTrainingJobs', 'countTaggedJobs', 'searchTaggedJobs', 'dryRun']
/** Secrets, people and their rights, and programs in tasks. */
const NEVER: readonly RouteName[] = [
  ...(['execInTask', 'createToken', 'revokeToken', 'changePassword', 'createSecurityToken'] as const),
  ...(['createCredential', 'changeCredential', 'deleteCredential'] as const),
  ...(['addUser', 'changeUser', 'removeUser', 'addProject', 'changeProject', 'removeProject'] as const),
  ...(['setMember', 'removeMember', 'addKey', 'changeKey', 'removeKey', 'rotateKey'] as const),
]

/** Does a call arrive, 0 s, 1 s and 4 s after it was received first? */
const arrivals = (name: RouteName): boolean[] => {
  if (NEVER.includes(name)) return [true, false, false, false]
  const reads = routeOf(name).method === 'GET' || READ.includes(name)
  return reads ? [true, true, true, true] : [true, true, true, false]
}

let nowMs = NOW.getTime()
const clock = { now: () => new Date(nowMs) }
const identity = await LiveIdentity.open({
  ...{ keys: KEYS, clock, onError: (error) => assert.fail(String(error)) },
  store: { read: async () => SNAPSHOT, noteUse: async () => undefined } as unknown as IdentityStore,
})
after(() => identity[Symbol.asyncDispose]())

/** The door, and behind it every call: each says only who has come. */
function openDoor(): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  const enter = createGate({ identity, clock, rate: { perSecond: 1_000, burst: 1_000 } })
  app.use('/*', async (context, next) => {
    await enter(context)
    await next()
  })
  for (const { method, path } of NAMES.map(routeOf))
    app.on(method, path, (context) => context.text(context.get('principal').userName))
  app.onError(
    (error) =>
      new Response(error.message, { status: error instanceof AppError ? ERRORS[error.code].status : 500 }),
  )
  return app
}

const VALUES = new Proxy({}, { get: (_, part) => (part === 'project' ? 'p1' : `a-${String(part)}`) })

function signed(method: string, path: string): Request {
  const headers = { host: 'ropeway.example.com', 'content-type': 'application/json' }
  const body = method === 'GET' ? '' : '{}'
  const keys = { accessKey: 'AKANN', secretKey: 'secret of AKANN' }
  const sent = signSdkHmac({ request: { method, path, query: '', headers }, body, ...keys, now: NOW })
  return new Request(`http://ropeway.example.com${path}`, {
    ...{ method, headers: sent },
    body: method === 'GET' ? null : body,
  })
}

/** Whether each of the arrivals of one request is taken for ann's. */
async function receive(app: Hono<ApiEnv>, request: Request, atMs: readonly number[]): Promise<boolean[]> {
  const came: boolean[] = []
  for (const ms of atMs) {
    nowMs = NOW.getTime() + ms
    const answer = await app.fetch(request.clone())
    const text = await answer.text()
    assert.ok(answer.status === 200 || /received before/.test(text), text)
    came.push(answer.status === 200 && text === 'ann')
  }
  return came
}

for (const name of NAMES)
  test(`a recorded request comes again ${arrivals(name).join(' ')}: ${name}`, async () => {
    const request = signed(routeOf(name).method, routePath(name, VALUES))
    assert.deepEqual(await receive(openDoor(), request, [0, 0, 1_000, 4_000]), arrivals(name))
  })

test('a path that is spelt otherwise is the same call', async () => {
  const path = routePath('execInTask', VALUES).replace('/exec', '/%65xec')
  assert.deepEqual(await receive(openDoor(), signed('GET', path), [0, 1_000]), [true, false])
})
