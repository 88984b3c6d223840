// Wires a Config into a running server. Every owner goes onto one stack; leaving the scope takes them down in reverse.

import { join } from 'node:path'
import process from 'node:process'
import type { Inventory } from './accelerator/device.ts'
import { type Config, readConfig, type ServeFlags } from './config.ts'
import { ExecSessions } from './http/exec-sessions.ts'
import { SocketTaskGate } from './http/task-gate.ts'
import { Controller } from './job/controller.ts'
import type { LogExporter } from './job/log-export.ts'
import { RankFailures } from './job/rank-failures.ts'
import type { Site } from './job/site.ts'
import { ChangeSignal } from './lib/signal.ts'
import { createLogger, type Logger } from './logger.ts'
import { authorizeAlways } from './storage/server/authorize.ts'
import { createObjectHandler } from './storage/server/object-handler.ts'
import { openObjectStore } from './storage/server/object-store.ts'
import type { ObjectsOfProjects } from './storage/server/project-objects.ts'
import { openBackend } from './wiring/backend.ts'
import { countOn, recordBackend } from './wiring/backend-record.ts'
import { keepCredentials } from './wiring/credentials.ts'
import { openChangeFeed } from './wiring/database.ts'
import { openDiskWatch } from './wiring/disk-guard.ts'
import { failureLog, objectFailure } from './wiring/failure-log.ts'
import { openImageInspector } from './wiring/image-inspector.ts'
import { type OnReload, openListeners } from './wiring/listeners.ts'
import { createLogExporter, exportingGate } from './wiring/log-export.ts'
import { writeLogFile } from './wiring/log-export-folder.ts'
import { openLogs } from './wiring/logs.ts'
import { credentialsOf, openRegistryTester } from './wiring/registries.ts'
import { type OpenRows, openRows } from './wiring/rows.ts'
import { loadSite } from './wiring/site-file.ts'
import { openInputBlocks, StoresElsewhere, testStorage } from './wiring/stores-elsewhere.ts'
import { Sweeper } from './wiring/sweep.ts'
import { TaskBudgetWatch } from './wiring/task-budgets.ts'
import { openWatchedDevices } from './wiring/watched-devices.ts'

export type App = AsyncDisposable & {
  readonly endpoint: string
  readonly objectEndpoint: string
  readonly projectId: string
}

