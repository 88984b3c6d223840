// The server's half of src/api/task.ts, for one task: hello, rank table by long poll, logs by offset, reports.
import type { IncomingMessage } from 'node:http'
import { Hono } from 'hono'
import type { Inventory } from '../accelerator/device.ts'
import { AppError, toErrorBody } from '../api/error.ts'
import { ERRORS } from '../api/errors.ts'
import {
  execSessionQuery,
  helloRequest,
  logFileQuery,
  logStream,
  type RankTableResponse,
  rankTableQuery,
  reportRequest,
} from '../api/task.ts'
import { TASK_PROTOCOL, TASK_ROUTES } from '../api/task-constants.ts'
import { buildInstructions } from '../job/instructions.ts'
import type { Job } from '../job/job.ts'
import { isTerminal } from '../job/phase.ts'
import type { RankFailures } from '../job/rank-failures.ts'
import { rankTableOf } from '../job/rank-table.ts'
import { reportEvent } from '../job/report-event.ts'
import type { JobStore } from '../job/store.ts'
import type { Clock } from '../lib/clock.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import { LogError } from '../log/log-error.ts'
import type { LogStore } from '../log/log-store.ts'
import type { ExecSessions } from './exec-sessions.ts'
import { logFileTaker, type WriteLogFile } from './log-files.ts'
import { parseBody, parseQuery } from './parse.ts'
import { readBytes, readIncoming } from './read-bytes.ts'

const MAX_APPEND_BYTES = 8 << 20
const MAX_REPORT_BYTES = 1 << 20

export type TaskApiParts = {
  readonly store: JobStore
  readonly logs: LogStore
  readonly inventory: () => Inventory
  readonly clock: Clock
  readonly wake: ChangeSignal
  readonly changed: ChangeSignal
  readonly rankFailures: RankFailures
  readonly stopping: AbortSignal
  readonly execSessions: ExecSessions
  readonly writeLogFile: WriteLogFile
  readonly onError: (where: string, error: unknown) => void
}

/** Whose socket it is. */
export type TaskIdentity = { readonly jobId: string; readonly attempt: number; readonly task: string }

/** Node's own request is there when the application runs behind a socket. */
type TaskEnv = { Bindings: { readonly incoming?: IncomingMessage } }

/** The application behind one task's socket. */
export function createTaskApi(parts: TaskApiParts, who: TaskIdentity): Hono<TaskEnv> {
  const app = new Hono<TaskEnv>()
  app.post(TASK_ROUTES.hello, async (context) => {
    const { protocol } = parseBody(helloRequest, await readBytes(context.req.raw, MAX_REPORT_BYTES))
    if (protocol !== TASK_PROTOCOL)
      throw new AppError('InvalidParam', `protocol: got ${protocol}; valid: ${TASK_PROTOCOL}`)
    parts.wake.notify(who.jobId)
    return context.json(await hello(parts, who, context.req.raw.signal))
  })
  app.get(TASK_ROUTES.rankTable, async (context) => {
    const { version, wait_s: waitS } = parseQuery(rankTableQuery, context.req.query())
    return context.json(await rankTable(parts, who, version, waitS * 1000, context.req.raw.signal))
  })
  app.get(TASK_ROUTES.exec, async (context) => {
    const { session, wait_s: waitS } = parseQuery(execSessionQuery, context.req.query())
    const signal = AbortSignal.any([parts.stopping, context.req.raw.signal])
    const goesOn = await parts.execSessions.watch(session, waitS * 1000, signal)
    return context.body(null, goesOn ? 204 : 410)
  })
  app.post(TASK_ROUTES.logs, async (context) => {
    const stream = logStream.safeParse(context.req.query('stream'))
    const offset = Number(context.req.query('offset'))
    if (!stream.success || !Number.isSafeInteger(offset) || offset < 0) {
      throw new AppError(
        'QueryParamsError',
        'stream, offset: valid: "task" or "rank-<number>", and a whole number of bytes',
      )
    }
    const incoming = context.env?.incoming
    const bytes = incoming
      ? await readIncoming(incoming, MAX_APPEND_BYTES)
      : await readBytes(context.req.raw, MAX_APPEND_BYTES)
    const { accepted, length } = await parts.logs.append({ ...who, stream: stream.data }, offset, bytes)
    return context.json({ length }, accepted ? 200 : 409)
  })
  const takeLogFile = logFileTaker(parts, who)
  app.post(TASK_ROUTES.logFiles, async (context) => {
    const query = parseQuery(logFileQuery, context.req.query())
    const bytes = await readBytes(context.req.raw, MAX_APPEND_BYTES)
    await takeLogFile(await liveJob(parts, who), query, bytes)
    return context.json({})
  })
  app.post(TASK_ROUTES.reports, async (context) => {
    const {
      sequence,
      at_ms: atMs,
      report,
    } = parseBody(reportRequest, await readBytes(context.req.raw, MAX_REPORT_BYTES))
    const isNew = await parts.store.recordReport(
      who.jobId,
      who.attempt,
      who.task,
      sequence,
      reportEvent(who.task, report),
      // The task's clock is the task's word: never later than now, and no time that no calendar has.
      Math.min(Math.max(atMs, 0), parts.clock.now().getTime()),
    )
    if (isNew) parts.changed.notify(who.jobId)
    if (parts.rankFailures.note(who.jobId, who.attempt, who.task, report)) parts.wake.notify(who.jobId)
    return context.json({})
  })
  app.onError((error, context) => {
    const known = knownError(error)
    if (known.code === 'Internal') parts.onError(`task ${who.task} of job ${who.jobId}`, error)
    const { status } = ERRORS[known.code]
    return status === 204 ? context.body(null, 204) : context.json(toErrorBody(known), status)
  })
  return app
}

