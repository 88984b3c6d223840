// The HTTP application: every request is authenticated, parsed, handled by one file per resource, and its errors mapped once.
import { Hono } from 'hono'
import { AppError, toErrorBody } from '../api/error.ts'
import { ERRORS } from '../api/errors.ts'
import { languageOf } from '../api/language.ts'
import { authenticate, type LookupAccessKey } from '../auth/authenticate.ts'
import { newUuid } from '../lib/id.ts'
import { documents } from './documents.ts'
import { eventHandlers } from './events.ts'
import { execHandlers } from './exec.ts'
import { flavorHandlers } from './flavors.ts'
import { addHandlers } from './handlers.ts'
import { imageCheckHandlers } from './image-checks.ts'
import { logHandlers } from './logs.ts'
import { ownHandlers } from './own.ts'
import type { ApiContext, ApiEnv, ApiParts } from './parts.ts'
import { readBytes } from './read-bytes.ts'
import { registryHandlers } from './registries.ts'
import { trainingJobHandlers } from './training-jobs.ts'
import { WaitingView } from './waiting.ts'

/** Bodies of the API end here (modelarts.md §1.1). */
export const MAX_BODY_BYTES = 12 << 20

export type ApiOptions = Omit<ApiParts, 'waiting'> & {
  readonly lookup: LookupAccessKey
  /** The package's, for the documents. */
  readonly version: string
  /** Gets what nobody foresaw; the caller of the API sees only a request id. */
  readonly onError: (requestId: string, error: unknown) => void
}

/** Builds the application. Without authentication it answers to `/healthz` and the documents only (decisions.md §4). */
export function createApi(options: ApiOptions): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  app.use(async (context, next) => {
    context.set('requestId', newUuid())
    context.header('X-Request-Id', context.get('requestId'))
    await next()
  })
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  for (const [path, answer] of Object.entries(documents(options.version))) app.get(path, answer)
  app.use('/*', async (context, next) => {
    await identify(options, context)
    await next()
  })
  const parts: ApiParts = { ...options, waiting: new WaitingView(options) }
  addHandlers(app, {
    ...trainingJobHandlers(parts),
    ...eventHandlers(parts),
    ...logHandlers(parts),
    ...flavorHandlers(parts),
    ...ownHandlers(parts),
    ...registryHandlers(parts),
    ...execHandlers(parts),
    ...imageCheckHandlers(parts),
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

async function identify(options: ApiOptions, context: ApiContext): Promise<void> {
  const url = new URL(context.req.raw.url)
  const headers = Object.fromEntries(context.req.raw.headers)
  // Who does not name a key that exists is turned away before a byte of the body is read.
  const claimed = /Access=([^,\s]+)/.exec(headers['authorization'] ?? '')?.[1]
  const known = claimed !== undefined && options.lookup(claimed) !== undefined
  const body = known ? await readBytes(context.req.raw, MAX_BODY_BYTES) : new Uint8Array()
  const result = authenticate({
    request: { method: context.req.method, path: url.pathname, query: url.search.slice(1), headers },
    body,
    pathProjectId: projectInPath(url.pathname),
    lookup: options.lookup,
    now: options.clock.now(),
  })
  if (!result.ok)
    throw new AppError(result.refusal === 'forbidden' ? 'Forbidden' : 'Unauthorized', result.message)
  context.set('principal', result.principal)
  context.set('body', body)
}

/** `/v2/PROJECT/…` or `/ropeway/v1/PROJECT/…`; null where a path has none. A bad escape is compared as it is. */
function projectInPath(path: string): string | null {
  const [, area, version, project] = path.split('/')
  const text = area === 'ropeway' ? project : version
  try {
    return text ? decodeURIComponent(text) : null
  } catch {
    return text ?? null
  }
}

const notFound = (context: ApiContext): AppError =>
  new AppError(
    'PathNotFound',
    `path: got ${context.req.method} ${JSON.stringify(context.req.path.slice(0, 200))}; valid: a path of docs/api-compatibility.md`,
  )

function answerError(context: ApiContext, error: AppError): Response {
  const { status } = ERRORS[error.code]
  context.header('X-Request-Id', context.get('requestId'))
  return status === 204
    ? context.body(null, 204)
    : context.json(toErrorBody(error, languageOf(context.req.header('x-language'))), status)
}