/** Runs the server until the signal aborts. Throws ConfigError, DataFolderError or AppError when it cannot start. */
export async function runServe(
  flags: ServeFlags & { env: Readonly<Record<string, string | undefined>> },
  signal: AbortSignal,
  onReload: OnReload,
): Promise<void> {
  const config = readConfig(flags, flags.env)
  const logger = createLogger(config.logLevel)
  await using app = await openApp(config, logger, onReload, signal).catch((error: unknown) => {
    // Told to end while it still waited for its engine.
    if (signal.aborted && error === signal.reason) return null
    throw error
  })
  if (app === null) return
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
export async function openApp(
  config: Config,
  logger: Logger,
  onReload: OnReload = NEVER,
  signal: AbortSignal = new AbortController().signal,
): Promise<App> {
  await using owned = new AsyncDisposableStack()
  const rows = await openRows(config, owned, logger)
  const { parts, objects } = await openParts(config, rows, owned, { logger, signal })
  const { controller, gate, exporter } = createMovers(config, parts, objects, rows, logger)
  owned.use(gate)
  owned.use(exporter)
  owned.use(controller)
  const sweeper = owned.use(await createSweeper(config, parts, exporter, rows, logger))
  const listeners = await openListeners(
    config,
    { ...parts, objects, identity: rows.identity, firstProjectId: rows.first.projectId },
    owned,
    { logger, onReload },
  )
  await rows.announce(listeners.apiUrl)
  await exporter.start()
  await controller.start()
  const feed = await openChangeFeed(config, { ...parts, ...rows }, logger)
  if (feed) owned.use(feed)
  sweeper.start()
  await keepCredentials(
    config.dataDir,
    { endpoint: listeners.apiUrl, object_endpoint: listeners.objectsUrl },
    rows,
    (error) => logger.warn({ error: String(error) }, 'credentials.json could not be brought up to date'),
  )
  const disposables = owned.move()
  return {
    endpoint: listeners.api.url,
    objectEndpoint: listeners.objects.url,
    projectId: rows.first.projectId,
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

const NEVER: OnReload = () => ({ [Symbol.dispose]: () => undefined })

function readSite(config: Config, inventory: Inventory, logger: Logger): Site {
  const { site, file, warnings } = loadSite(config.siteFile, config.dataDir, inventory)
  if (file !== null) logger.info({ file }, "the site's rules were read")
  for (const warning of warnings) logger.warn({ file }, warning)
  return site
}

/** What jobs need beside rows: logs, objects, devices and where tasks run. */
async function openParts(
  config: Config,
  { clock, store, serveId, registries, first, projectStores, linkKey }: OpenRows,
  owned: AsyncDisposableStack,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
) {
  const wake = new ChangeSignal()
  const devices = owned.use(await openWatchedDevices({ config, store, wake, logger }))
  const embedded = owned.use(
    await openObjectStore({ dir: join(config.dataDir, 'objects'), clock, heir: first.projectId }),
  )
  const site = readSite(config, devices.inventory(), logger)
  const changed = new ChangeSignal()
  const logs = owned.use(
    await openLogs({
      ...{ dataDir: config.dataDir, clock, disk: site.disk, store, changed },
      onError: failureLog(logger, 'the end of a log could not be told of'),
    }),
  )
  const blocks = await openInputBlocks(config.dataDir, site.disk)
  const objects = owned.use(new StoresElsewhere(embedded, projectStores.storageConnections, clock, blocks))
  const credentials = credentialsOf(registries)
  const unfinished = await store.listUnfinished(serveId)
  const jobsOnEngine = await countOn(config.dataDir, 'docker', unfinished)
  const opened = await openBackend(config, {
    ...{ clock, logs, site, serveId, logger, credentials, jobsOnEngine, signal },
    wiring: devices.wiring,
  })
  const { engine, runtimeDir } = opened
  const backend = owned.use(opened.backend)
  await recordBackend(config.dataDir, backend.name, unfinished)
  const stopping = new AbortController()
  const nowMs = () => clock.now().getTime()
  const disk = owned.use(
    openDiskWatch({
      ...{ config, site, store, serveId, changed, nowMs, logger },
      engineRoot: engine?.dataRoot ?? null,
    }),
  )
  const budgets = owned.use(
    new TaskBudgetWatch({
      ...{ backend, store, serveId, wake, changed, nowMs },
      ...{ budgetBytes: site.disk.cacheBytes, over: site.disk.cacheOver },
      onError: failureLog(logger, 'not counted and tried again', 'what', 'warn'),
    }),
  )
  budgets.start()
  const parts = {
    ...{ budgets, store, logs, backend, clock, wake, changed, disk, runtimeDir, nowMs },
    stopping: stopping.signal,
    execSessions: new ExecSessions(),
    rankFailures: new RankFailures(),
    inventory: devices.inventory,
    site,
    registries,
    ...projectStores,
    linkKey,
    testStorage,
    embeddedBuckets: async (projectId: string) =>
      (await embedded.within(projectId).listBuckets()).map(({ name }) => name),
    registryTester: await openRegistryTester(engine),
    imageInspector: owned.use(await openImageInspector(engine, site, { serveId, registries, logger })),
  }
  return { parts: { ...parts, stop: () => stopping.abort(new Error('the server is stopping')) }, objects }
}

type OpenParts = Awaited<ReturnType<typeof openParts>>['parts']

/** What moves jobs: the controller, and the tasks' sockets that it opens and closes. */
function createMovers(
  config: Config,
  parts: OpenParts,
  objects: ObjectsOfProjects,
  { first, serveId }: OpenRows,
  logger: Logger,
) {
  const taskObjects = (projectId: string) =>
    createObjectHandler({
      store: objects,
      authorize: authorizeAlways(projectId),
      onFailure: objectFailure(logger),
    })
  const exporter = createLogExporter({
    ...parts,
    dataDir: config.dataDir,
    objects,
    firstProjectId: first.projectId,
    onError: failureLog(logger, 'logs could not be exported'),
  })
  const gate = new SocketTaskGate({
    ...parts,
    serveObjects: taskObjects,
    writeLogFile: (folder, name, offset, bytes) =>
      writeLogFile({ folder, name, allowed: parts.site.logExportPaths }, offset, bytes),
    onError: failureLog(logger, 'a task request failed', 'where'),
  })
  const controller = new Controller({
    ...parts,
    gate: exportingGate(gate, exporter),
    serveId,
    onError: failureLog(logger, 'a job could not be moved and is tried again'),
    faultPoint: faultPointOf(config),
  })
  return { controller, gate, exporter }
}

function createSweeper(
  { dataDir }: Config,
  parts: OpenParts,
  exporter: LogExporter,
  { serveId }: OpenRows,
  logger: Logger,
): Promise<Sweeper> {
  return Sweeper.create({
    ...{ ...parts, dataDir, serveId, disk: parts.site.disk },
    forgetExport: (jobId) => exporter.forget(jobId),
    onError: failureLog(logger, 'not all could be cleared away', 'what', 'warn'),
  })
}

/** The crash tests end the process at a named point, the way a power cut would. */
function faultPointOf({ faultPoint }: Config): (point: string) => void {
  return (point) => {
    if (point === faultPoint) process.kill(process.pid, 'SIGKILL')
  }
}
