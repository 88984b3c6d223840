// The door of the API: who asks, how often, and with how much. Nothing behind it runs for anybody it does not know.
import { matchedRoutes } from 'hono/route'
import { AppError } from '../api/error.ts'
import { type Route, replayOf } from '../api/route.ts'
import { ROUTES } from '../api/routes.ts'
import { beginAuthentication, type Refusal } from '../auth/authenticate.ts'
import type { LiveIdentity } from '../auth/live-identity.ts'
import type { Principal } from '../auth/principal.ts'
import { type Rate, RateLimiter } from '../auth/rate-limit.ts'
import { ReplayWindow } from '../auth/replay-window.ts'
import type { Clock } from '../lib/clock.ts'
import type { ApiContext } from './parts.ts'
import { readBytes } from './read-bytes.ts'

/** Bodies of the API end here (modelarts.md §1.1); of those who have not said who they are, much sooner. */
export const MAX_BODY_BYTES = 12 << 20
const MAX_OPEN_BODY_BYTES = 64 << 10

export type GateOptions = {
  readonly identity: LiveIdentity
  readonly clock: Clock
  /** Of each user in each project. */
  readonly rate: Rate
}

/** Sets `principal` and `body` of a request, or throws AppError Unauthorized, Forbidden, TooManyRequests, BodyTooLarge. */
export function createGate({ identity, clock, rate }: GateOptions): (context: ApiContext) => Promise<void> {
  const replays = new ReplayWindow()
  const limiter = new RateLimiter(rate)
  return async (context) => {
    const { method } = context.req
    const url = new URL(context.req.raw.url)
    const route = routeAskedFor(context)
    const isOpen = route?.role === 'open'
    const headers = Object.fromEntries(context.req.raw.headers)
    const request = { method, path: url.pathname, query: url.search.slice(1), headers }
    const pending = beginAuthentication(request, identity.now())
    if (!pending.ok && !isOpen) throw refused(pending)
    const body = await readBytes(context.req.raw, isOpen ? MAX_OPEN_BODY_BYTES : MAX_BODY_BYTES)
    // What no call is asked for by does nothing, however often it comes.
    const replay = route === undefined ? 'any-time' : replayOf(route)
    const result = pending.ok ? pending.finish(body, { window: replays, replay }) : pending
    if (!result.ok && !isOpen) throw refused(result)
    context.set('body', body)
    // Who logs in may well come with what no longer holds.
    context.set('principal', result.ok ? result.principal : STRANGER)
    if (!result.ok) return
    const { principal } = result
    const { userId, projectId, proof } = principal
    const waitMs = limiter.take(`${userId} ${projectId}`, clock.now().getTime())
    if (waitMs > 0)
      throw tooMany(`${principal.userName} sends more than ${rate.perSecond} requests a second`, waitMs)
    if (proof.kind === 'key') identity.noteUse(proof.id)
  }
}

const STRANGER: Principal = {
  ...{ userId: '', userName: '', projectId: '', role: null, administrator: false, expiresAtMs: null },
  proof: { kind: 'token', id: '' },
}

const ROUTE_OF: ReadonlyMap<string, Route> = new Map(
  Object.values<Route>(ROUTES).map((route) => [`${route.method} ${route.path}`, route]),
)

/** The call that the application will make of a request, however its path is spelt. */
const routeAskedFor = (context: ApiContext): Route | undefined =>
  matchedRoutes(context)
    .map(({ method, path }) => ROUTE_OF.get(`${method} ${path}`))
    .find((route) => route !== undefined)

function refused({ refusal, message }: Refusal): AppError {
  switch (refusal) {
    case 'unauthorized':
      return new AppError('Unauthorized', message)
    case 'wrong-project':
      return new AppError('Forbidden', message)
    case 'too-many':
      return tooMany(message, 60_000)
  }
}

/** 429 with Retry-After. */
export const tooMany = (message: string, waitMs: number): AppError =>
  new AppError('TooManyRequests', `${message}; again in ${Math.ceil(waitMs / 1000)} s`, {
    retryAfterMs: waitMs,
  })
