// Wires a Config into a running server. Every owner goes onto one stack; leaving the scope takes them down in reverse.
import { join } from 'node:path'
import process from 'node:process'
import { getRequestListener } from '@hono/node-server'
import type { LookupAccessKey } from './auth/authenticate.ts'
import { type Config, readConfig, type ServeFlags } from './config.ts'
import { type AccessKeyStore, createAccessKeyStore } from './db/access-key-store.ts'
import { openDatabase } from './db/database.ts'
import { readServeId } from './db/instance.ts'
import { createJobStore } from './db/job-store.ts'
import { readSecretKey } from './db/secret-key.ts'
import { createApi } from './http/api.ts'
import { SocketTaskGate, type TaskGateParts } from './http/task-gate.ts'
import { Controller, type ControllerParts } from './job/controller.ts'
import { DEFAULT_SITE } from './job/site.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { ChangeSignal } from './lib/signal.ts'
import { openLogStore } from './log/log-store.ts'
import { createLogger, type Logger } from './logger.ts'
import { authorizeAlways, authorizeS3V4 } from './storage/server/authorize.ts'
import { createObjectHandler } from './storage/server/object-handler.ts'
import { type ObjectStore, openObjectStore } from './storage/server/object-store.ts'
import { openBackend } from './wiring/backend.ts'
import { recordBackend } from './wiring/backend-record.ts'
import { catalogOf } from './wiring/catalog.ts'
import { writeCredentials } from './wiring/credentials.ts'
import { makeDataFolder } from './wiring/data-folder.ts'
import { openInventory } from './wiring/inventory.ts'
import { listen } from './wiring/listener.ts'

export type App = AsyncDisposable & {
  readonly endpoint: string
  readonly objectEndpoint: string
  readonly projectId: string
}

/** Runs the server until the signal aborts. Throws ConfigError, DataFolderError or AppError when it cannot start. */
export async function runServe(
  flags: ServeFlags & { env: Readonly<Record<string, string | undefined>> },
  signal: AbortSignal,
): Promise<void> {
  const config = readConfig(flags, flags.env)
  const logger = createLogger(config.logLevel)
  await using app = await openApp(config, logger)
  logger.info(
    { endpoint: app.endpoint, objects: app.objectEndpoint, data: config.dataDir },
    'ropeway is serving',
  )
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  logger.info({}, 'ropeway is stopping; running tasks go on')
}

/** Opens everything on a data folder. What was opened is closed again when a later step fails. */
export async function openApp(config: Config, logger: Logger): Promise<App> {
  await using owned = new AsyncDisposableStack()
  const clock = systemClock
  makeDataFolder(config.dataDir)
  // The folder's lock comes first: nothing of a living server is touched by a second one.
  const { db } = owned.use(await openDatabase(config.dataDir))
  const inventory = await openInventory(config.simulate)
  const secretKey = await readSecretKey(config.dataDir)
  const serveId = await readServeId(config.dataDir)
  const keys = createAccessKeyStore(db, { secretKey, clock })
  const first = await keys.ensureFirst()
  const store = createJobStore(db, { secretKey, serveId, ownership: 'serve' })
  const logs = owned.use(await openLogStore({ dir: join(config.dataDir, 'logs'), clock }))
  const objects = owned.use(await openObjectStore({ dir: join(config.dataDir, 'objects'), clock }))
  const backend = owned.use(
    await openBackend(config, clock, logs, inventory, (error) =>
      logger.error({ error: textOf(error) }, 'the fake backend failed'),
    ),
  )
  await recordBackend(config.dataDir, backend.name, await store.listUnfinished(serveId))

  const wake = new ChangeSignal()
  const changed = new ChangeSignal()
  const stopping = new AbortController()
  const parts = {
    store,
    logs,
    backend,
    clock,
    wake,
    changed,
    stopping: stopping.signal,
    inventory: () => inventory,
    site: DEFAULT_SITE,
  }
  const lookup = liveKeys(keys, clock)
  const { controller, gate } = createMovers(config, parts, objects, first.projectId, serveId, logger)
  owned.use(gate)
  owned.use(controller)
  const api = createApi({
    ...parts,
    catalog: catalogOf(objects),
    lookup,
    onError: (request, error) => logger.error({ request, error: textOf(error) }, 'a request failed'),
  })
  const authorize = authorizeS3V4({ lookupSecret: (accessKey) => lookup(accessKey)?.secret, clock })
  const objectHandler = createObjectHandler({ store: objects, authorize, onFailure: objectFailure(logger) })
  const objectListener = owned.use(await listen('--objects', config.objects, objectHandler, 0))
  const apiListener = owned.use(
    await listen('--listen', config.listen, getRequestListener(api.fetch), API_REQUEST_MS),
  )
  // Long polls end first, or closing would wait for them.
  owned.defer(() => stopping.abort(new Error('the server is stopping')))
  await controller.start()
  await writeCredentials(config.dataDir, {
    endpoint: apiListener.url,
    object_endpoint: objectListener.url,
    project_id: first.projectId,
    access_key: first.accessKey,
    secret_key: first.secret,
  })
  const disposables = owned.move()
  return {
    endpoint: apiListener.url,
    objectEndpoint: objectListener.url,
    projectId: first.projectId,
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

/** A whole API request has to arrive within this; objects may take as long as they need. */
const API_REQUEST_MS = 60_000

/** An expired key opens nothing, neither the API nor the objects. */
function liveKeys(keys: AccessKeyStore, clock: Clock): LookupAccessKey {
  return (accessKey) => {
    const key = keys.findSecret(accessKey)
    return key && (key.expiresAtMs === null || key.expiresAtMs > clock.now().getTime()) ? key : undefined
  }
}

type MoverParts = Omit<TaskGateParts, 'serveObjects' | 'onError'> & Pick<ControllerParts, 'site'>

/** What moves jobs: the controller, and the tasks' sockets that it opens and closes. */
function createMovers(
  config: Config,
  parts: MoverParts,
  objects: ObjectStore,
  projectId: string,
  serveId: string,
  logger: Logger,
) {
  const taskObjects = createObjectHandler({
    store: objects,
    authorize: authorizeAlways(projectId),
    onFailure: objectFailure(logger),
  })
  const gate = new SocketTaskGate({
    ...parts,
    serveObjects: () => taskObjects,
    onError: (where, error) => logger.error({ where, error: textOf(error) }, 'a task request failed'),
  })
  const controller = new Controller({
    ...parts,
    gate,
    serveId,
    onError: (job, error) =>
      logger.error({ job, error: textOf(error) }, 'a job could not be moved and is tried again'),
    faultPoint: faultPointOf(config),
  })
  return { controller, gate }
}

const objectFailure = (logger: Logger) => (error: Error) =>
  logger.error({ error: textOf(error) }, 'an object request failed')

/** The crash tests end the process at a named point, the way a power cut would. */
function faultPointOf({ faultPoint }: Config): (point: string) => void {
  return (point) => {
    if (point === faultPoint) process.kill(process.pid, 'SIGKILL')
  }
}

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
