// The two ports: the API and the object server, both open to the same keys.
import { getRequestListener } from '@hono/node-server'
import type { LiveIdentity } from '../auth/live-identity.ts'
import type { Config } from '../config.ts'
import { type ApiOptions, createApi } from '../http/api.ts'
import { serveExec } from '../http/exec.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../logger.ts'
import { authorizeS3V4 } from '../storage/server/authorize.ts'
import { createObjectHandler } from '../storage/server/object-handler.ts'
import type { ObjectsOfProjects } from '../storage/server/project-objects.ts'
import { catalogOf } from './catalog.ts'
import { failureLog, objectFailure } from './failure-log.ts'
import { isLoopback, type Listener, listen } from './listener.ts'
import { refuseAsApi, refuseAsObjects } from './malformed.ts'
import { objectKeysOf } from './object-access.ts'
import { openTls, type Tls } from './tls.ts'

/** A whole API request has to arrive within this; objects may take as long as they need, while bytes keep moving. */
const API_REQUEST_MS = 60_000
const HEADERS_MS = 15_000
const OBJECT_IDLE_MS = 300_000

/** Registers who is called on SIGHUP. */
export type OnReload = (reload: () => void) => Disposable

type Parts = Omit<
  ApiOptions,
  'version' | 'rate' | 'addresses' | 'audit' | 'hasBuckets' | 'catalog' | 'onError'
> & {
  readonly objects: ObjectsOfProjects
  readonly identity: LiveIdentity
  readonly clock: Clock
  /** Ends long polls. */
  readonly stop: () => void
}

export type Listeners = {
  readonly api: Listener
  readonly objects: Listener
  /** Where clients find them. */
  readonly apiUrl: string
  readonly objectsUrl: string
}

/** Opens both; `owned` closes them. Throws ConfigError. */
export async function openListeners(
  config: Config,
  parts: Parts,
  owned: AsyncDisposableStack,
  { logger, onReload }: { logger: Logger; onReload: OnReload },
): Promise<Listeners> {
  const tls = config.tls && owned.use(openTls(config.tls, onReload, logger))
  const objects = owned.use(await listenForObjects(config, parts, tls, logger))
  const api = createApi(apiOptions(config, parts, objects, logger))
  const apiListener = owned.use(
    await listen({
      ...{ flag: '--listen', endpoint: config.listen, handle: getRequestListener(api.fetch), tls },
      ...{
        headersTimeoutMs: HEADERS_MS,
        requestTimeoutMs: API_REQUEST_MS,
        idleTimeoutMs: 0,
        refuse: refuseAsApi,
      },
    }),
  )
  owned.use(serveExec(apiListener.server, api, parts))
  // Long polls end first, or closing would wait for them.
  owned.defer(parts.stop)
  warnOfOpenPorts(config, logger)
  return {
    ...{ api: apiListener, objects },
    apiUrl: config.publicUrl ?? apiListener.url,
    objectsUrl: config.publicObjectsUrl ?? objects.url,
  }
}

function listenForObjects(
  config: Config,
  { objects: store, identity, clock }: Parts,
  tls: Tls | null,
  logger: Logger,
): Promise<Listener> {
  const authorize = authorizeS3V4({ lookup: objectKeysOf(identity), clock })
  const handle = createObjectHandler({ store, authorize, onFailure: objectFailure(logger) })
  return listen({
    ...{ flag: '--objects', endpoint: config.objects, handle, tls },
    ...{
      headersTimeoutMs: HEADERS_MS,
      requestTimeoutMs: 0,
      idleTimeoutMs: OBJECT_IDLE_MS,
      refuse: refuseAsObjects,
    },
  })
}

const apiOptions = (config: Config, parts: Parts, objects: Listener, logger: Logger): ApiOptions => ({
  ...parts,
  version: config.version,
  rate: parts.site.api,
  addresses: {
    region: config.region,
    api: config.publicUrl,
    objects: config.publicObjectsUrl,
    objectsHere: objects.url,
    isTls: config.tls !== null,
    proxies: config.proxies,
  },
  audit: (action, by, details) => logger.info({ audit: action, by, ...details }, 'audit'),
  hasBuckets: async (projectId) => (await parts.objects.within(projectId).listBuckets()).length > 0,
  catalog: (projectId) => catalogOf(parts.objects.within(projectId)),
  onError: failureLog(logger, 'a request failed', 'request'),
})

/** Secrets never travel, but what jobs read, write and print does, and so do tokens. */
function warnOfOpenPorts(config: Config, logger: Logger): void {
  if (config.tls !== null) return
  const open = [
    ...(isLoopback(config.listen) ? [] : ['--listen']),
    ...(isLoopback(config.objects) ? [] : ['--objects']),
  ]
  if (open.length === 0) return
  if (config.publicUrl?.startsWith('https:') === true)
    logger.info(
      { flags: open },
      `TLS is left to who answers at ${config.publicUrl}; nobody else may reach these ports`,
    )
  else
    logger.warn(
      { flags: open },
      'other machines can reach this server, and everything travels in the clear: tokens, passwords, logs and objects. Give --tls-cert and --tls-key, or put a proxy before it that ends TLS (docs/how-to/use-tls.md)',
    )
}
