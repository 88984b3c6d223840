// `launcher task`: the life of a task, from hello to the exit code (decisions.md §1, §2).

import { join } from 'node:path'
import type { HelloResponse, TaskReport } from '../api/task.ts'
import { sleep } from '../lib/abort.ts'
import { type Environment, userEnvironment } from './environment.ts'
import { sayHello } from './hello.ts'
import { openInnerSocket } from './inner-socket.ts'
import { LogFolders } from './log-folders.ts'
import { LogSpool } from './log-spool.ts'
import { newMark } from './mark.ts'
import { openS3 } from './open-s3.ts'
import { OutputUploads, uploadLimit } from './output-uploads.ts'
import type { ObjectPort } from './ports.ts'
import { keepRankTable, makeTableFolder } from './rank-table-keep.ts'
import { Reporter } from './report.ts'
import { serviceLog } from './service-log.ts'
import { shipLogs } from './ship-logs.ts'
import { stageIn } from './stage.ts'
import { TaskClient } from './task-client.ts'
import { inStage, type TaskContext } from './task-context.ts'
import { type FailedRank, failedFirst, type Outcome, outcomeOf } from './task-outcome.ts'
import { runUserCommand, TASK_MARK } from './user-command.ts'

const DRAIN_MS = 10_000

export type TaskOptions = {
  /** As we were started: the image's, with parked variables. */
  readonly ownEnvironment: Readonly<NodeJS.ProcessEnv>
  readonly socketPath: string
  readonly spoolDir: string
  readonly runtimeDir: string
  readonly objects: ObjectPort
  /** Sentences that have no log to go to yet. */
  readonly say: (sentence: string) => void
}

/** Returns the exit code. Rejects only with StopRequest, when `signal` aborts before the server was reached. */
export async function runTask(options: TaskOptions, signal: AbortSignal): Promise<number> {
  using client = new TaskClient(options.socketPath)
  const hello = await sayHello(client, options.say, signal)
  using spool = await LogSpool.open({ dir: options.spoolDir, limitBytes: hello.spool_limit_bytes })
  const log = serviceLog((line) => spool.append('task', Buffer.from(line)))
  const reporter = new Reporter(client)
  const services = new AbortController()
  const onRefused = (stream: string, detail: string) =>
    reporter.tell({
      kind: 'problem',
      level: 'Error',
      reason: 'LogRefused',
      message: `the log ${stream} goes no further: ${detail}`,
    })
  const serving = Promise.all([
    shipLogs({ spool, client, attempt: hello.attempt, onRefused }, services.signal),
    reporter.run(services.signal),
  ])
  let failed = null as FailedRank | null
  const tell = (report: TaskReport) => {
    const isExit = report.kind === 'rank' && report.state === 'exited' && report.exit_code !== 0
    // Ranks that we end ourselves fail too.
    if (isExit && !signal.aborted) failed ??= { rank: report.rank, code: report.exit_code ?? 1 }
    reporter.tell(report)
  }
  const { runtimeDir, objects } = options
  const liveWithS3 = async (): Promise<Outcome> => {
    await using s3 = await openS3(options.socketPath, hello, log)
    const environment = environmentOf(options, hello, s3?.environment ?? {})
    return await live({ hello, environment, runtimeDir, spool, log, objects, tell }, client, signal)
  }
  const lived = await liveWithS3().catch((error: unknown) =>
    outcomeOf(signal.aborted ? signal.reason : error),
  )
  const outcome = signal.aborted && failed !== null ? failedFirst(failed) : lived
  if (outcome.reason !== null) {
    log.error(outcome.message)
    reporter.tell({ kind: 'problem', level: 'Error', reason: outcome.reason, message: outcome.message })
  }
  const deadlineMs = performance.now() + DRAIN_MS
  await spool.shipped(DRAIN_MS)
  if (spool.untoldBytes > 0)
    reporter.tell({
      kind: 'problem',
      level: 'Warning',
      reason: 'LogLost',
      message: `${spool.untoldBytes} bytes of the task's logs are missing: the disk did not take them`,
    })
  reporter.tell({
    kind: 'end',
    exit_code: outcome.code,
    message: outcome.message,
    first_failed_rank: outcome.firstFailedRank ?? failed?.rank ?? null,
  })
  await reporter.flushed(Math.max(deadlineMs - performance.now(), 500))
  services.abort()
  await serving
  return outcome.code
}

