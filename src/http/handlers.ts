// One handler for each route of the contract. Bodies and queries arrive checked, values go out as JSON with the route's
// status; a handler that answers something else than JSON makes the Response itself.
import type { Hono } from 'hono'
import type { z } from 'zod'
import { AppError } from '../api/error.ts'
import { wirePath } from '../api/openapi/path.ts'
import type { Route } from '../api/route.ts'
import type { REFUSED_ROUTES } from '../api/routes/refused.ts'
import { ROUTES, type RouteName, routeOf } from '../api/routes.ts'
import { allow } from './allow.ts'
import { parseBody, parseQuery } from './parse.ts'
import type { ApiContext, ApiEnv } from './parts.ts'
import { forSdk } from './sdk-shapes.ts'

type Checked<N extends RouteName, What extends 'body' | 'query'> = (typeof ROUTES)[N] extends {
  readonly [key in What]: z.ZodType<infer T>
}
  ? T
  : undefined

/** A request to one route. */
export type Call<N extends RouteName> = {
  readonly context: ApiContext
  readonly body: Checked<N, 'body'>
  readonly query: Checked<N, 'query'>
}

type Answer<N extends RouteName> = (typeof ROUTES)[N] extends { readonly answer: z.ZodType<infer T> }
  ? T | Response
  : Response

type RefusedName = keyof typeof REFUSED_ROUTES

/** A file of src/http makes those of one resource; the application needs all of them but for calls that are always refused. */
export type Handlers<N extends RouteName = Exclude<RouteName, RefusedName>> = {
  readonly [K in N]: (call: Call<K>) => Answer<K> | Promise<Answer<K>>
}

/** Adds every route to an application; other methods of their paths are refused as such. */
export function addHandlers(app: Hono<ApiEnv>, handlers: Handlers): void {
  const names = Object.keys(ROUTES) as RouteName[]
  for (const name of names) {
    const route = routeOf(name)
    const { refused } = route
    const handle = refused === undefined ? handlers[name as keyof Handlers] : () => refuse(route, refused)
    addRoute(app, route, handle as (call: unknown) => unknown)
  }
  const methods = new Map<string, string[]>()
  for (const { path, method } of names.map(routeOf)) methods.set(path, [...(methods.get(path) ?? []), method])
  for (const [path, valid] of methods)
    app.all(path, ({ req }) => {
      throw new AppError(
        'MethodNotAllowed',
        `method: got ${req.method} ${JSON.stringify(req.path.slice(0, 200))}; valid: ${valid.join(', ')}`,
      )
    })
}

function refuse({ method, path }: Route, why: string): never {
  throw new AppError('NotSupported', `${method} ${wirePath(path)}: ${why}; valid: another call`)
}

function addRoute(app: Hono<ApiEnv>, route: Route, handle: (call: unknown) => unknown): void {
  app.on(route.method, route.path, async (context: ApiContext) => {
    allow(route, context.get('principal'), context.req.param('project'))
    const body = route.body && parseBody(route.body, bodyOf(route, context))
    const query = route.query && parseQuery(route.query, context.req.query())
    const answer = await handle({ context, body, query })
    if (answer instanceof Response) return answer
    return context.json(forSdk(context.req.header('user-agent'), answer) as object, route.success as 200)
  })
}

const NOTHING = new TextEncoder().encode('{}')

/** Searches and the like ask for all when nothing is sent. */
function bodyOf({ reads }: Route, context: ApiContext): Uint8Array {
  const bytes = context.get('body')
  const type = context.req.header('content-type') ?? ''
  if (bytes.length > 0 && type !== '' && !/^application\/([a-z0-9.+-]+\+)?json\b/i.test(type))
    throw new AppError(
      'InvalidJsonBody',
      `Content-Type: got ${JSON.stringify(type.slice(0, 80))}; valid: application/json`,
    )
  return reads && bytes.length === 0 ? NOTHING : bytes
}