function knownError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof LogError && error.code === 'DiskFull')
    return new AppError('DiskFull', error.message, { cause: error })
  return new AppError('Internal', 'internal error', { cause: error })
}

/** The job while this attempt of it lives. */
async function liveJob(parts: TaskApiParts, who: TaskIdentity): Promise<Job> {
  const job = await parts.store.getById(who.jobId)
  if (job && job.status.attempt === who.attempt && !isTerminal(job.status.phase)) return job
  throw new AppError('JobStatusChanged', `attempt ${who.attempt} of job ${who.jobId} is over`)
}

/** A task is told its address, and a container has none before it was seen: says hello, then waits for that look. */
const ADDRESS_WAIT_MS = 20_000

async function hello(parts: TaskApiParts, who: TaskIdentity, asked: AbortSignal) {
  const addressOf = (job: Job) => job.status.tasks.find(({ task }) => task === who.task)?.address ?? null
  const job = await waitForJob(parts, who, ADDRESS_WAIT_MS, asked, (seen) => addressOf(seen) !== null)
  const placement = job.status.placements.find(({ task }) => task === who.task)
  const host = parts.inventory().hosts.find(({ id }) => id === placement?.hostId)
  const physicalIds = placement?.physicalIds ?? []
  return buildInstructions({
    job,
    task: who.task,
    address: addressOf(job) ?? '127.0.0.1',
    deviceCount: physicalIds.length,
    ascendIds: host?.kind === 'Ascend' ? physicalIds : [],
    secrets: await parts.store.secretEnvironment(who.jobId),
  })
}

async function rankTable(
  parts: TaskApiParts,
  who: TaskIdentity,
  version: number,
  waitMs: number,
  asked: AbortSignal,
): Promise<RankTableResponse> {
  const tableOf = (job: Job) => rankTableOf(job, parts.inventory())
  return tableOf(await waitForJob(parts, who, waitMs, asked, (job) => tableOf(job).version > version))
}

/** The live job as soon as `ready` says so, or as it is after `waitMs`. */
async function waitForJob(
  parts: TaskApiParts,
  who: TaskIdentity,
  waitMs: number,
  asked: AbortSignal,
  ready: (job: Job) => boolean,
): Promise<Job> {
  const until = parts.clock.now().getTime() + waitMs
  const done = new AbortController()
  const signal = AbortSignal.any([parts.stopping, asked, done.signal])
  try {
    for (;;) {
      const left = until - parts.clock.now().getTime()
      const change = parts.changed.wait(who.jobId, Math.max(0, left), signal)
      const job = await liveJob(parts, who)
      if (ready(job) || left <= 0 || signal.aborted) return job
      await change
    }
  } finally {
    done.abort()
  }
}