function environmentOf(
  { ownEnvironment, socketPath, spoolDir, runtimeDir }: TaskOptions,
  hello: HelloResponse,
  s3: Environment,
): Record<string, string> {
  const ours = {
    ROPEWAY_LAUNCHER_SOCKET: join(spoolDir, 'launcher.sock'),
    ROPEWAY_TASK_SOCKET: socketPath,
    ROPEWAY_RUNTIME_DIR: runtimeDir,
    ROPEWAY_RANK_TABLE_TIMEOUT: String(hello.rank_table_timeout_s),
    // Launchers inside end their ranks before we end them.
    ROPEWAY_GRACE:
      hello.environment['ROPEWAY_GRACE'] || String(Math.max(hello.grace_s - 1, hello.grace_s / 2)),
    ...(hello.code ? { ROPEWAY_STAGED_CODE: hello.code.url } : {}),
    [TASK_MARK]: newMark(),
  }
  return userEnvironment(ownEnvironment, { ...s3, ...hello.environment }, ours, join(runtimeDir, 'moxing'))
}

/** Programs may open the table's file as their first act, `initializing` or not; it is there unless the server is away. */
const FIRST_TABLE_MS = 1_000

async function live(context: TaskContext, client: TaskClient, stop: AbortSignal): Promise<Outcome> {
  const { environment, log, objects, spool, tell } = context
  const append = (stream: string, bytes: Buffer) => spool.append(stream, bytes)
  await using _inner = await openInnerSocket({
    path: environment['ROPEWAY_LAUNCHER_SOCKET'] ?? '',
    environment,
    append,
    tell,
    move: objects.move,
  })
  using limit = uploadLimit(stop, context.hello.grace_s * 1000)
  const broken = new AbortController()
  const over = new AbortController()
  const signal = AbortSignal.any([stop, broken.signal])
  const first = Promise.withResolvers<void>()
  const keeping = keepTable(context, client, first.resolve, over.signal)
    .catch((error: unknown) => broken.abort(error))
    .finally(first.resolve)
  try {
    using uploads = new OutputUploads(context)
    await stageIn(context, signal)
    await uploads.prepare(signal)
    await atMost(first.promise, FIRST_TABLE_MS, signal)
    using logFolders = new LogFolders(context, client)
    uploads.start()
    logFolders.start()
    const outcome = await train(context, signal)
    const failure = await uploads.finish(limit.signal, outcome.code === 0).then(
      () => null,
      (error: unknown) => outcomeOf(error),
    )
    await logFolders.finish(limit.signal)
    if (failure === null) return outcome
    if (outcome.code === 0) return failure
    log.error(failure.message)
    return outcome
  } finally {
    over.abort()
    await keeping
  }
}

/** The user's program from start to end. A stop or a failure to start is an outcome too: outputs go out all the same. */
async function train(context: TaskContext, signal: AbortSignal): Promise<Outcome> {
  try {
    let result = { code: 0, firstFailedRank: null as number | null }
    await inStage(context, 'training', async () => {
      result = await runUserCommand(context, signal)
      return null
    })
    const message = result.code === 0 ? '' : `the program ended with exit code ${result.code}`
    return { ...result, message, reason: null }
  } catch (error) {
    return outcomeOf(signal.aborted ? signal.reason : error)
  }
}

/** Resolves when `wanted` does, or after `ms`; a stop that comes meanwhile is met by whatever follows. */
async function atMost(wanted: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  const waited = new AbortController()
  const pause = sleep(ms, AbortSignal.any([signal, waited.signal])).catch(() => undefined)
  await Promise.race([wanted, pause])
  waited.abort()
}

async function keepTable(
  { hello, log }: TaskContext,
  client: TaskClient,
  onFirst: () => void,
  signal: AbortSignal,
): Promise<void> {
  const dir = hello.rank_table_dir
  if (dir === null) return
  makeTableFolder(dir)
  let told = 0
  await keepRankTable(
    {
      client,
      dir,
      onTable: ({ version }) => {
        if (version > told) log.info(`Rank table version ${version} is in ${dir}`)
        told = version
        onFirst()
      },
    },
    signal,
  )
}
