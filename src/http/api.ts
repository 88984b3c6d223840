// The HTTP application: every request is authenticated, parsed, handled by one file per resource, and its errors mapped once.
import { STATUS_CODES } from 'node:http'
import { Hono } from 'hono'
import { AppError, type ErrorBody, toErrorBody } from '../api/error.ts'
import { ERRORS } from '../api/errors.ts'
import { languageOf } from '../api/language.ts'
import type { Rate } from '../auth/rate-limit.ts'
import { newUuid } from '../lib/id.ts'
import { algorithmHandlers } from './algorithms.ts'
import { catalogueHandlers } from './catalogues.ts'
import { documents } from './documents.ts'
import { eventHandlers } from './events.ts'
import { execHandlers } from './exec.ts'
import { experimentHandlers } from './experiments.ts'
import { flavorHandlers } from './flavors.ts'
import { createGate } from './gate.ts'
import { addHandlers } from './handlers.ts'
import { identityHandlers } from './identity/handlers.ts'
import { imageCheckHandlers } from './image-checks.ts'
import { jobCallHandlers } from './job-calls.ts'
import { logHandlers } from './logs.ts'
import { metricHandlers } from './metrics.ts'
import { ownHandlers } from './own.ts'
import type { ApiContext, ApiEnv, ApiParts } from './parts.ts'
import { poolHandlers } from './pools.ts'
import { quotaHandlers } from './quotas.ts'
import { registryHandlers } from './registries.ts'
import { storageConnectionHandlers } from './storage-connections.ts'
import { tagHandlers } from './tags.ts'
import { trainingJobHandlers } from './training-jobs.ts'
import { WaitingView } from './waiting.ts'

export type ApiOptions = Omit<ApiParts, 'waiting'> & {
  /** The package's, for the documents. */
  readonly version: string
  /** How often a user may ask in a project. */
  readonly rate: Rate
  /** Gets what nobody foresaw; the caller of the API sees only a request id. */
  readonly onError: (requestId: string, error: unknown) => void
}

/** Builds the application. Without authentication it answers to `/healthz` and the documents only (decisions.md §4). */
export function createApi(options: ApiOptions): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  const enter = createGate(options)
  app.use(async (context, next) => {
    context.set('requestId', newUuid())
    context.header('X-Request-Id', context.get('requestId'))
    await next()
  })
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  for (const [path, answer] of Object.entries(documents(options.version))) app.get(path, answer)
  app.use('/*', async (context, next) => {
    await enter(context)
    await next()
  })
  const parts: ApiParts = { ...options, waiting: new WaitingView(options) }
  addHandlers(app, {
    ...trainingJobHandlers(parts),
    ...jobCallHandlers(parts),
    ...algorithmHandlers(parts),
    ...experimentHandlers(parts),
    ...tagHandlers(parts),
    ...quotaHandlers(parts),
    ...catalogueHandlers(parts),
    ...metricHandlers(parts),
    ...poolHandlers(parts),
    ...eventHandlers(parts),
    ...logHandlers(parts),
    ...flavorHandlers(parts),
    ...ownHandlers(parts),
    ...registryHandlers(parts),
    ...storageConnectionHandlers(parts),
    ...execHandlers(parts),
    ...imageCheckHandlers(parts),
    ...identityHandlers(parts),
  })
  app.notFound((context) => answerError(context as ApiContext, notFound(context as ApiContext)))
  app.onError((error, context) => {
    const known = error instanceof AppError ? error : undefined
    if (!known) options.onError(context.get('requestId'), error)
    return answerError(
      context,
      known ?? new AppError('Internal', `internal error; request ${context.get('requestId')}`),
    )
  })
  return app
}

const notFound = (context: ApiContext): AppError =>
  new AppError(
    'PathNotFound',
    `path: got ${context.req.method} ${JSON.stringify(context.req.path.slice(0, 200))}; valid: a path of docs/api-compatibility.md`,
  )

function answerError(context: ApiContext, error: AppError): Response {
  const { status } = ERRORS[error.code]
  context.header('X-Request-Id', context.get('requestId'))
  if (error.retryAfterMs !== undefined)
    context.header('Retry-After', String(Math.ceil(error.retryAfterMs / 1000)))
  return status === 204 ? context.body(null, 204) : context.json(bodyOfError(context, error), status)
}

function bodyOfError(context: ApiContext, error: AppError): ErrorBody {
  const body = toErrorBody(error, languageOf(context.req.header('x-language')))
  const { status: code } = ERRORS[error.code]
  if (!context.req.path.startsWith('/v3')) return body
  return { ...body, error: { code, message: error.message, title: STATUS_CODES[code] ?? '' } }
}
